"""The pages for those who run the bridge: each command, option, setting, event and check in them exists."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator

import click
import pytest

from bridge.cli import commands
from bridge.config import Settings
from bridge.diagnosis.examination import CHECKS
from bridge.telemetry import METRICS
from bridge.web.kinds import KINDS
from tests.unit.pages import page, section, table

PAGES = (
    "tutorial.md",
    "deployment-checklist.md",
    "troubleshooting.md",
    "how-to/roll-out.md",
    "how-to/several-web-servers.md",
    "how-to/upgrade.md",
    "how-to/restore-from-backup.md",
)


# Commands


def calls(text: str) -> Iterator[str]:
    """What follows `mollie-bridge` in a page's code, up to the end of the command."""
    blocks = re.findall(r"^```\w*\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE))
    for code in (*blocks, *inline):
        for line in code.replace("\\\n", " ").splitlines():
            found = re.search(r"(?:^|[\s/])mollie-bridge (?=[a-z])([^|<>;&)]*)", line)
            # systemctl restart mollie-bridge, and files named so, are no calls.
            if found and not re.search(r"(systemctl|journalctl|-u)\b.*mollie-bridge", line):
                yield found[1].split(" > ")[0].strip()


def fault(call: str) -> str | None:
    """Why the command line can not be what somebody types; None when it can."""
    words = shlex.split(call)
    command: click.Command = commands
    while words and isinstance(command, click.Group):
        name = words.pop(0)
        if name not in command.commands:
            return f"no command {name}: {call}"
        command = command.commands[name]
    options = {name: each for each in command.params if isinstance(each, click.Option) for name in each.opts}
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            continue
        if word not in options:
            return f"no option {word}: {call}"
        if not options[word].is_flag and words:
            words.pop(0)
    return None


@pytest.mark.req("L18")
@pytest.mark.parametrize("name", PAGES)
def test_every_command_and_option_exists(name: str) -> None:
    found = [fault(call) for call in calls(page(name))]

    assert found, "the page names no command"
    assert [each for each in found if each] == []


def test_the_search_for_commands_finds_what_does_not_exist() -> None:
    text = "`mollie-bridge doctor --fast`\n```\nx/mollie-bridge refund list\nsystemctl stop mollie-bridge\n```\n"

    assert [fault(call) for call in calls(text)] == [
        "no command refund: refund list",
        "no option --fast: doctor --fast",
    ]


# Names


def known_names() -> set[str]:
    """Settings, lines of the doctor's, and log events: all that is written `one.two`."""
    settings = {
        f"{one}.{two}"
        for one, field in Settings.model_fields.items()
        for two in getattr(field.annotation, "model_fields", {})
    }
    events = {row[0] for row in table(section(page("reference/metrics-and-logs.md"), "## Logs"))}
    return settings | {check.name for check in CHECKS} | events | AUDIT_EVENTS


AUDIT_EVENTS = {"initiation.observed", "settlement.observed", "settlement.decided"}
"""What the roll-out's query asks for; a test of that page runs it."""


def named_in(text: str) -> set[str]:
    """What looks like a setting, a line of the doctor's or an event; `*` stands for all of a group."""
    groups = {name.partition(".")[0] for name in known_names()}
    found = re.findall(r"`([a-z]+\.(?:[a-z_]+|\*))(?: = [^`]+)?`", text)
    return {name for name in found if name.partition(".")[0] in groups} - {"config.toml"}


def is_known(name: str) -> bool:
    group, _, rest = name.partition(".")
    return name in known_names() or (rest == "*" and any(each.startswith(f"{group}.") for each in known_names()))


@pytest.mark.req("L12", "L18")
@pytest.mark.parametrize("name", PAGES)
def test_every_setting_and_every_line_of_the_doctors_exists(name: str) -> None:
    assert [each for each in sorted(named_in(page(name))) if not is_known(each)] == []


def test_the_search_for_names_finds_one_that_does_not_exist() -> None:
    assert named_in("`gate.wiat = 2` `clock.*` `config.toml` `config.example`") == {
        "gate.wiat",
        "clock.*",
        "config.example",
    }
    assert not is_known("gate.wiat")


@pytest.mark.req("L12", "L17")
@pytest.mark.parametrize("name", PAGES)
def test_every_setting_in_a_block_exists_and_is_allowed(name: str) -> None:
    needed = {
        "auth": {"shop_token": "s" * 32, "admin_token": "a" * 32},
        "database": {"url": "sqlite:////nowhere"},
    }
    for block in re.findall(r"^```toml\n(.*?)^```$", page(name), re.DOTALL | re.MULTILINE):
        Settings.model_validate({**needed, **tomllib.loads(block)})


@pytest.mark.req("L17")
def test_the_steps_of_the_roll_out_are_watching_ten_fifty_and_a_hundred() -> None:
    blocks = re.findall(r"^```toml\n(.*?)^```$", page("how-to/roll-out.md"), re.DOTALL | re.MULTILINE)

    assert [tomllib.loads(block)["rollout"] for block in blocks] == [
        {"mode": "observe"},
        {"mode": "enforce", "percentage": 10},
        {"mode": "enforce", "percentage": 50},
        {"mode": "enforce", "percentage": 100},
    ]


# Troubleshooting


def words(cell: str) -> set[str]:
    return set(re.findall(r"[a-z_]+(?:\.[a-z_]+)?", cell))


@pytest.mark.req("L18", "P10")
def test_troubleshooting_knows_every_event_of_level_warning_and_error() -> None:
    alarming = {row[0] for row in table(section(page("reference/metrics-and-logs.md"), "## Logs")) if row[1] != "info"}
    rows = table(section(page("troubleshooting.md"), "## By the log's events"))
    known = {name for row in rows for name in words(row[0]) if "." in name}

    assert known == alarming


@pytest.mark.req("L18", "P10")
def test_troubleshooting_knows_every_metric() -> None:
    rows = table(section(page("troubleshooting.md"), "## By the metrics"))
    known = {name.removesuffix("_total") for row in rows for name in words(row[0]) if name.startswith("molbridge_")}
    counted = {getattr(metric, "_name") for metric in vars(METRICS).values() if hasattr(metric, "_name")}  # noqa: B009

    assert known == counted


@pytest.mark.req("L18")
def test_troubleshooting_knows_every_problem_of_status_503() -> None:
    rows = table(section(page("troubleshooting.md"), "### Many answers 503"))
    known = {name for row in rows for name in re.findall(r"[a-z-]+", row[0])}

    assert known == {kind.slug for kind in KINDS if kind.status == 503}
