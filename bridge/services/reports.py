"""Running reports: rows made into typed cells, counted and added up whole, shown up to a limit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from bridge.domain.errors import ReportNotFound, ReportUnavailable
from bridge.domain.report_catalogue import BY_NAME, CATALOGUE
from bridge.domain.reports import WHOLE_NUMBERS, Cell, ColumnKind, Report, ReportResult, Row, Total
from bridge.ports.reports import ReportSource

MOST_ROWS: Final = 10_000
"""Rows that are kept at most, whatever is asked for; the totals are of all."""

_EMAIL: Final = re.compile(r"[^\s@<>\"'(),;:]+@[^\s@<>\"'(),;:]+")


class Reports:
    """The reports over one shop's database."""

    def __init__(self, source: ReportSource | None) -> None:
        self._given = source

    def available(self) -> tuple[Report, ...]:
        """The reports that this database can answer: without the bridge's tables, those that need nothing of them."""
        if self._source.has_bridge_tables():
            return CATALOGUE
        return tuple(report for report in CATALOGUE if not report.needs_bridge_tables)

    def run(self, report: Report, *, since: date | None = None, limit: int = MOST_ROWS) -> ReportResult:
        """Run one. `since` is a day; a report about now does not look at it.

        Raises `ReportUnavailable`, `StoreDown`.
        """
        most = min(limit, MOST_ROWS)
        sums = _Sums(report)
        kept: list[Row] = []
        count = 0
        with self._source.read(report, since, None if sums.wanted else most + 1) as rows:
            for raw in rows:
                count += 1
                sums.add(raw)
                if count <= most:
                    kept.append(_typed(report, raw))
        if count > most and not sums.wanted:
            count = max(count, self._source.count(report, since))
        return ReportResult(report=report, rows=tuple(kept), row_count=count, totals=sums.totals())

    @property
    def _source(self) -> ReportSource:
        if self._given is None:
            raise ReportUnavailable("There is no database that reports can be made of.")
        return self._given


def get_report(name: str) -> Report:
    """The report of that name. Raises `ReportNotFound`."""
    try:
        return BY_NAME[name]
    except KeyError:
        raise ReportNotFound("There is no such report; GET /v1/reports lists them.") from None


class _Sums:
    """Adds up the columns that are worth it: money by currency, counts as they are."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._columns = tuple((at, column) for at, column in enumerate(report.columns) if column.total)
        self._sums: dict[tuple[int, str | None], Decimal] = {}
        self._unknown: dict[int, int] = {}

    @property
    def wanted(self) -> bool:
        """Whether there is anything to add up. If not, the database counts the rows that are not shown."""
        return bool(self._columns)

    def add(self, raw: Sequence[object]) -> None:
        """Count a row as the database has it: of a hundred thousand only what is added up is made into cells."""
        for at, column in self._columns:
            value = _cell(column.kind, raw[at])
            if value is None:
                self._unknown[at] = self._unknown.get(at, 0) + 1
            elif isinstance(value, int | Decimal):
                key = (at, self._currency(raw) if column.kind is ColumnKind.MONEY else None)
                self._sums[key] = self._sums.get(key, Decimal(0)) + value

    def totals(self) -> tuple[Total, ...]:
        return tuple(
            Total(
                column=self._report.columns[at].name,
                amount=amount,
                currency=currency,
                unknown=self._unknown.get(at, 0),
            )
            for (at, currency), amount in sorted(self._sums.items(), key=lambda one: (one[0][0], one[0][1] or ""))
        )

    def _currency(self, raw: Sequence[object]) -> str | None:
        at = self._report.currency_at
        return None if at is None or raw[at] is None else str(raw[at])


def _typed(report: Report, raw: Iterable[object]) -> Row:
    return tuple(_cell(column.kind, value) for column, value in zip(report.columns, raw, strict=True))


def _cell(kind: ColumnKind, value: object) -> Cell:
    """The value as its kind has it; the drivers give sums of whole numbers as decimals and flags as 0 and 1."""
    if value is None:
        return None
    if kind in WHOLE_NUMBERS:
        return value if type(value) is int else int(str(value))
    match kind:
        case ColumnKind.MONEY | ColumnKind.PERCENT:
            return value if isinstance(value, Decimal) else Decimal(str(value))
        case ColumnKind.FLAG:
            return bool(int(str(value)))
        case ColumnKind.UTC_TIME if isinstance(value, datetime):
            return value.replace(tzinfo=UTC)
        case ColumnKind.SHOP_TIME if isinstance(value, datetime):
            return value
        case ColumnKind.TEXT:
            return _EMAIL.sub("[e-mail]", _mismatches(str(value)))
        case _:
            return str(value)


def _mismatches(text: str) -> str:
    """What the audit trail's detail says does not fit, in words; any other text as it is."""
    if not text.startswith("{"):
        return text
    try:
        found = json.loads(text).get("mismatches")
    except ValueError:
        return text
    return "; ".join(map(str, found)) if isinstance(found, list) else text
