"""Writes a shop's tables the way PrestaShop and the module do, with the words of `FakeShop`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from sqlalchemy import Connection, Engine, func, insert, select, update

from bridge.demo.storefront.columns import inserted_id
from bridge.demo.storefront.schema import ShopTables, shop_tables
from bridge.demo.storefront.seed import State, seed
from bridge.domain.cart import CartRef
from bridge.domain.shop import MOLLIE_MODULE
from bridge.ports.shop import Shop

CURRENCIES = {"EUR": 1, "USD": 2}


class ShopRig(Protocol):
    """A shop and the pen to write it with."""

    @property
    def shop(self) -> Shop:
        """The reader under test."""

    def add_cart(self, cart_id: int = 42, *, shop_id: int = 1, customer_id: int = 7) -> CartRef:
        """A cart."""

    def add_payment(
        self,
        cart: CartRef,
        transaction_id: str,
        *,
        order_id: int = 0,
        bank_status: str = "open",
        age: timedelta = timedelta(),
    ) -> object:
        """A row of the module."""

    def add_order(
        self,
        cart: CartRef,
        total: str = "14.40",
        *,
        reference: str | None = None,
        module: str = MOLLIE_MODULE,
        currency: str = "EUR",
        paid_by: str | None = None,
        paid: bool = True,
        invoice: bool = True,
    ) -> int:
        """An order row; its id."""

    def reason_of(self, transaction_id: str) -> str | None:
        """What stands beside the module's status."""


@dataclass(slots=True)
class WrittenShop:
    """A shop in a database; `read` makes the reader."""

    engine: Engine
    tables: ShopTables
    shop: Shop
    numbers: int = 0

    @classmethod
    def create(cls, engine: Engine, prefix: str, read: Callable[[Engine, str], Shop]) -> WrittenShop:
        """The tables under `prefix`, seeded, with US dollars besides euros."""
        tables = shop_tables(prefix)
        seed(engine, tables)
        with engine.begin() as db:
            db.execute(insert(tables.currency).values(id_currency=CURRENCIES["USD"], iso_code="USD"))
        return cls(engine, tables, read(engine, prefix))

    def add_cart(self, cart_id: int = 42, *, shop_id: int = 1, customer_id: int = 7) -> CartRef:
        with self.engine.begin() as db:
            at = self._now(db)
            row = {"id_cart": cart_id, "id_shop": shop_id, "id_customer": customer_id, "date_add": at, "date_upd": at}
            db.execute(insert(self.tables.cart).values(**row))
        return CartRef(shop_id=shop_id, cart_id=cart_id)

    def add_payment(
        self,
        cart: CartRef,
        transaction_id: str,
        *,
        order_id: int = 0,
        bank_status: str = "open",
        age: timedelta = timedelta(),
    ) -> None:
        with self.engine.begin() as db:
            db.execute(
                insert(self.tables.mollie_payments).values(
                    transaction_id=transaction_id,
                    cart_id=cart.cart_id,
                    order_id=order_id,
                    method="ideal",
                    bank_status=bank_status,
                    created_at=self._now(db) - age,
                )
            )

    def add_order(
        self,
        cart: CartRef,
        total: str = "14.40",
        *,
        reference: str | None = None,
        module: str = MOLLIE_MODULE,
        currency: str = "EUR",
        paid_by: str | None = None,
        paid: bool = True,
        invoice: bool = True,
    ) -> int:
        self.numbers += 1
        reference = reference or f"REF{self.numbers:06d}"
        with self.engine.begin() as db:
            at = self._now(db)
            order_id = inserted_id(
                db,
                insert(self.tables.orders).values(
                    reference=reference,
                    id_shop=cart.shop_id,
                    id_customer=7,
                    id_cart=cart.cart_id,
                    id_currency=CURRENCIES[currency],
                    current_state=State.PAID if paid else State.AWAITING_WIRE,
                    payment="iDEAL",
                    module=module,
                    total_paid=Decimal(total),
                    date_add=at,
                    date_upd=at,
                ),
            )
            if invoice:
                row = {"id_order": order_id, "number": order_id, "date_add": at}
                db.execute(insert(self.tables.order_invoice).values(**row))
            if paid_by is not None:
                self._pay(db, reference, currency, Decimal(total), paid_by, order_id)
        return order_id

    def configure(self, name: str, value: str | None, *, shop: int | None = None, group: int | None = None) -> None:
        """A row of the configuration, global where neither shop nor group is given."""
        table = self.tables.configuration
        with self.engine.begin() as db:
            at = self._now(db)
            place = [table.c.name == name, table.c.id_shop.is_(shop), table.c.id_shop_group.is_(group)]
            if shop is None and group is None and db.execute(update(table).where(*place).values(value=value)).rowcount:
                return
            row = {"name": name, "value": value, "id_shop": shop, "id_shop_group": group}
            db.execute(insert(table).values(**row, date_add=at, date_upd=at))

    def add_shop(self, shop_id: int, group: int) -> None:
        """Another shop of the multishop."""
        with self.engine.begin() as db:
            db.execute(insert(self.tables.shop).values(id_shop=shop_id, id_shop_group=group, name=f"Shop {shop_id}"))

    def payment_row(self, transaction_id: str) -> dict[str, object]:
        """The module's whole row."""
        table = self.tables.mollie_payments
        with self.engine.connect() as db:
            row = db.execute(select(table).where(table.c.transaction_id == transaction_id)).one()
        return dict(row._mapping)

    def reason_of(self, transaction_id: str) -> str | None:
        reason = self.payment_row(transaction_id)["reason"]
        return None if reason is None else str(reason)

    def _pay(
        self, db: Connection, reference: str, currency: str, amount: Decimal, transaction_id: str, order_id: int
    ) -> None:
        row = {"order_reference": reference, "id_currency": CURRENCIES[currency], "amount": amount}
        payment = insert(self.tables.order_payment).values(
            **row, payment_method="iDEAL", transaction_id=transaction_id, date_add=self._now(db)
        )
        db.execute(payment)
        module_row = self.tables.mollie_payments
        linked = update(module_row).where(module_row.c.transaction_id == transaction_id)
        db.execute(linked.values(bank_status="paid", order_id=order_id))

    def _now(self, db: Connection) -> datetime:
        now = db.execute(select(func.now())).scalar_one()
        assert isinstance(now, datetime)
        return now
