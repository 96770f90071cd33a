"""Rewriting the reports' SQL for another prefix and day: names change, what is quoted and what is said does not."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from bridge.adapters.reports_sql import read_sql, written_for
from bridge.domain.errors import ConfigurationError
from bridge.domain.report_catalogue import CATALOGUE
from bridge.domain.reports import Report
from tests.unit.pages import ROOT, page, table

FOLDER = ROOT / "sql" / "reports"
NAMES = [report.name for report in CATALOGUE]


@pytest.mark.parametrize("prefix", ["ps_", "", "1shop_", "1e5", "PS_", "ps_ps_"])
def test_a_table_gets_the_prefix_quoted(prefix: str) -> None:
    assert written_for("SELECT 1 FROM ps_cart AS c;", prefix) == f"SELECT 1 FROM `{prefix}cart` AS c"


def test_a_quoted_table_gets_it_too() -> None:
    assert written_for("SELECT `ps_cart`.`id` FROM `ps_cart`", "x_") == "SELECT `x_cart`.`id` FROM `x_cart`"


@pytest.mark.parametrize(
    "text",
    ["'ps_cart'", "'it''s ps_cart'", r"'a\'ps_cart'", '"ps_cart"', '"a""ps_cart"', "'-- ps_cart'", "'/* ps_cart'"],
)
def test_what_stands_in_a_string_stays(text: str) -> None:
    assert written_for(f"SELECT {text} FROM ps_cart", "x_") == f"SELECT {text} FROM `x_cart`"


@pytest.mark.parametrize("comment", ["-- it's ps_cart\n", "# it's ps_cart\n", "/* it's\n ps_cart */"])
def test_comments_are_left_out_and_their_quotes_begin_nothing(comment: str) -> None:
    assert re.sub(r"\s+", " ", written_for(f"SELECT 1 {comment} FROM ps_cart", "x_")) == "SELECT 1 FROM `x_cart`"


def test_two_minus_signs_without_a_space_are_no_comment() -> None:
    assert written_for("SELECT 1--1 FROM ps_cart", "x_") == "SELECT 1--1 FROM `x_cart`"


def test_a_name_that_only_holds_the_prefix_stays() -> None:
    assert written_for("SELECT maps_cart FROM ps_cart", "x_") == "SELECT maps_cart FROM `x_cart`"


def test_only_the_marked_day_is_replaced() -> None:
    sql = "SELECT '2000-01-01 x' FROM ps_cart WHERE d >= '2000-01-01' -- '2000-01-01'"

    assert written_for(sql, "ps_", date(2026, 3, 1)) == "SELECT '2000-01-01 x' FROM `ps_cart` WHERE d >= '2026-03-01'"


@pytest.mark.parametrize("prefix", ["ps_`; DROP TABLE x; --", "a b", "x" * 33, "ps-"])
def test_a_prefix_that_can_not_be_meant_is_refused(prefix: str) -> None:
    with pytest.raises(ConfigurationError):
        written_for("SELECT 1 FROM ps_cart", prefix)


def test_every_file_has_its_place_in_the_catalogue_and_the_other_way_round() -> None:
    assert sorted(file.stem for file in FOLDER.glob("*.sql")) == sorted(NAMES)


def test_the_page_lists_every_report_with_its_question_and_severity() -> None:
    text = page("reference/reports.md")
    rows = [tuple(row) for number in (0, 1) for row in table(text, number=number)]

    assert sorted(rows) == sorted((r.name, r.question, r.severity.value) for r in CATALOGUE)


@pytest.mark.parametrize("report", CATALOGUE, ids=NAMES)
def test_a_file_opens_with_its_question_and_says_what_a_row_means_and_what_to_do(report: Report) -> None:
    name = report.name
    head = re.split(r"^SELECT", read_sql(name), maxsplit=1, flags=re.MULTILINE)[0]

    assert head.splitlines()[0].endswith("?")
    assert "A row is " in head
    assert "What to do: " in head
    assert len(head.splitlines()) == len(re.findall(r"^--", head, re.MULTILINE))


@pytest.mark.parametrize("report", CATALOGUE, ids=NAMES)
def test_a_file_is_one_select_with_the_day_if_it_takes_one(report: Report) -> None:
    name, takes_since = report.name, report.takes_since
    statement = written_for(read_sql(name), "x_", date(2026, 3, 1))

    assert statement.startswith("SELECT")
    assert ";" not in statement
    assert ("'2026-03-01'" in statement) == takes_since
    assert "2000-01-01" not in statement
    assert not re.search(r"\bps_", statement)
    assert not re.search(r"\b(INSERT|UPDATE|DELETE|ps_customer|ps_address|email|firstname|lastname)\b", statement)


@pytest.mark.parametrize("report", CATALOGUE, ids=NAMES)
def test_only_what_says_so_needs_the_bridges_tables(report: Report) -> None:
    name, needs = report.name, report.needs_bridge_tables

    assert ("molbridge_" in written_for(read_sql(name), "ps_")) == needs


def test_a_missing_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("bridge.adapters.reports_sql.PLACES", (tmp_path,))

    with pytest.raises(ConfigurationError, match=r"sql/reports/nothing\.sql"):
        read_sql("nothing")
