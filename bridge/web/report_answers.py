"""What is answered about reports. A row is an object of column names; money and times are strings, exact."""

from __future__ import annotations

from typing import Final, Literal

from bridge.web import examples
from bridge.web.answers import Answer
from bridge.web.schemas import with_openapi

CSV_EXAMPLE: Final = "cart_id,payments,currency,at_risk\r\n42,2,EUR,14.40\r\n"

SeverityName = Literal["act", "look", "figures"]


class ColumnRow(Answer):
    """A column; `kind` says what stands in it."""

    name: str
    title: str
    kind: str


class TotalRow(Answer):
    """A column added up over all rows, those that are not shown among them; `unknown`: rows without a value."""

    column: str
    amount: str
    currency: str | None
    unknown: int


class ReportHead(Answer):
    """What a report is. `unknown`: what it can not know without Mollie."""

    name: str
    title: str
    question: str
    severity: SeverityName
    unknown: str | None
    columns: tuple[ColumnRow, ...]


class ReportListed(ReportHead):
    """A report that can be asked for."""

    takes_since: bool
    needs_bridge_tables: bool


class ReportList(Answer):
    """All that can be asked for."""

    reports: tuple[ReportListed, ...]


class ReportListReply(Answer):
    """The reports."""

    model_config = with_openapi(example=examples.REPORTS)

    data: ReportList
    message: str


class ReportData(ReportHead):
    """What a report found. `truncated`: there are more rows (`row_count`) than `rows` holds."""

    needs_a_person: bool
    rows: tuple[dict[str, int | bool | str | None], ...]
    row_count: int
    truncated: bool
    totals: tuple[TotalRow, ...]


class ReportReply(Answer):
    """A report."""

    model_config = with_openapi(example=examples.REPORT)

    data: ReportData
    message: str
