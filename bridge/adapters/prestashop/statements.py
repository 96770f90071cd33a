"""The statements, built once for each table prefix: a transaction pays for running them only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, TableClause, Update, bindparam, column, func, or_, select, table, update

from bridge.adapters.packed_rows import PackedSelect
from bridge.adapters.prestashop.age import SecondsSince
from bridge.domain.errors import ConfigurationError

_PREFIX: Final = re.compile(r"[A-Za-z0-9_]{0,40}")
"""PrestaShop's own rule for a prefix (`Validate::isTablePrefix`), and room for the names within MySQL's 64."""

MOLLIE_SETTINGS: Final = (
    "MOLLIE_ENVIRONMENT",
    "MOLLIE_API_KEY",
    "MOLLIE_API_KEY_TEST",
    "PS_MULTISHOP_FEATURE_ACTIVE",
)
INVOICE_SETTINGS: Final = ("PS_INVOICE", "PS_MULTISHOP_FEATURE_ACTIVE")

_COLUMNS: Final = {
    "cart": ("id_cart", "id_shop", "id_customer"),
    "orders": ("id_order", "id_cart", "reference", "module", "total_paid", "id_currency", "current_state"),
    "mollie_payments": (
        "transaction_id",
        "cart_id",
        "order_id",
        "method",
        "bank_status",
        "reason",
        "created_at",
        "updated_at",
    ),
    "order_payment": ("order_reference", "id_currency", "amount", "transaction_id", "id_order_payment"),
    "order_invoice": ("id_order", "number", "id_order_invoice"),
    "order_state": ("id_order_state", "paid", "invoice"),
    "currency": ("id_currency", "iso_code"),
    "configuration": ("name", "value", "id_shop", "id_shop_group"),
    "shop": ("id_shop", "id_shop_group"),
}
"""Every column that is read, by table; `UPDATE` touches bank_status, reason and updated_at of mollie_payments alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """Parameters: `cart_id`, `shop_id`, `transaction_id`, `reference`, `currency_id`, `order_ids`, `names`.

    Those of `correct`: `transaction`, `exactly` (its bytes in upper-case hex), `status`, `why`.
    """

    view: PackedSelect
    payment: Select[Any]
    cart: Select[Any]
    cart_of_payment: Select[Any]
    order_facts: Select[Any]
    invoices: Select[Any]
    paid_by: Select[Any]
    settings: Select[Any]
    shop_ids: Select[Any]
    correct: Update


@cache
def statements_for(prefix: str) -> Statements:
    """The statements for the tables under `prefix`. Raises `ConfigurationError` for what is no table prefix."""
    if not _PREFIX.fullmatch(prefix):
        raise ConfigurationError([f"table prefix {prefix[:40]!r}: letters, digits and underscores only, 40 at most"])
    tables = {name: table(prefix + name, *map(column, columns)) for name, columns in _COLUMNS.items()}
    return Statements(**_cart_statements(tables), **_order_statements(tables), **_module_statements(tables))


def _cart_statements(tables: dict[str, TableClause]) -> dict[str, Any]:
    cart, payments = (tables[name].c for name in ("cart", "mollie_payments"))
    return {
        "view": PackedSelect(_view(tables)),
        "cart": select(cart.id_cart, cart.id_shop).where(cart.id_cart == bindparam("cart_id")),
        "cart_of_payment": select(cart.id_cart, cart.id_shop, payments.transaction_id)
        .select_from(tables["mollie_payments"].join(tables["cart"], cart.id_cart == payments.cart_id))
        .where(payments.transaction_id == bindparam("transaction_id")),
    }


def _view(tables: dict[str, TableClause]) -> Select[Any]:
    """The cart beside each of its orders beside each of its payments: few times few, and one round trip for all."""
    cart, orders, payments = (tables[name].c for name in ("cart", "orders", "mollie_payments"))
    return (
        select(
            cart.id_shop,
            cart.id_customer,
            orders.id_order,
            orders.reference,
            orders.module,
            orders.total_paid,
            *_payment_columns(tables["mollie_payments"]),
        )
        .select_from(
            tables["cart"]
            .outerjoin(tables["orders"], orders.id_cart == cart.id_cart)
            .outerjoin(tables["mollie_payments"], payments.cart_id == cart.id_cart)
        )
        .where(cart.id_cart == bindparam("cart_id"), cart.id_shop == bindparam("shop_id"))
        .order_by(orders.id_order, payments.created_at, payments.transaction_id)
    )


def _payment_columns(payments: TableClause) -> tuple[ColumnElement[Any], ...]:
    row = payments.c
    age = SecondsSince(row.created_at).label("age")
    return row.transaction_id, row.cart_id, row.order_id, row.method, row.bank_status, age


def _order_statements(tables: dict[str, TableClause]) -> dict[str, Any]:
    orders, currency, state = (tables[name].c for name in ("orders", "currency", "order_state"))
    invoice, payment, shop, setting = (
        tables[name].c for name in ("order_invoice", "order_payment", "shop", "configuration")
    )
    group = select(shop.id_shop_group).where(shop.id_shop == bindparam("shop_id")).scalar_subquery()
    return {
        "order_facts": select(
            orders.id_order, orders.total_paid, orders.id_currency, currency.iso_code, state.paid, state.invoice
        )
        .select_from(
            tables["orders"]
            .outerjoin(tables["currency"], currency.id_currency == orders.id_currency)
            .outerjoin(tables["order_state"], state.id_order_state == orders.current_state)
        )
        .where(orders.id_cart == bindparam("cart_id"), orders.reference == bindparam("reference"))
        .order_by(orders.id_order),
        "invoices": select(invoice.number)
        .where(invoice.id_order.in_(bindparam("order_ids", expanding=True)), invoice.number > 0)
        .order_by(invoice.id_order_invoice),
        "paid_by": select(payment.transaction_id, payment.amount)
        .where(payment.order_reference == bindparam("reference"), payment.id_currency == bindparam("currency_id"))
        .order_by(payment.id_order_payment),
        "shop_ids": select(shop.id_shop).order_by(shop.id_shop),
        "settings": select(setting.name, setting.value, setting.id_shop, setting.id_shop_group).where(
            setting.name.in_(bindparam("names", expanding=True)),
            or_(setting.id_shop == bindparam("shop_id"), func.coalesce(setting.id_shop, 0) == 0),
            or_(
                setting.id_shop == bindparam("shop_id"),
                setting.id_shop_group == group,
                func.coalesce(setting.id_shop_group, 0) == 0,
            ),
        ),
    }


def _module_statements(tables: dict[str, TableClause]) -> dict[str, Any]:
    payments = tables["mollie_payments"]
    row = payments.c
    return {
        "payment": select(*_payment_columns(payments)).where(row.transaction_id == bindparam("transaction_id")),
        # The first condition finds the row by its key, the second looks at its bytes: the column's collation takes
        # `tr_aB` and `tr_Ab` for the same, Mollie does not.
        "correct": update(payments)
        .where(row.transaction_id == bindparam("transaction"), func.hex(row.transaction_id) == bindparam("exactly"))
        .values(bank_status=bindparam("status"), reason=bindparam("why"), updated_at=func.now()),
    }
