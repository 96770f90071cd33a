"""A shop that has sold for years: a million carts, each ordered and paid, written by the server itself in seconds.

fill_big_shop(engine, rows=1_000_000)
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from sqlalchemy import Engine, text

from bridge.demo.storefront.schema import shop_tables
from bridge.demo.storefront.seed import seed
from tests.services.numbers import numbers

SETTINGS: Final = 500
"""Rows of the configuration table in a shop with a few modules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BigShop:
    """What was written: carts 1 to `rows` with order, invoice and paid payment, those in `free` with nothing.

    Cart n has order n, with the reference `R` and n in nine digits.
    """

    prefix: str
    rows: int
    free: range

    @staticmethod
    def customer_of(cart_id: int) -> int:
        """The owner of a cart."""
        return cart_id % 50_000 + 1

    @staticmethod
    def transaction_of(cart_id: int) -> str:
        """The transaction that paid a sold cart."""
        return "tr_" + sha256(str(cart_id).encode()).hexdigest()[:16]


def fill_big_shop(engine: Engine, *, rows: int = 1_000_000, free: int = 20_000, prefix: str = "ps_") -> BigShop:
    """Create and fill the tables under `prefix` in an empty database: `rows` sold carts and `free` open ones."""
    tables = shop_tables(prefix)
    seed(engine, tables)
    statements = [*_sold(prefix, rows), _carts(prefix, rows + 1, rows + free), _settings(prefix)]
    with engine.connect() as db:
        # Everything is known to be sound; and a zero date stands where PrestaShop writes one.
        db.execute(text("SET SESSION unique_checks = 0, foreign_key_checks = 0, sql_mode = ''"))
        for statement in statements:
            db.execute(text(statement))
            db.commit()
        names = ("cart", "orders", "order_invoice", "order_payment", "mollie_payments", "configuration")
        db.execute(text("ANALYZE TABLE " + ", ".join(f"`{prefix}{name}`" for name in names)))
        # The connection goes back to the pool as a new one.
        db.invalidate()
    return BigShop(prefix=prefix, rows=rows, free=range(rows + 1, rows + free + 1))


def _sold(prefix: str, rows: int) -> list[str]:
    sequence = numbers(1, rows)
    at = f"NOW() - INTERVAL ({rows} - seq) * 2 + 3600 SECOND"
    reference = "CONCAT('R', LPAD(seq, 9, '0'))"
    # Mollie's ids come in no order; the table holds them sorted, so that is how they are written.
    transaction = "CONCAT('tr_', SUBSTRING(SHA2(seq, 256), 1, 16))"
    return [
        _carts(prefix, 1, rows),
        (
            f"INSERT INTO `{prefix}orders` (id_order, reference, id_customer, id_cart, current_state, payment, module, "
            f"total_paid, total_paid_real, invoice_number, invoice_date, delivery_date, date_add, date_upd) "
            f"SELECT seq, {reference}, seq % 50000 + 1, seq, 2, 'iDEAL', 'mollie', 14.4, 14.4, seq, {at}, "
            f"'0000-00-00', {at}, {at} FROM {sequence}"
        ),
        (
            f"INSERT INTO `{prefix}order_invoice` (id_order_invoice, id_order, number, delivery_number, "
            f"shipping_tax_computation_method, date_add) SELECT seq, seq, seq, 0, 0, {at} FROM {sequence}"
        ),
        (
            f"INSERT INTO `{prefix}order_payment` (order_reference, id_currency, amount, payment_method, "
            f"transaction_id, date_add) SELECT {reference}, 1, 14.4, 'iDEAL', {transaction}, {at} FROM {sequence}"
        ),
        (
            f"INSERT INTO `{prefix}mollie_payments` (transaction_id, cart_id, order_id, order_reference, method, "
            f"bank_status, created_at) SELECT {transaction}, seq, seq, {reference}, 'ideal', 'paid', {at} "
            f"FROM {sequence} ORDER BY 1"
        ),
    ]


def _carts(prefix: str, first: int, last: int) -> str:
    at = f"NOW() - INTERVAL ({last} - seq) * 2 SECOND"
    return (
        f"INSERT INTO `{prefix}cart` (id_cart, id_carrier, delivery_option, id_lang, id_address_delivery, "
        f"id_address_invoice, id_currency, id_customer, id_guest, date_add, date_upd) "
        f"SELECT seq, 1, '', 1, 1, 1, 1, seq % 50000 + 1, 0, {at}, {at} FROM {numbers(first, last)}"
    )


def _settings(prefix: str) -> str:
    return (
        f"INSERT INTO `{prefix}configuration` (name, value, date_add, date_upd) "
        f"SELECT CONCAT('OTHER_', seq), seq, NOW(), NOW() FROM {numbers(1, SETTINGS)}"
    )
