"""What `mollie-bridge doctor` knows by heart, held to where it comes from, and how it judges."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from bridge.diagnosis import rights, shim
from bridge.diagnosis.database import judge_clock, judge_version
from bridge.diagnosis.examination import CHECKS
from bridge.diagnosis.findings import Outcome
from bridge.diagnosis.selftest import signature
from tests.unit.pages import ROOT, page, section, table

PAGE = page("reference/doctor.md")


@pytest.mark.parametrize(
    ("version", "outcome"),
    [
        ("10.11.6-MariaDB-0+deb12u1", Outcome.OK),
        ("5.5.5-10.6.18-MariaDB-log", Outcome.OK),
        ("11.4.2-MariaDB", Outcome.OK),
        ("8.0.36", Outcome.OK),
        ("8.4.0-commercial", Outcome.OK),
        ("10.5.23-MariaDB", Outcome.FAILED),
        ("5.5.5-10.3.39-MariaDB", Outcome.FAILED),
        ("5.7.44", Outcome.FAILED),
        ("5.7.44-log", Outcome.FAILED),
    ],
)
def test_which_servers_will_do(version: str, outcome: Outcome) -> None:
    assert judge_version(version).outcome is outcome


@pytest.mark.parametrize(("apart", "outcome"), [(2.0, Outcome.OK), (-2.0, Outcome.OK), (2.1, Outcome.FAILED)])
def test_how_far_a_clock_may_be_off(apart: float, outcome: Outcome) -> None:
    assert judge_clock(apart, 2.0, "it").outcome is outcome


def test_the_signature_is_the_one_that_the_module_reads() -> None:
    told = (ROOT / "tests/shim/phpunit/SelfTestTest.php").read_text()

    assert re.findall(r"\$mac = '(\w+)'", told) == [signature("s" * 32, "b" * 32, 1772366400).rpartition("v1=")[2]]


def granted(user: str) -> Iterator[str]:
    """`SELECT on ps_cart`, for each right that the file gives."""
    for rights_given, on in re.findall(
        rf"^GRANT (.+) ON (ps_\w+) TO '{user}'@", (ROOT / "sql/grants.sql").read_text(), re.MULTILINE
    ):
        for right in re.findall(r"\w+(?: \([^)]*\))?", rights_given):
            yield f"{right} on {on}"


def test_the_rights_that_are_tried_are_those_that_are_given() -> None:
    assert sorted(rights.needed("ps_")) == sorted(granted("mollie_bridge"))


def test_the_hooks_are_the_modules_own() -> None:
    source = (ROOT / "ps_module_shim/molliebridge/src/Installer.php").read_text()

    assert set(re.findall(r"'(action\w+)'", source)) == {*shim.HOOKS, *shim.SINCE_9}


def test_every_check_is_documented_in_its_order() -> None:
    assert [row[0] for row in table(section(PAGE, "## The lines"))] == [check.name for check in CHECKS]


def test_each_line_is_documented_with_what_it_tests() -> None:
    assert {row[0]: row[1] for row in table(section(PAGE, "## The lines"))} == {c.name: c.tested for c in CHECKS}


def test_what_was_broken_is_named_by_lines_that_there_are_and_each_line_can_be_broken() -> None:
    broken = table(section(PAGE, "## What was broken to test it"))
    named = {line for row in broken for line in row[1].split(", ")}

    assert named <= {check.name for check in CHECKS}
    assert {check.name for check in CHECKS} - named == {"database.version"}, "judged in this file"
    assert len(broken) >= 20


def test_names_are_unique() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
