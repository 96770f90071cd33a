"""`mollie-bridge report`: what went wrong in the shop and what it cost, from its own tables and the bridge's."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Final, assert_never

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bridge.adapters.prestashop.parameters import read_parameters
from bridge.adapters.reports import SqlReports
from bridge.bootstrap import build_report_source
from bridge.config import Settings
from bridge.domain.errors import ReportUnavailable
from bridge.domain.report_catalogue import CATALOGUE, DUPLICATE_PAYMENTS
from bridge.domain.reports import ColumnKind, Report, ReportResult, Severity, Total, write_money
from bridge.services.report_texts import (
    cell_text,
    rows_text,
    to_csv,
    to_html,
    to_json,
    to_markdown,
    totals_line,
)
from bridge.services.reports import Reports

SHOWN_ON_TERMINAL: Final = 50
"""Rows of a report that fit on a screen; the other formats have them all."""

ONLY_MOLLIE_KNOWS: Final = (
    "Only the shop's database was read. What Mollie knows and the shop does not: refunds that were made, payments "
    "whose webhook was lost, and what was really charged."
)


class Format(StrEnum):
    """How the reports are written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    HTML = "html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """All that was found. `cost` is the first line: what duplicates have cost."""

    cost: str
    results: tuple[ReportResult, ...]
    not_run: tuple[str, ...]

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody has to do something about any of it."""
        return any(result.needs_a_person for result in self.results)


def of_settings(settings: Settings) -> SqlReports:
    """The reports over the configured database."""
    return build_report_source(settings)


def of_shop(folder: Path) -> SqlReports:
    """The reports over a shop's own database, by the access that stands in its folder; nothing of ours is needed."""
    parameters = read_parameters(folder)
    return SqlReports(parameters.url, parameters.prefix)


def look(source: SqlReports, names: Sequence[str], *, since: date | None) -> Told:
    """Run the reports of those names, or all that the database can answer. The cost is looked up in any case.

    A report that can not be run is told of and does not stop the others, unless it was asked for by name.
    """
    reports = Reports(source)
    try:
        paid_twice = reports.run(DUPLICATE_PAYMENTS, since=since)
        available = reports.available()
        wanted = [report for report in CATALOGUE if report.name in names] if names else list(available)
        not_run = [] if names else [_left_out(report) for report in CATALOGUE if report not in available]
        results = []
        for report in wanted:
            try:
                done = paid_twice if report is DUPLICATE_PAYMENTS else reports.run(report, since=since)
                results.append(done)
            except ReportUnavailable as error:
                if names:
                    raise
                not_run.append(f"{report.name}: {error}")
    finally:
        source.close()
    return Told(cost=cost_line(paid_twice), results=tuple(results), not_run=tuple(not_run))


def _left_out(report: Report) -> str:
    return f"{report.name}: needs the bridge's tables, which this shop does not have"


def cost_line(result: ReportResult) -> str:
    """What duplicates have cost, in one sentence."""
    if result.row_count == 0:
        return "Duplicates have cost nothing as far as the shop's tables tell: no cart has two paid payments there."
    risks = [total for total in result.totals if total.column == "at_risk"]
    money = " + ".join(_money(total) for total in risks) or "an unknown amount"
    carts = "1 cart was" if result.row_count == 1 else f"{result.row_count} carts were"
    unknown = max((total.unknown for total in risks), default=0)
    more = f" Of {unknown} of them the amount is not known." if unknown else ""
    return f"Duplicates have cost {money}: {carts} paid more than once.{more}"


def _money(total: Total) -> str:
    return f"{write_money(total.amount, total.currency)} {total.currency or ''}".strip()


def write(told: Told, form: Format) -> None:
    """Print it all."""
    match form:
        case Format.TABLE:
            _print_tables(told)
        case Format.JSON:
            print(to_json(told.cost, told.results, told.not_run))
        case Format.CSV:
            print(to_csv(told.results), end="")
        case Format.MARKDOWN:
            print(to_markdown(told.cost, told.results, told.not_run), end="")
        case Format.HTML:
            print(to_html(told.cost, told.results, told.not_run), end="")
        case _:
            assert_never(form)


_COLOURS: Final = {Severity.ACT: "bold red", Severity.LOOK: "yellow", Severity.FIGURES: "cyan"}
_RIGHT: Final = frozenset(
    {ColumnKind.MONEY, ColumnKind.COUNT, ColumnKind.SECONDS, ColumnKind.MINUTES, ColumnKind.PERCENT}
)


def _print_tables(told: Told) -> None:
    # Without a terminal there is no width to fit into: a file or a pipe gets every column.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 250)
    cost = next((one for one in told.results if one.report is DUPLICATE_PAYMENTS), None)
    console.print(escape(told.cost), style="bold red" if cost and cost.row_count else "bold", soft_wrap=True)
    console.print()
    for result in told.results:
        _print_result(console, result)
    for one in told.not_run:
        console.print(f"Not run: {escape(one)}", style="dim", soft_wrap=True)
    console.print(ONLY_MOLLIE_KNOWS, style="dim", soft_wrap=True)


def _print_result(console: Console, result: ReportResult) -> None:
    report = result.report
    if not result.row_count:
        console.print(f"[green]none[/]  {escape(report.title)} ({report.name})", soft_wrap=True)
        return
    console.print(f"[{_COLOURS[report.severity]}]{escape(report.title)}[/] ({report.name})", soft_wrap=True)
    console.print(escape(report.question), style="dim", soft_wrap=True)
    console.print(_table(result, console.width))
    _print_below(console, result)


_EXPENDABLE: Final = (
    *(ColumnKind.SHOP, ColumnKind.IDENTIFIER, ColumnKind.TRANSACTIONS, ColumnKind.TEXT),
    *(ColumnKind.UTC_TIME, ColumnKind.SHOP_TIME, ColumnKind.REFERENCE, ColumnKind.CUSTOMER),
)
"""What a narrow terminal does without, the first first; every other format has it."""


def _table(result: ReportResult, width: int) -> Table:
    report = result.report
    rows = [
        [cell_text(report, column, row, value) for column, value in zip(report.columns, row, strict=True)]
        for row in result.rows[:SHOWN_ON_TERMINAL]
    ]
    widths = [max(len(column.title), *(len(row[at]) for row in rows)) + 3 for at, column in enumerate(report.columns)]
    shown = list(range(len(widths)))
    for kind in _EXPENDABLE:
        if sum(widths[at] for at in shown) <= width:
            break
        shown = [at for at in shown if report.columns[at].kind is not kind]
    table = Table(show_edge=False, pad_edge=False)
    for at in shown:
        column = report.columns[at]
        table.add_column(column.title, justify="right" if column.kind in _RIGHT else "left", overflow="fold")
    for row in rows:
        table.add_row(*(escape(row[at]) for at in shown))
    return table


def _print_below(console: Console, result: ReportResult) -> None:
    hidden = result.row_count > SHOWN_ON_TERMINAL
    count = f"{result.row_count} rows, the first {SHOWN_ON_TERMINAL} shown" if hidden else rows_text(result)
    line = totals_line(result)
    console.print(f"[bold]{escape(count)}{'; ' if line else ''}{escape(line)}[/]", soft_wrap=True)
    if result.report.unknown:
        console.print(f"Not known without Mollie: {escape(result.report.unknown)}", style="dim", soft_wrap=True)
    console.print()


def known_names() -> tuple[str, ...]:
    """The names that may be asked for."""
    return tuple(report.name for report in CATALOGUE)
