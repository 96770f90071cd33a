"""What a report is: its question, its columns, what it found. The SQL is in `sql/reports/<name>.sql`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from bridge.domain.money import exponent

Cell = int | bool | str | Decimal | datetime | None
"""A value: Decimal for money and percents, naive datetime for the shop's own times, aware for the bridge's."""

Row = tuple[Cell, ...]


class Severity(StrEnum):
    """What a row asks for. `act`: somebody has to do something; `look`: worth a look; `figures`: nothing by itself."""

    ACT = "act"
    LOOK = "look"
    FIGURES = "figures"


class ColumnKind(StrEnum):
    """What stands in a column; formats and units follow from it."""

    SHOP = "shop"
    CART = "cart"
    CUSTOMER = "customer"
    ORDER = "order"
    NUMBER = "number"
    COUNT = "count"
    SECONDS = "seconds"
    MINUTES = "minutes"
    PERCENT = "percent"
    FLAG = "flag"
    MONEY = "money"
    CURRENCY = "currency"
    TRANSACTION = "transaction"
    TRANSACTIONS = "transactions"
    REFERENCE = "reference"
    IDENTIFIER = "identifier"
    STATUS = "status"
    TEXT = "text"
    SHOP_TIME = "shop_time"
    UTC_TIME = "utc_time"


WHOLE_NUMBERS = frozenset(
    {
        *(ColumnKind.SHOP, ColumnKind.CART, ColumnKind.CUSTOMER, ColumnKind.ORDER, ColumnKind.NUMBER),
        *(ColumnKind.COUNT, ColumnKind.SECONDS, ColumnKind.MINUTES),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its name in the SQL, its heading, its kind. `total`: adding it up means something.

    Money is of the currency in the row's CURRENCY column, of which a report with money has exactly one.
    """

    name: str
    title: str
    kind: ColumnKind
    total: bool = False


ColumnTerms = tuple[str, str, ColumnKind] | tuple[str, str, ColumnKind, bool]


def columns_of(*terms: ColumnTerms) -> tuple[Column, ...]:
    """Columns from name, title and kind; with True behind them, one that is added up."""
    return tuple(Column(name=one[0], title=one[1], kind=one[2], total=len(one) > 3) for one in terms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report. `unknown` says what it can not know without Mollie; None: nothing that matters."""

    name: str
    title: str
    question: str
    severity: Severity
    columns: tuple[Column, ...]
    needs_bridge_tables: bool = False
    takes_since: bool = True
    unknown: str | None = None

    @property
    def currency_at(self) -> int | None:
        """Where the currency stands in a row; None for a report without money."""
        found = (at for at, column in enumerate(self.columns) if column.kind is ColumnKind.CURRENCY)
        return next(found, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """A column added up over all rows, money for each currency apart. `unknown` counts the rows without a value."""

    column: str
    amount: Decimal
    currency: str | None = None
    unknown: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportResult:
    """What a report found. `rows` are the first of `row_count`; the totals are of all of them."""

    report: Report
    rows: tuple[Row, ...]
    row_count: int
    totals: tuple[Total, ...] = ()

    @property
    def truncated(self) -> bool:
        """Whether there are more rows than are shown."""
        return self.row_count > len(self.rows)

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody has to do something."""
        return self.report.severity is Severity.ACT and self.row_count > 0


def write_money(amount: Decimal, currency: str | None) -> str:
    """The amount with the decimal places of its currency, and with more where it has more: nothing is rounded away."""
    places = exponent(currency) if currency else 2
    trimmed = amount.normalize()
    shown = max(places, -int(trimmed.as_tuple().exponent))
    return f"{amount:.{shown}f}"
