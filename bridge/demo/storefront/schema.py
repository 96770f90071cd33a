"""A PrestaShop 9.1 shop's tables with the Mollie module's own one: real names, types and keys, for MariaDB and SQLite.

Each table holds the columns that payments and orders turn on, and every other column that the real schema demands on
insert, so that the same statements run on a database restored from a real shop's dump.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, Text

from bridge.demo.storefront import columns as c
from bridge.demo.storefront.schema_orders import order_tables


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopTables:
    """The tables of one shop database under one prefix; the attributes are their names without it."""

    prefix: str
    metadata: MetaData
    shop: Table
    currency: Table
    configuration: Table
    customer: Table
    product: Table
    product_lang: Table
    cart: Table
    cart_product: Table
    orders: Table
    order_detail: Table
    order_payment: Table
    order_invoice: Table
    order_invoice_payment: Table
    order_history: Table
    order_state: Table
    order_state_lang: Table
    mollie_payments: Table

    def create(self, engine: Engine) -> None:
        """Create the tables that are not there yet."""
        self.metadata.create_all(engine)

    def drop(self, engine: Engine) -> None:
        """Drop them all."""
        self.metadata.drop_all(engine)


@cache
def shop_tables(prefix: str = "ps_") -> ShopTables:
    """Describe the tables under `prefix`; nothing is created yet.

    The same prefix gives the same objects: SQLAlchemy's cache of compiled statements goes by them.
    """
    metadata = MetaData()
    tables = {
        **_shop(metadata, prefix),
        **_customers_and_products(metadata, prefix),
        **_carts(metadata, prefix),
        **order_tables(metadata, prefix),
        **_module(metadata, prefix),
    }
    return ShopTables(prefix=prefix, metadata=metadata, **tables)


def _shop(metadata: MetaData, prefix: str) -> dict[str, Table]:
    shop = c.table(
        f"{prefix}shop",
        metadata,
        c.key("id_shop"),
        c.uint("id_shop_group", 1, stated=False),
        c.word("name", 64),
        c.word("color", 50, ""),
        c.uint("id_category", 2, stated=False),
        c.word("theme_name", 255, "classic"),
        c.flag("active", 1),
        c.flag("deleted"),
    )
    currency = c.table(
        f"{prefix}currency",
        metadata,
        c.key("id_currency"),
        c.word("name", 64, ""),
        c.word("iso_code", 3, "EUR"),
        c.maybe("numeric_iso_code", String(3)),
        c.uint("precision", 2),
        c.rate("conversion_rate"),
        c.flag("deleted"),
        c.flag("active", 1),
    )
    configuration = c.table(
        f"{prefix}configuration",
        metadata,
        c.key("id_configuration"),
        c.maybe("id_shop_group"),
        c.maybe("id_shop"),
        c.word("name", 254),
        c.maybe("value", Text()),
        c.moment("date_add"),
        c.moment("date_upd"),
    )
    c.indexed(configuration, name=("name",), id_shop=("id_shop",), id_shop_group=("id_shop_group",))
    return {"shop": shop, "currency": currency, "configuration": configuration}


def _customers_and_products(metadata: MetaData, prefix: str) -> dict[str, Table]:
    customer = c.table(
        f"{prefix}customer",
        metadata,
        c.key("id_customer"),
        c.uint("id_shop_group", 1),
        c.uint("id_shop", 1),
        c.uint("id_gender", stated=False),
        c.uint("id_default_group", 3),
        c.word("firstname", 255),
        c.word("lastname", 255),
        c.word("email", 255),
        c.word("passwd", 255, "x"),
        c.word("secure_key", 32, "-1"),
        c.flag("active", 1),
        c.flag("is_guest"),
        c.flag("deleted"),
        c.moment("date_add"),
        c.moment("date_upd"),
    )
    product = c.table(
        f"{prefix}product",
        metadata,
        c.key("id_product"),
        c.uint("id_tax_rules_group", 1, stated=False),
        c.price("price"),
        c.maybe("reference", String(64)),
        c.flag("active", 1),
        c.moment("date_add"),
        c.moment("date_upd"),
    )
    product_lang = c.table(
        f"{prefix}product_lang",
        metadata,
        c.key("id_product", auto=False),
        c.key("id_shop", auto=False),
        c.key("id_lang", auto=False),
        c.word("link_rewrite", 128, "product"),
        c.word("name", 128),
    )
    c.indexed(customer, customer_email=("email",), id_shop=("id_shop", "date_add"))
    return {"customer": customer, "product": product, "product_lang": product_lang}


def _carts(metadata: MetaData, prefix: str) -> dict[str, Table]:
    cart = c.table(
        f"{prefix}cart",
        metadata,
        c.key("id_cart"),
        c.uint("id_shop_group", 1),
        c.uint("id_shop", 1),
        c.uint("id_carrier", 1, stated=False),
        c.words("delivery_option"),
        c.uint("id_lang", 1, stated=False),
        c.uint("id_address_delivery", 1, stated=False),
        c.uint("id_address_invoice", 1, stated=False),
        c.uint("id_currency", 1, stated=False),
        c.uint("id_customer", None),
        c.uint("id_guest", stated=False),
        c.word("secure_key", 32, "-1"),
        c.flag("allow_seperated_package"),
        c.moment("date_add"),
        c.moment("date_upd"),
    )
    cart_product = c.table(
        f"{prefix}cart_product",
        metadata,
        c.key("id_cart", auto=False),
        c.key("id_product", auto=False),
        c.key("id_product_attribute", auto=False, default=0),
        c.key("id_customization", auto=False, default=0),
        c.key("id_address_delivery", auto=False, default=0),
        c.uint("id_shop", 1),
        c.uint("quantity"),
        c.moment("date_add"),
    )
    c.indexed(cart, cart_customer=("id_customer",), id_shop=("id_shop", "date_add"), id_shop_2=("id_shop", "date_upd"))
    c.indexed(cart_product, id_cart_order=("id_cart", "date_add", "id_product", "id_product_attribute"))
    return {"cart": cart, "cart_product": cart_product}


def _module(metadata: MetaData, prefix: str) -> dict[str, Table]:
    payments = c.table(
        f"{prefix}mollie_payments",
        metadata,
        Column("transaction_id", String(64), primary_key=True),
        c.maybe("cart_id", Integer()),
        c.maybe("order_id", Integer()),
        c.maybe("order_reference", String(191)),
        c.maybe("mandate_id", String(64)),
        c.word("method", 128),
        c.word("bank_status", 64),
        c.maybe("reason", String(64)),
        c.moment("created_at"),
        c.moment("updated_at", nullable=True),
        charset="utf8mb3",
    )
    c.indexed(payments, cart_id=("cart_id", "order_reference"))
    return {"mollie_payments": payments}
