"""What a small shop holds before its first sale: currency, order states, products and Mollie settings."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import IntEnum
from typing import Final

from sqlalchemy import Connection, Engine, func, insert, select

from bridge.demo.storefront.columns import SIX_PLACES, inserted_id
from bridge.demo.storefront.schema import ShopTables

TAX_RATE: Final = Decimal("0.21")
LANGUAGE: Final = 1
SHOP: Final = 1
TEST_KEY: Final = "test_storefront0000000000000000000"


class State(IntEnum):
    """The order states of a new PrestaShop 9.1 with the Mollie module, by their ids there."""

    AWAITING_CHECK = 1
    PAID = 2
    SHIPPED = 4
    CANCELED = 6
    REFUNDED = 7
    PAYMENT_ERROR = 8
    AWAITING_WIRE = 10
    PARTLY_REFUNDED = 14
    AWAITING_MOLLIE = 15
    AUTHORIZED = 18
    CHARGEBACK = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _StateRow:
    name: str
    color: str
    module: str = ""
    paid: int = 0


# name, colour and flags as a real shop has them; `paid` stands for invoice, logable and paid, which always go together
_STATES: Final = {
    State.AWAITING_CHECK: _StateRow(name="Awaiting check payment", color="#34209E", module="ps_checkpayment"),
    State.PAID: _StateRow(name="Payment accepted", color="#3498D8", paid=1),
    State.SHIPPED: _StateRow(name="Shipped", color="#01B887", paid=1),
    State.CANCELED: _StateRow(name="Canceled", color="#2C3E50"),
    State.REFUNDED: _StateRow(name="Refunded", color="#01B887"),
    State.PAYMENT_ERROR: _StateRow(name="Payment error", color="#E74C3C"),
    State.AWAITING_WIRE: _StateRow(name="Awaiting bank wire payment", color="#34209E", module="ps_wirepayment"),
    State.PARTLY_REFUNDED: _StateRow(name="Partially refunded by Mollie", color="#6F8C9F", module="mollie"),
    State.AWAITING_MOLLIE: _StateRow(name="Awaiting Mollie payment", color="#4169E1", module="mollie"),
    State.AUTHORIZED: _StateRow(name="Order payment authorized", color="#8A2BE2", module="mollie", paid=1),
    State.CHARGEBACK: _StateRow(name="Mollie Chargeback", color="#E74C3C", module="mollie"),
}

_PRODUCTS: Final = (
    ("Mug Today is a good day", "14.40"),
    ("Mountain fox notebook", "12.90"),
    ("Brown bear cushion", "28.80"),
)


def seed(engine: Engine, tables: ShopTables, *, mollie_key: str = TEST_KEY, now: datetime | None = None) -> None:
    """Create the tables where they are missing and fill an empty shop; a shop that has its row is left alone.

    `now` is the shop's local time without zone, by default the database's.
    """
    tables.create(engine)
    with engine.begin() as db:
        if db.execute(select(tables.shop.c.id_shop)).first() is not None:
            return
        at = now or db.execute(select(func.now())).scalar_one()
        db.execute(insert(tables.shop).values(id_shop=SHOP, name="The toy shop"))
        db.execute(insert(tables.currency).values(id_currency=1, iso_code="EUR", numeric_iso_code="978"))
        _seed_states(db, tables)
        _seed_configuration(db, tables, mollie_key, at)
        for name, gross in _PRODUCTS:
            add_product(db, tables, name=name, gross=Decimal(gross), at=at)


def add_product(db: Connection, tables: ShopTables, *, name: str, gross: Decimal, at: datetime) -> int:
    """Add a product that costs `gross` with tax; its id. The shop stores the price without tax, six places."""
    net = (gross / (1 + TAX_RATE)).quantize(SIX_PLACES, ROUND_HALF_UP)
    row = insert(tables.product).values(price=net, reference=name[:60], date_add=at, date_upd=at)
    product = inserted_id(db, row)
    db.execute(insert(tables.product_lang).values(id_product=product, id_shop=SHOP, id_lang=LANGUAGE, name=name))
    return product


def add_customer(db: Connection, tables: ShopTables, *, first: str, last: str, email: str, at: datetime) -> int:
    """Add a customer with a fresh secure key; the id."""
    row = insert(tables.customer).values(
        firstname=first, lastname=last, email=email, secure_key=secrets.token_hex(16), date_add=at, date_upd=at
    )
    return inserted_id(db, row)


def _seed_states(db: Connection, tables: ShopTables) -> None:
    for state, row in _STATES.items():
        flags = {"invoice": row.paid, "logable": row.paid, "paid": row.paid}
        db.execute(
            insert(tables.order_state).values(
                id_order_state=state.value, color=row.color, module_name=row.module, **flags
            )
        )
        db.execute(insert(tables.order_state_lang).values(id_order_state=state.value, id_lang=LANGUAGE, name=row.name))


def _seed_configuration(db: Connection, tables: ShopTables, mollie_key: str, at: datetime) -> None:
    live = mollie_key.startswith("live_")
    values = {
        "MOLLIE_ENVIRONMENT": "1" if live else "0",
        "MOLLIE_API_KEY": mollie_key if live else None,
        "MOLLIE_API_KEY_TEST": None if live else mollie_key,
        "PS_SHOP_NAME": "The toy shop",
    }
    for name, value in values.items():
        db.execute(insert(tables.configuration).values(name=name, value=value, date_add=at, date_upd=at))
