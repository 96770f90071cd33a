"""A real shop's schema, into which a test plants what a report is to find, and what it is to leave alone."""

from __future__ import annotations

import itertools
import os
import subprocess
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from bridge.adapters.ledger import create_engine
from bridge.adapters.migrations import migrate
from bridge.adapters.reports import SqlReports
from bridge.domain.report_catalogue import BY_NAME, CATALOGUE
from bridge.domain.reports import Cell, ReportResult
from bridge.services.reports import Reports
from tests.services.mariadb import Database
from tests.services.process import program

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "tests" / "data" / "sample-shop"
LENIENT = "SET SESSION sql_mode = '';\n"
"""As PrestaShop's own sessions are: the dump holds zero dates, and columns without a default."""

PAID, CANCELED, REFUNDED, ERROR, WAITING = 2, 6, 7, 8, 15
"""Order states of the sample shop."""

SHOP_ONLY = [report for report in CATALOGUE if not report.needs_bridge_tables]
"""The reports of the shop's own tables."""

NOON = datetime(2026, 11, 1, 12, 0)  # noqa: DTZ001  (the shop's clock)


def load_sample(database: Database, *, rows: bool = True) -> None:
    """The sample shop's tables; without rows only what every shop has."""
    database.run_script(LENIENT + (SAMPLE / "schema.sql").read_text())
    content = (SAMPLE / "rows.sql").read_text()
    kept = ("`ps_shop`", "`ps_currency`", "`ps_order_state`", "`ps_configuration`")
    lines = content if rows else "\n".join(line for line in content.splitlines() if line.split()[2] in kept)
    database.run_script(LENIENT + lines)


def migrated(database: Database) -> None:
    """The bridge's own tables."""
    engine = create_engine(database.url)
    migrate(engine, "ps_")
    engine.dispose()


def run_plain(database: Database, name: str, *, mode: str = "") -> list[dict[str, str]]:
    """The file as it stands, piped into the real client, as anybody would do it; with the client's own session."""
    sql = (ROOT / "sql" / "reports" / f"{name}.sql").read_text()
    before = f"SET SESSION sql_mode = '{mode}';\n" if mode else ""
    command = [program("mariadb", "mariadb-client-core"), "--no-defaults", f"--socket={database.socket}", "--batch"]
    done = subprocess.run(
        [*command, f"--user={database.user}", "--default-character-set=utf8mb4", database.name],
        input=before + sql,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MYSQL_PWD": database.password},
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


@dataclass(kw_only=True)
class PlantedShop:
    """Plants rows with PrestaShop's and the module's own columns, and runs reports."""

    database: Database
    prefix: str = "ps_"
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1000))

    def report(self, name: str, *, since: date | None = None) -> ReportResult:
        source = SqlReports(self.database.url, self.prefix)
        try:
            return Reports(source).run(BY_NAME[name], since=since)
        finally:
            source.close()

    def column(self, name: str, column: str, *, since: date | None = None) -> list[Cell]:
        """One column of a report, sorted."""
        result = self.report(name, since=since)
        at = [one.name for one in result.report.columns].index(column)
        return sorted((row[at] for row in result.rows), key=str)

    def money(self, name: str, column: str) -> dict[str | None, Decimal]:
        """What a column of a report adds up to, by currency."""
        return {total.currency: total.amount for total in self.report(name).totals if total.column == column}

    def cart(self, *, customer: int = 7, products: tuple[int, ...] = (1,)) -> int:
        """A cart with one of each product."""
        cart = next(self.numbers)
        self._insert("cart", id_cart=cart, id_shop=1, id_customer=customer, id_currency=1, date_add=NOON, date_upd=NOON)
        for product in products:
            self._insert("cart_product", id_cart=cart, id_product=product, quantity=1, date_add=NOON)
        return cart

    def order(
        self,
        cart: int,
        total: str = "14.40",
        *,
        reference: str = "",
        state: int = PAID,
        module: str = "mollie",
        at: datetime = NOON,
        real: str | None = None,
        customer: int = 7,
    ) -> str:
        """An order; its reference."""
        number = next(self.numbers)
        reference = reference or f"REF{number}"
        self._insert(
            "orders",
            id_order=number,
            reference=reference,
            id_shop=1,
            id_cart=cart,
            id_customer=customer,
            id_currency=1,
            current_state=state,
            module=module,
            total_paid=Decimal(total),
            total_paid_real=Decimal(total if real is None else real),
            date_add=at,
            date_upd=at,
        )
        return reference

    def payment(
        self,
        cart: int | None,
        status: str = "paid",
        *,
        order_id: int = 1,
        kind: str = "tr_",
        at: datetime = NOON,
        method: str = "ideal",
        seconds: int | None = None,
    ) -> str:
        """A row of the module; its transaction."""
        transaction = f"{kind}Planted{next(self.numbers)}"
        updated = None if seconds is None else at + timedelta(seconds=seconds)
        self._insert(
            "mollie_payments",
            transaction_id=transaction,
            cart_id=cart,
            order_id=order_id if status != "open" else 0,
            method=method,
            bank_status=status,
            created_at=at,
            updated_at=updated,
        )
        return transaction

    def booking(self, reference: str, transaction: str, amount: str, *, currency: int = 1) -> None:
        """What the shop booked for a payment."""
        self._insert(
            "order_payment",
            order_reference=reference,
            id_currency=currency,
            amount=Decimal(amount),
            transaction_id=transaction,
            date_add=NOON,
        )

    def own(self, table: str, **values: object) -> None:
        """A row of one of the bridge's tables."""
        self._insert(f"molbridge_{table}", **values)

    def _insert(self, table: str, **values: object) -> None:
        names = ", ".join(f"`{name}`" for name in values)
        marks = ", ".join(["%s"] * len(values))
        with self.database.connect(autocommit=True, sql_mode="") as db, db.cursor() as cursor:
            cursor.execute(f"INSERT INTO `{self.prefix}{table}` ({names}) VALUES ({marks})", tuple(values.values()))


def a_sale(shop: PlantedShop) -> int:
    """A cart that was ordered and paid, once and in full."""
    cart = shop.cart()
    reference = shop.order(cart)
    shop.booking(reference, shop.payment(cart), "14.40")
    return cart
