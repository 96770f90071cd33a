"""The page of the command line, held to the program: every command, argument and option, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest

from bridge.cli import commands
from tests.unit.pages import page, section, table

PAGE = page("reference/cli.md")
NOT_COMMANDS = {"Configuration", "Exit status"}


def all_commands(group: click.Group = commands, *, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Each command that does something, with its name as it is typed."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from all_commands(command, path=f"{path}{name} ")
        else:
            yield f"{path}{name}", command


COMMANDS = dict(all_commands())


def documented_parameters(command: str) -> set[str]:
    """What the command's table names: `--config`, `-c`, `DELIVERY_ID`."""
    rows = table(section(PAGE, f"## {command}"))
    return {name for row in rows for name in row[0].split(", ")}


def test_every_command_has_its_section_and_no_other_has_one() -> None:
    headings = set(re.findall(r"^## (.+)$", PAGE, re.MULTILINE))

    assert headings - NOT_COMMANDS == set(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_argument_and_option_is_documented(name: str) -> None:
    known = set()
    for parameter in COMMANDS[name].params:
        if isinstance(parameter, click.Argument):
            known.add((parameter.name or "").upper())
        else:
            known |= {*parameter.opts, *parameter.secondary_opts}

    assert documented_parameters(name) == known


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_choices_of_an_option_are_named(name: str) -> None:
    said = {row[0].split(", ")[0]: row[1] for row in table(section(PAGE, f"## {name}"))}
    for parameter in COMMANDS[name].params:
        if isinstance(parameter.type, click.Choice):
            assert [each for each in parameter.type.choices if str(each) not in said[parameter.opts[0]]] == []


def test_the_statuses_that_every_command_shares_are_explained() -> None:
    assert [row[0] for row in table(section(PAGE, "## Exit status"))] == ["0", "1", "2"]
