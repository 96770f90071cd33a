"""The pages about reconciling, held to the program: its findings, remedies, fields and formats."""

from __future__ import annotations

import re

import pytest

from bridge.commands import reconcile
from bridge.domain import reconciliation
from bridge.domain.reconciliation import FindingKind, Remedy
from bridge.services.reconciliation import ASK_AGAIN, LONGEST_WAIT, QUESTIONS_OF_A_FIX, Walk
from tests.unit.pages import BRIDGE, page, section, table

pytestmark = pytest.mark.req("B7")

PAGE = page("reference/reconcile.md")
FINDINGS = table(section(PAGE, "## Findings"))


def test_every_finding_is_in_the_table_and_no_other() -> None:
    assert {row[0] for row in FINDINGS} == {kind.value for kind in FindingKind}


def test_it_has_every_row_of_the_programs_own_table() -> None:
    programmed = [row[2].split(",")[0] for row in table(reconciliation.__doc__ or "") if row[2] != "nothing"]

    assert set(programmed) == {row[0] for row in FINDINGS}
    assert [kind for kind in programmed if programmed.count(kind) > len([r for r in FINDINGS if r[0] == kind])] == []


def test_a_finding_has_a_remedy_that_there_is() -> None:
    assert {row[4] for row in FINDINGS} == {remedy.value for remedy in Remedy}
    assert {row[3] for row in FINDINGS} == {"yes", "no"}


def test_every_remedy_is_explained() -> None:
    assert [row[0] for row in table(section(PAGE, "## Remedies"))] == [remedy.value for remedy in Remedy]


def test_every_field_and_format_is_explained() -> None:
    formats = section(PAGE, "## Formats")

    assert [name for row in table(formats) for name in row[0].split(", ")] == list(reconcile._COLUMNS)
    assert set(reconcile.FORMATS) <= set(re.findall(r"`(\w+)`", formats))


def test_the_statuses_are_explained() -> None:
    assert [row[0] for row in table(section(PAGE, "## Exit status"))] == ["0", "1", "2"]


def test_the_figures_are_the_programs() -> None:
    time = section(PAGE, "## Time")

    assert f"A page has {Walk(shop_id=1).page_size} payments" in time
    assert f"default rate of {Walk(shop_id=1).rate:.0f} questions a second" in time
    assert (ASK_AGAIN, LONGEST_WAIT, QUESTIONS_OF_A_FIX) == (6, 60.0, 3)
    assert "after six tries in a row" in time
    assert "a minute at most" in time
    assert "each finding with a remedy three" in time


def test_what_the_how_to_quotes_is_what_the_program_says() -> None:
    sources = "".join((BRIDGE / "commands" / name).read_text() for name in ("reconcile.py", "walk_notebook.py"))
    sources = sources.replace("{done}", "written")
    quoted = [row[0] for row in table(page("how-to/reconcile.md"))][:-1]

    assert quoted
    for line in quoted:
        parts = [part.strip(" ,;") for part in re.split(r"\.\.\.|tr_|, or ", line) if len(part.strip(" ,;")) > 8]
        assert [part for part in parts if part not in sources] == [], line
