"""The first six tables: cart, attempt, idempotency, delivery, refund, audit."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None

INNODB: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_ci"}


def moment() -> sa.types.TypeEngine[Any]:
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql")


def ascii_text(length: int) -> sa.types.TypeEngine[Any]:
    return sa.String(length).with_variant(mysql.VARCHAR(length, charset="ascii", collation="ascii_bin"), "mysql")


def uuid_text() -> sa.types.TypeEngine[Any]:
    return sa.String(36).with_variant(mysql.CHAR(36, charset="ascii", collation="ascii_bin"), "mysql")


def exact_text(length: int) -> sa.types.TypeEngine[Any]:
    return sa.String(length).with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), "mysql")


def unsigned() -> sa.types.TypeEngine[Any]:
    return sa.Integer().with_variant(mysql.INTEGER(unsigned=True), "mysql")


def big() -> sa.types.TypeEngine[Any]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def column(name: str, kind: sa.types.TypeEngine[Any], **options: Any) -> sa.Column[Any]:
    """A column that must have a value; `maybe` is for those that need not."""
    return sa.Column(name, kind, nullable=False, **options)


def maybe(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=True)


def create(name: str, *parts: sa.schema.SchemaItem, indexes: dict[str, Sequence[str]]) -> None:
    """Create what is not there yet: on the servers every statement commits, so a crash may have left a part."""
    table = f"{context.config.attributes['prefix']}molbridge_{name}"
    there = None if context.is_offline_mode() else sa.inspect(op.get_bind())
    if there is None or not there.has_table(table):
        op.create_table(table, *parts, **INNODB)
    known = {index["name"] for index in there.get_indexes(table)} if there is not None else set()
    for suffix, columns in indexes.items():
        if f"{table}_{suffix}" not in known:
            op.create_index(f"{table}_{suffix}", table, list(columns))


def unique(name: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"{context.config.attributes['prefix']}molbridge_{name}")


def upgrade() -> None:
    _cart()
    _attempt()
    _idempotency()
    _delivery()
    _refund()
    _audit()


def _cart() -> None:
    create(
        "cart",
        column("id_shop", unsigned(), autoincrement=False),
        column("id_cart", unsigned(), autoincrement=False),
        column("fence", big()),
        maybe("live_attempt_id", uuid_text()),
        maybe("settled_transaction_id", ascii_text(80)),
        column("order_phase", ascii_text(16)),
        maybe("lease_token", ascii_text(64)),
        maybe("lease_purpose", sa.String(64)),
        maybe("lease_holder", sa.String(191)),
        maybe("lease_taken_at", moment()),
        maybe("lease_expires_at", moment()),
        column("version", unsigned()),
        sa.PrimaryKeyConstraint("id_shop", "id_cart"),
        unique("cart_lease", "lease_token"),
        indexes={},
    )


def _attempt() -> None:
    create(
        "attempt",
        column("id", uuid_text()),
        column("id_shop", unsigned()),
        column("id_cart", unsigned()),
        maybe("live_cart_id", unsigned()),
        column("state", ascii_text(16)),
        maybe("transaction_id", ascii_text(64)),
        column("amount_minor", big()),
        column("currency", sa.CHAR(3)),
        maybe("charged_minor", big()),
        maybe("charged_currency", sa.CHAR(3)),
        column("id_customer", unsigned()),
        maybe("method", sa.String(64)),
        maybe("basket_hash", sa.String(191)),
        maybe("checkout_url", sa.String(2048)),
        maybe("mollie_key", ascii_text(64)),
        maybe("mollie_request", sa.Text()),
        column("created_at", moment()),
        column("updated_at", moment()),
        maybe("expires_at", moment()),
        maybe("processed_at", moment()),
        column("version", unsigned()),
        sa.PrimaryKeyConstraint("id"),
        unique("attempt_live", "id_shop", "live_cart_id"),
        unique("attempt_tx", "transaction_id"),
        indexes={"cart": ["id_shop", "id_cart"]},
    )


def _idempotency() -> None:
    create(
        "idempotency",
        column("scope", ascii_text(64)),
        column("idempotency_key", exact_text(255)),
        column("fingerprint", ascii_text(128)),
        column("state", ascii_text(16)),
        maybe("attempt_id", uuid_text()),
        maybe("status", sa.SmallInteger()),
        maybe("body", sa.Text()),
        maybe("locked_until", moment()),
        column("expires_at", moment()),
        sa.PrimaryKeyConstraint("scope", "idempotency_key"),
        indexes={"expiry": ["expires_at"]},
    )


def _delivery() -> None:
    create(
        "delivery",
        column("id", uuid_text()),
        column("transaction_id", ascii_text(64)),
        column("source", ascii_text(32)),
        column("state", ascii_text(16)),
        maybe("id_shop", unsigned()),
        maybe("id_cart", unsigned()),
        maybe("query", sa.Text()),
        column("tries", unsigned()),
        maybe("next_try_at", moment()),
        maybe("seen_id", ascii_text(64)),
        maybe("seen_status", ascii_text(32)),
        maybe("seen_refunded", big()),
        maybe("seen_charged_back", big()),
        maybe("decision", ascii_text(32)),
        maybe("last_error", sa.Text()),
        column("received_at", moment()),
        column("updated_at", moment()),
        sa.PrimaryKeyConstraint("id"),
        indexes={"due": ["state", "next_try_at"], "tx": ["transaction_id"]},
    )


def _refund() -> None:
    create(
        "refund",
        column("id", uuid_text()),
        column("id_shop", unsigned()),
        column("id_cart", unsigned()),
        column("attempt_id", uuid_text()),
        column("transaction_id", ascii_text(64)),
        column("amount_minor", big()),
        column("currency", sa.CHAR(3)),
        column("reason", sa.Text()),
        column("idempotency_key", ascii_text(64)),
        column("state", ascii_text(16)),
        maybe("mollie_refund_id", ascii_text(64)),
        maybe("last_error", sa.Text()),
        column("created_at", moment()),
        column("updated_at", moment()),
        sa.PrimaryKeyConstraint("id"),
        unique("refund_key", "idempotency_key"),
        indexes={"tx": ["transaction_id"], "state": ["state", "created_at"]},
    )


def _audit() -> None:
    create(
        "audit",
        column("id", big(), autoincrement=True),
        column("at", moment()),
        column("event", ascii_text(64)),
        maybe("id_shop", unsigned()),
        maybe("id_cart", unsigned()),
        maybe("attempt_id", uuid_text()),
        maybe("transaction_id", ascii_text(64)),
        column("detail", sa.Text()),
        sa.PrimaryKeyConstraint("id"),
        indexes={"cart": ["id_shop", "id_cart"], "at": ["at"]},
    )
