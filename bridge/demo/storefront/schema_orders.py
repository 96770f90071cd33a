"""PrestaShop's order tables: one cart may become several orders of one reference, each with its invoice and history."""

from __future__ import annotations

from sqlalchemy import Integer, MetaData, String, Table

from bridge.demo.storefront import columns as c


def order_tables(metadata: MetaData, prefix: str) -> dict[str, Table]:
    """Describe orders, details, payments, invoices, history and states under `prefix`."""
    return {
        "orders": _orders(metadata, prefix),
        "order_detail": _order_detail(metadata, prefix),
        **_money(metadata, prefix),
        **_states(metadata, prefix),
    }


def _orders(metadata: MetaData, prefix: str) -> Table:
    orders = c.table(
        f"{prefix}orders",
        metadata,
        c.key("id_order"),
        c.maybe("reference", String(255)),
        c.uint("id_shop_group", 1),
        c.uint("id_shop", 1),
        c.uint("id_carrier", 1, stated=False),
        c.uint("id_lang", 1, stated=False),
        c.uint("id_customer", None),
        c.uint("id_cart", None),
        c.uint("id_currency", 1, stated=False),
        c.uint("id_address_delivery", 1, stated=False),
        c.uint("id_address_invoice", 1, stated=False),
        c.uint("current_state", None),
        c.word("secure_key", 32, "-1"),
        c.word("payment", 255),
        c.rate("conversion_rate"),
        c.maybe("module", String(255)),
        c.price("total_discounts"),
        c.price("total_paid"),
        c.price("total_paid_tax_incl"),
        c.price("total_paid_tax_excl"),
        c.price("total_paid_real"),
        c.price("total_products"),
        c.price("total_products_wt"),
        c.price("total_shipping"),
        c.uint("invoice_number"),
        c.uint("delivery_number"),
        c.zero_moment("invoice_date"),
        c.zero_moment("delivery_date"),
        c.flag("valid"),
        c.moment("date_add"),
        c.moment("date_upd"),
    )
    single = ("reference", "id_customer", "id_cart", "invoice_number", "current_state", "id_shop", "date_add")
    return c.indexed(orders, **{name: (name,) for name in single})


def _order_detail(metadata: MetaData, prefix: str) -> Table:
    detail = c.table(
        f"{prefix}order_detail",
        metadata,
        c.key("id_order_detail"),
        c.uint("id_order", None),
        c.maybe("id_order_invoice", Integer()),
        c.uint("id_shop", 1, stated=False),
        c.uint("product_id", None),
        c.words("product_name"),
        c.uint("product_quantity"),
        c.price("product_price"),
        c.price("product_weight"),
        c.word("tax_name", 16, ""),
        c.price("total_price_tax_incl"),
        c.price("total_price_tax_excl"),
        c.price("unit_price_tax_incl"),
        c.price("unit_price_tax_excl"),
    )
    return c.indexed(detail, order_detail_order=("id_order",))


def _money(metadata: MetaData, prefix: str) -> dict[str, Table]:
    payment = c.table(
        f"{prefix}order_payment",
        metadata,
        c.key("id_order_payment"),
        c.maybe("order_reference", String(255)),
        c.uint("id_currency", 1, stated=False),
        c.price("amount", None),
        c.word("payment_method", 255),
        c.rate("conversion_rate"),
        c.maybe("transaction_id", String(254)),
        c.moment("date_add"),
    )
    invoice = c.table(
        f"{prefix}order_invoice",
        metadata,
        c.key("id_order_invoice"),
        c.uint("id_order", None),
        c.uint("number", None),
        c.uint("delivery_number", stated=False),
        c.price("total_paid_tax_excl"),
        c.price("total_paid_tax_incl"),
        c.price("total_products"),
        c.price("total_products_wt"),
        c.uint("shipping_tax_computation_method", stated=False),
        c.moment("date_add"),
    )
    paid_invoice = c.table(
        f"{prefix}order_invoice_payment",
        metadata,
        c.key("id_order_invoice", auto=False),
        c.key("id_order_payment", auto=False),
        c.uint("id_order", None),
    )
    c.indexed(payment, order_reference=("order_reference",))
    c.indexed(invoice, id_order=("id_order",))
    c.indexed(paid_invoice, order_payment=("id_order_payment",), id_order=("id_order",))
    return {"order_payment": payment, "order_invoice": invoice, "order_invoice_payment": paid_invoice}


def _states(metadata: MetaData, prefix: str) -> dict[str, Table]:
    history = c.table(
        f"{prefix}order_history",
        metadata,
        c.key("id_order_history"),
        c.uint("id_employee", stated=False),
        c.uint("id_order", None),
        c.uint("id_order_state", None),
        c.moment("date_add"),
    )
    state = c.table(
        f"{prefix}order_state",
        metadata,
        c.key("id_order_state"),
        c.flag("invoice"),
        c.flag("send_email"),
        c.maybe("module_name", String(255)),
        c.maybe("color", String(32)),
        c.flag("unremovable", 1),
        c.flag("hidden"),
        c.flag("logable"),
        c.flag("paid"),
        c.flag("deleted"),
    )
    state_lang = c.table(
        f"{prefix}order_state_lang",
        metadata,
        c.key("id_order_state", auto=False),
        c.key("id_lang", auto=False),
        c.word("name", 64),
        c.word("template", 64, ""),
    )
    c.indexed(history, order_history_order=("id_order",), id_order_state=("id_order_state",))
    return {"order_history": history, "order_state": state, "order_state_lang": state_lang}
