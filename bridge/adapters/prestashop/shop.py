"""Implements `Shop` on the shop's own database: MariaDB, MySQL, and SQLite for the demo."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, CursorResult, Engine, Row, Select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bridge.adapters.packed_rows import AnyRow
from bridge.adapters.prepared import execute
from bridge.adapters.prestashop.settings import effective_settings, makes_invoices, mollie_access
from bridge.adapters.prestashop.statements import INVOICE_SETTINGS, MOLLIE_SETTINGS, statements_for
from bridge.domain.cart import CartRef
from bridge.domain.errors import StoreDown
from bridge.domain.shop import OrderRecord, ShopOrder, ShopPayment, ShopView
from bridge.ports.shop import MollieAccess

_SIX_PLACES: Final = Decimal("0.000001")
_REASON_LENGTH: Final = 64

_RUN_AGAIN: Final = frozenset({1213, 1205, 1020})
"""Deadlock, lock wait time-out, record changed since it was read: a transaction's owner may run it again."""


class SqlShop:
    """The shop's tables under `prefix`.

    With an `Engine` each call has a connection of its own. With a `Connection` the calls are part of the transaction
    that is open there: nothing is committed here, and an error that a new run may cure reaches the transaction's owner
    as the driver raised it. The session's time zone must be the one the shop's sessions have: ages depend on it.
    """

    def __init__(self, database: Engine | Connection, prefix: str = "ps_") -> None:
        self._database = database
        self._sql = statements_for(prefix)

    def find_view(self, cart: CartRef) -> ShopView | None:
        """The cart's owner, orders and payment rows, in one statement; None when there is no such cart in the shop."""
        with self._connection() as db:
            return self._view(db, cart)

    def find_cart_of(self, transaction_id: str) -> CartRef | None:
        """The cart that the module's payment row names, where the shop has it."""
        with self._connection() as db:
            rows = db.execute(self._sql.cart_of_payment, {"transaction_id": transaction_id}).all()
        row = _exactly(rows, transaction_id)
        return None if row is None else CartRef(shop_id=int(row.id_shop), cart_id=int(row.id_cart))

    def find_cart(self, cart_id: int) -> CartRef | None:
        """The cart with its shop, by its number."""
        with self._connection() as db:
            row = db.execute(self._sql.cart, {"cart_id": cart_id}).first()
        return None if row is None else CartRef(shop_id=int(row.id_shop), cart_id=int(row.id_cart))

    def shop_ids(self) -> tuple[int, ...]:
        """The shops of this database, lowest first."""
        with self._connection() as db:
            return tuple(int(shop_id) for shop_id in db.execute(self._sql.shop_ids).scalars())

    def find_payment(self, transaction_id: str) -> ShopPayment | None:
        """The module's payment row."""
        with self._connection() as db:
            rows = db.execute(self._sql.payment, {"transaction_id": transaction_id}).all()
        row = _exactly(rows, transaction_id)
        return None if row is None else _payment(row)

    def find_record(self, cart: CartRef) -> OrderRecord | None:
        """All that was written for the cart's first order reference; None when there is no order."""
        with self._connection() as db:
            view = self._view(db, cart)
            if view is None or not view.orders:
                return None
            asked = {"cart_id": cart.cart_id, "reference": view.references[0]}
            facts = db.execute(self._sql.order_facts, asked).all()
            if not facts:
                return None
            order_ids = [int(row.id_order) for row in facts]
            invoices = db.execute(self._sql.invoices, {"order_ids": order_ids}).scalars().all()
            paid = db.execute(self._sql.paid_by, {**asked, "currency_id": facts[0].id_currency}).all()
            settings = self._settings(db, cart.shop_id, INVOICE_SETTINGS)
        return OrderRecord(
            view=view,
            total=sum((_decimal(row.total_paid) for row in facts), Decimal()),
            currency=facts[0].iso_code or "",
            invoice_numbers=tuple(int(number) for number in invoices),
            expects_invoice=makes_invoices(settings) and any(row.invoice for row in facts),
            paid_by=_summed(paid),
            counts_as_paid=all(row.paid for row in facts),
        )

    def find_mollie_access(self, shop_id: int) -> MollieAccess | None:
        """The Mollie key of the mode the shop is in, by the shop's own configuration."""
        with self._connection() as db:
            settings = self._settings(db, shop_id, MOLLIE_SETTINGS)
        return mollie_access(settings)

    def correct_payment(self, transaction_id: str, *, bank_status: str, reason: str) -> bool:
        """Write `bank_status` and `reason` (cut to its 64 characters); False when the module has no such row."""
        row = {"transaction": transaction_id, "exactly": transaction_id.encode().hex().upper()}
        written = {**row, "status": bank_status, "why": reason[:_REASON_LENGTH]}
        with self._connection(writes=True) as db:
            result: CursorResult[Any] = db.execute(self._sql.correct, written)
            return result.rowcount > 0

    def _view(self, db: Connection, cart: CartRef) -> ShopView | None:
        rows = self._sql.view.all(partial(execute, db), {"cart_id": cart.cart_id, "shop_id": cart.shop_id})
        if not rows:
            return None
        # Each order stands beside each payment, so both come again and again, in their order.
        orders = {row.id_order: _order(row) for row in rows if row.id_order is not None}
        payments = {row.transaction_id: _payment(row) for row in rows if row.transaction_id is not None}
        return ShopView(
            shop_id=int(rows[0].id_shop),
            customer_id=int(rows[0].id_customer),
            orders=tuple(orders.values()),
            payments=tuple(payments.values()),
        )

    def _settings(self, db: Connection, shop_id: int, names: tuple[str, ...]) -> dict[str, str]:
        statement: Select[Any] = self._sql.settings
        return effective_settings(db.execute(statement, {"shop_id": shop_id, "names": list(names)}).all())

    @contextmanager
    def _connection(self, *, writes: bool = False) -> Iterator[Connection]:
        joined = isinstance(self._database, Connection)
        try:
            if isinstance(self._database, Connection):
                yield self._database
                return
            with self._database.begin() if writes else self._database.connect() as db:
                yield db
        except DBAPIError as error:
            if joined and _may_run_again(error):
                raise
            raise StoreDown(f"the shop's database can not be asked ({_named(error)})") from error
        except SQLAlchemyError as error:
            raise StoreDown(f"the shop's database can not be asked ({type(error).__name__})") from error


def _code(error: DBAPIError) -> Any:
    arguments = getattr(error.orig, "args", ())
    return arguments[0] if arguments else None


def _may_run_again(error: DBAPIError) -> bool:
    return _code(error) in _RUN_AGAIN


def _named(error: DBAPIError) -> str:
    """The error's name, and the server's number for it: its text may hold hosts and account names."""
    code = _code(error)
    return f"{type(error).__name__} {code}" if isinstance(code, int) else type(error).__name__


def _exactly(rows: Sequence[Row[Any]], transaction_id: str) -> Row[Any] | None:
    """The row of this very id, upper and lower case told apart."""
    return next((row for row in rows if row.transaction_id == transaction_id), None)


def _order(row: AnyRow) -> ShopOrder:
    return ShopOrder(
        order_id=int(row.id_order),
        reference=row.reference or "",
        module=row.module or "",
        total=_decimal(row.total_paid),
    )


def _payment(row: AnyRow) -> ShopPayment:
    return ShopPayment(
        transaction_id=row.transaction_id,
        cart_id=int(row.cart_id or 0),
        order_id=int(row.order_id or 0),
        method=row.method,
        bank_status=row.bank_status,
        age=timedelta(seconds=max(0, int(row.age or 0))),
    )


def _summed(rows: Sequence[Row[Any]]) -> dict[str, Decimal]:
    paid: dict[str, Decimal] = {}
    for row in rows:
        if row.transaction_id:
            paid[row.transaction_id] = paid.get(row.transaction_id, Decimal()) + _decimal(row.amount)
    return paid


def _decimal(value: Any) -> Decimal:
    """A `decimal(20,6)`: SQLite keeps it as a double, of which six places are exact."""
    return Decimal(str(value)).quantize(_SIX_PLACES)
