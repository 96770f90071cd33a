"""Reports as text: exact money, cells that are no formulas, nothing that is markup, nobody's name."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from bridge.domain.errors import ReportNotFound, ReportUnavailable
from bridge.domain.report_catalogue import CATALOGUE
from bridge.domain.reports import Column, ColumnKind, Report, ReportResult, Severity, write_money
from bridge.services.report_texts import to_csv, to_html, to_json, to_markdown
from bridge.services.reports import Reports, get_report

REPORT = Report(
    name="a_report",
    title="A report",
    question="What <b>is</b> it?",
    severity=Severity.ACT,
    columns=(
        Column(name="cart_id", title="cart", kind=ColumnKind.CART),
        Column(name="word", title="word", kind=ColumnKind.TEXT),
        Column(name="currency", title="currency", kind=ColumnKind.CURRENCY),
        Column(name="amount", title="amount", kind=ColumnKind.MONEY, total=True),
        Column(name="at", title="at", kind=ColumnKind.UTC_TIME),
    ),
)
NOON = datetime(2026, 3, 1, 12, 0)  # noqa: DTZ001  (as the driver gives it)


class Given:
    """A source with these rows."""

    def __init__(self, *rows: tuple[object, ...], bridge: bool = True) -> None:
        self.rows, self.bridge = rows, bridge
        self.asked: list[int | None] = []

    @contextmanager
    def read(
        self, report: Report, since: date | None, most: int | None = None
    ) -> Iterator[Iterator[tuple[object, ...]]]:
        self.asked.append(most)
        yield iter(self.rows[:most])

    def count(self, report: Report, since: date | None) -> int:
        return len(self.rows)

    def has_bridge_tables(self) -> bool:
        return self.bridge

    def close(self) -> None: ...


def found(*rows: tuple[object, ...], limit: int = 100) -> ReportResult:
    return Reports(Given(*rows)).run(REPORT, limit=limit)


def row(word: str = "x", amount: object = Decimal("14.400000"), currency: str | None = "EUR") -> tuple[object, ...]:
    return (42, word, currency, amount, NOON)


def cells(result: ReportResult) -> list[list[str]]:
    return list(csv.reader(io.StringIO(to_csv([result]))))[1:]


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("14.400000", "EUR", "14.40"),
        ("0", "EUR", "0.00"),
        ("1440.000000", "JPY", "1440"),
        ("100.000000", "JPY", "100"),
        ("14.405000", "EUR", "14.405"),
        ("-3.1", "EUR", "-3.10"),
        ("12345678901234.56", "EUR", "12345678901234.56"),
        ("7", None, "7.00"),
    ],
)
def test_money_is_exact(amount: str, currency: str | None, text: str) -> None:
    assert write_money(Decimal(amount), currency) == text


def test_money_is_added_up_for_each_currency_apart_and_what_is_not_known_is_counted() -> None:
    result = found(row(), row(), row(amount=Decimal(5), currency="USD"), row(amount=None))

    assert [(t.currency, t.amount, t.unknown) for t in result.totals] == [
        ("EUR", Decimal("28.80"), 1),
        ("USD", Decimal(5), 1),
    ]


def test_totals_are_of_all_rows_when_not_all_are_shown() -> None:
    result = found(*[row()] * 5, limit=2)

    assert (len(result.rows), result.row_count, result.truncated) == (2, 5, True)
    assert result.totals[0].amount == Decimal(72)


def test_with_nothing_to_add_up_the_rows_that_are_not_shown_are_counted_and_not_read() -> None:
    bare = replace(REPORT, columns=tuple(replace(column, total=False) for column in REPORT.columns))
    source = Given(*[row()] * 5)

    result = Reports(source).run(bare, limit=2)
    assert (len(result.rows), result.row_count, result.truncated, result.totals) == (2, 5, True, ())
    assert source.asked == [3]


def test_all_rows_shown_are_not_called_truncated() -> None:
    assert not found(*[row()] * 2, limit=2).truncated


@pytest.mark.parametrize(
    "word", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "=cmd|' /C calc'!A0", "\uff1d1", "-2+3", "+cmd", "=HYPERLINK(1)"]
)
def test_no_cell_of_the_csv_is_a_formula(word: str) -> None:
    assert cells(found(row(word)))[0][1] == f"'{word}"


@pytest.mark.parametrize("word", ["a=b", "x", "12", "tr_-"])
def test_what_is_no_formula_stays_as_it_is(word: str) -> None:
    assert cells(found(row(word)))[0][1] == word


def test_a_negative_amount_stays_a_number() -> None:
    assert cells(found(row(amount=Decimal("-3.10"))))[0][3] == "-3.10"


@pytest.mark.parametrize("word", ['a"b', "a,b", "a;b", "a'b"])
def test_separators_and_quotes_come_back_out_of_the_csv(word: str) -> None:
    assert cells(found(row(word)))[0][1] == word


def test_line_breaks_become_spaces_so_that_none_begins_a_cell() -> None:
    assert cells(found(row("a\r\n=1+1")))[0][1] == "a  =1+1"


def test_html_holds_no_markup_of_a_value() -> None:
    text = to_html("<script>", [found(row("<script>alert(1)</script>"))], ["<i>"])

    assert "<script>" not in text
    assert "<i>" not in text
    assert "<b>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_markdown_keeps_its_table_whatever_a_value_holds() -> None:
    text = to_markdown("cost", [found(row("a|b\n<b> *x*"))], [])

    assert r"| 42 | a\|b &lt;b&gt; \*x\* | EUR | 14.40 | 2026-03-01 12:00:00Z |" in text


def test_json_has_numbers_as_numbers_and_money_as_text() -> None:
    (told,) = json.loads(to_json("cost", [found(row())], []))["reports"]

    assert told["rows"] == [
        {"cart_id": 42, "word": "x", "currency": "EUR", "amount": "14.40", "at": "2026-03-01 12:00:00Z"}
    ]
    assert told["totals"] == [{"column": "amount", "amount": "14.40", "currency": "EUR", "unknown": 0}]


def test_an_e_mail_address_in_a_text_is_not_passed_on() -> None:
    result = found(row("Mollie: buyer jane.doe+x@example.test unknown"))

    assert result.rows[0][1] == "Mollie: buyer [e-mail] unknown"


def test_times_of_the_bridge_are_utc() -> None:
    assert found(row()).rows[0][4] == datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_the_audit_trails_detail_is_told_in_words() -> None:
    assert found(row('{"mismatches": ["no order", "two references"]}')).rows[0][1] == "no order; two references"


def test_without_the_bridges_tables_only_what_needs_none_is_there() -> None:
    available = Reports(Given(bridge=False)).available()

    assert available
    assert {report.name for report in CATALOGUE} - {report.name for report in available} == {
        report.name for report in CATALOGUE if report.needs_bridge_tables
    }


def test_an_unknown_name_is_not_found() -> None:
    with pytest.raises(ReportNotFound):
        get_report("../schema")


def test_without_a_database_no_report_can_be_run() -> None:
    with pytest.raises(ReportUnavailable):
        Reports(None).run(REPORT)


@pytest.mark.parametrize("report", CATALOGUE, ids=[report.name for report in CATALOGUE])
def test_a_report_with_money_names_its_currency(report: Report) -> None:
    kinds = [column.kind for column in report.columns]

    assert kinds.count(ColumnKind.CURRENCY) == (1 if ColumnKind.MONEY in kinds else 0)
