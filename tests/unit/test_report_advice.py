"""What a report's file says at its head, as the merchant's page repeats it."""

from __future__ import annotations

import pytest

from bridge.adapters.report_advice import read_advice
from bridge.domain.report_catalogue import CATALOGUE
from tests.unit.pages import ROOT

pytestmark = pytest.mark.req("P6", "B13")


@pytest.mark.parametrize("name", [report.name for report in CATALOGUE])
def test_every_report_says_what_a_row_is_and_what_to_do(name: str) -> None:
    advice = read_advice(name)

    assert advice.row.startswith("A row is ")
    assert len(advice.todo) > 40
    assert not (advice.row + advice.todo).endswith((",", ":"))
    assert advice.todo[0].isupper() or advice.todo.startswith("`")
    assert "--" not in advice.row + advice.todo
    assert "What to do" not in advice.todo


@pytest.mark.parametrize("name", [report.name for report in CATALOGUE])
def test_no_word_of_it_is_lost(name: str) -> None:
    lines = (ROOT / "sql" / "reports" / f"{name}.sql").read_text().splitlines()
    head = " ".join(line.lstrip("- ") for line in lines if line.startswith("--"))

    assert " ".join(read_advice(name).todo.split())[1:] in " ".join(head.split())


def test_a_list_keeps_its_lines() -> None:
    lines = read_advice("refunds_for_a_person").row.splitlines()

    assert [line.split()[0] for line in lines[1:4]] == ["proposed:", "failed:", "uncertain:"]
