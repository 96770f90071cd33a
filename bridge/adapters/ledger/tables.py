"""The bridge's tables under `<prefix>molbridge_`, as the running program sees them.

The migrations make them; a test holds the two together. Times are UTC with microseconds, amounts minor units.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import CHAR, Column, Index, MetaData, PrimaryKeyConstraint, SmallInteger, Table, UniqueConstraint

from bridge.adapters.ledger.columns import INNODB, UtcDateTime, ascii_text, big, exact_text, text, unsigned, uuid_text
from bridge.domain.errors import ConfigurationError

_PREFIX = re.compile(r"[A-Za-z0-9_]{0,32}")
"""MySQL allows 64 characters in a name; the longest of ours takes 28 of them after the prefix."""


def checked_prefix(prefix: str) -> str:
    """The prefix, which goes into names and so into SQL; raises `ConfigurationError` for one that can not be meant."""
    if not _PREFIX.fullmatch(prefix):
        raise ConfigurationError([f"table prefix {prefix!r}: only letters, digits and _ are possible, 32 at most"])
    return prefix


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerTables:
    """The tables of one prefix."""

    metadata: MetaData
    cart: Table
    attempt: Table
    idempotency: Table
    delivery: Table
    refund: Table
    audit: Table
    notice: Table
    task: Table


def ledger_tables(prefix: str) -> LedgerTables:
    """Describe the tables under `prefix`; nothing is created."""
    metadata = MetaData()
    name = f"{checked_prefix(prefix)}molbridge_"
    return LedgerTables(
        metadata=metadata,
        cart=_cart(metadata, f"{name}cart"),
        attempt=_attempt(metadata, f"{name}attempt"),
        idempotency=_idempotency(metadata, f"{name}idempotency"),
        delivery=_delivery(metadata, f"{name}delivery"),
        refund=_refund(metadata, f"{name}refund"),
        audit=_audit(metadata, f"{name}audit"),
        notice=_notice(metadata, f"{name}notice"),
        task=_task(metadata, f"{name}task"),
    )


def _cart(metadata: MetaData, name: str) -> Table:
    """The row that is locked while anything about a cart is decided."""
    return Table(
        name,
        metadata,
        Column("id_shop", unsigned(), nullable=False, autoincrement=False),
        Column("id_cart", unsigned(), nullable=False, autoincrement=False),
        Column("fence", big(), nullable=False),
        Column("live_attempt_id", uuid_text()),
        # Wider than a transaction id: `module:<name>` stands here when another payment module made the order.
        Column("settled_transaction_id", ascii_text(80)),
        Column("order_phase", ascii_text(16), nullable=False),
        Column("lease_token", ascii_text(64)),
        Column("lease_purpose", text(64)),
        Column("lease_holder", text(191)),
        Column("lease_taken_at", UtcDateTime()),
        Column("lease_expires_at", UtcDateTime()),
        Column("version", unsigned(), nullable=False),
        PrimaryKeyConstraint("id_shop", "id_cart"),
        UniqueConstraint("lease_token", name=f"{name}_lease"),
        Index(f"{name}_phase", "order_phase"),
        **INNODB,
    )


def _attempt(metadata: MetaData, name: str) -> Table:
    """One try at paying a cart. `live_cart_id` is `id_cart` while the attempt is live, so that one unique key says it.

    NULLs do not collide in a unique key, on all three databases: any number of attempts that are not live may stand
    beside the one that is.
    """
    return Table(
        name,
        metadata,
        Column("id", uuid_text(), nullable=False),
        Column("id_shop", unsigned(), nullable=False),
        Column("id_cart", unsigned(), nullable=False),
        Column("live_cart_id", unsigned()),
        Column("state", ascii_text(16), nullable=False),
        Column("transaction_id", ascii_text(64)),
        Column("amount_minor", big(), nullable=False),
        Column("currency", CHAR(3), nullable=False),
        Column("charged_minor", big()),
        Column("charged_currency", CHAR(3)),
        Column("id_customer", unsigned(), nullable=False),
        Column("method", text(64)),
        Column("basket_hash", text(191)),
        Column("checkout_url", text(2048)),
        Column("mollie_key", ascii_text(64)),
        Column("mollie_request", text()),
        Column("created_at", UtcDateTime(), nullable=False),
        Column("updated_at", UtcDateTime(), nullable=False),
        Column("expires_at", UtcDateTime()),
        Column("processed_at", UtcDateTime()),
        Column("version", unsigned(), nullable=False),
        PrimaryKeyConstraint("id"),
        UniqueConstraint("id_shop", "live_cart_id", name=f"{name}_live"),
        UniqueConstraint("transaction_id", name=f"{name}_tx"),
        Index(f"{name}_cart", "id_shop", "id_cart"),
        Index(f"{name}_state", "state", "updated_at"),
        **INNODB,
    )


def _idempotency(metadata: MetaData, name: str) -> Table:
    """The idempotency keys in use, and the answers that they get again."""
    return Table(
        name,
        metadata,
        Column("scope", ascii_text(64), nullable=False),
        Column("idempotency_key", exact_text(255), nullable=False),
        Column("fingerprint", ascii_text(128), nullable=False),
        Column("state", ascii_text(16), nullable=False),
        Column("attempt_id", uuid_text()),
        Column("status", SmallInteger()),
        Column("body", text()),
        Column("locked_until", UtcDateTime()),
        Column("expires_at", UtcDateTime(), nullable=False),
        PrimaryKeyConstraint("scope", "idempotency_key"),
        Index(f"{name}_expiry", "expires_at"),
        **INNODB,
    )


def _delivery(metadata: MetaData, name: str) -> Table:
    """The inbox: one row for each webhook call."""
    return Table(
        name,
        metadata,
        Column("id", uuid_text(), nullable=False),
        Column("transaction_id", ascii_text(64), nullable=False),
        Column("source", ascii_text(32), nullable=False),
        Column("state", ascii_text(16), nullable=False),
        Column("id_shop", unsigned()),
        Column("id_cart", unsigned()),
        Column("query", text()),
        Column("tries", unsigned(), nullable=False),
        Column("next_try_at", UtcDateTime()),
        Column("seen_id", ascii_text(64)),
        Column("seen_status", ascii_text(32)),
        Column("seen_refunded", big()),
        Column("seen_charged_back", big()),
        Column("decision", ascii_text(32)),
        Column("last_error", text()),
        Column("received_at", UtcDateTime(), nullable=False),
        Column("updated_at", UtcDateTime(), nullable=False),
        Column("passed_on", SmallInteger(), nullable=False, server_default="0"),
        PrimaryKeyConstraint("id"),
        Index(f"{name}_due", "state", "next_try_at"),
        Index(f"{name}_tx", "transaction_id"),
        Index(f"{name}_age", "received_at"),
        **INNODB,
    )


def _refund(metadata: MetaData, name: str) -> Table:
    """Money on its way back; the idempotency key is stored before anything is sent."""
    return Table(
        name,
        metadata,
        Column("id", uuid_text(), nullable=False),
        Column("id_shop", unsigned(), nullable=False),
        Column("id_cart", unsigned(), nullable=False),
        Column("attempt_id", uuid_text(), nullable=False),
        Column("transaction_id", ascii_text(64), nullable=False),
        Column("amount_minor", big(), nullable=False),
        Column("currency", CHAR(3), nullable=False),
        Column("reason", text(), nullable=False),
        Column("idempotency_key", ascii_text(64), nullable=False),
        Column("state", ascii_text(16), nullable=False),
        Column("mollie_refund_id", ascii_text(64)),
        Column("last_error", text()),
        Column("created_at", UtcDateTime(), nullable=False),
        Column("updated_at", UtcDateTime(), nullable=False),
        Column("kind", ascii_text(16), nullable=False, server_default="refund"),
        Column("tries", unsigned(), nullable=False, server_default="0"),
        Column("next_try_at", UtcDateTime()),
        Column("taken_at", UtcDateTime()),
        PrimaryKeyConstraint("id"),
        UniqueConstraint("idempotency_key", name=f"{name}_key"),
        Index(f"{name}_tx", "transaction_id"),
        Index(f"{name}_state", "state", "created_at"),
        Index(f"{name}_due", "state", "next_try_at"),
        # One refund at Mollie is claimed by one of ours, whatever two processes find out at the same moment.
        Index(f"{name}_mollie", "mollie_refund_id", unique=True),
        **INNODB,
    )


def _audit(metadata: MetaData, name: str) -> Table:
    """What was decided and why, one row for each event, never changed."""
    return Table(
        name,
        metadata,
        Column("id", big(), nullable=False, autoincrement=True),
        Column("at", UtcDateTime(), nullable=False),
        Column("event", ascii_text(64), nullable=False),
        Column("id_shop", unsigned()),
        Column("id_cart", unsigned()),
        Column("attempt_id", uuid_text()),
        Column("transaction_id", ascii_text(64)),
        Column("detail", text(), nullable=False),
        PrimaryKeyConstraint("id"),
        Index(f"{name}_cart", "id_shop", "id_cart"),
        Index(f"{name}_at", "at"),
        **INNODB,
    )


def _notice(metadata: MetaData, name: str) -> Table:
    """What the merchant is to be told, one row for each case and channel."""
    return Table(
        name,
        metadata,
        Column("id", uuid_text(), nullable=False),
        Column("notice_case", ascii_text(128), nullable=False),
        Column("channel", ascii_text(16), nullable=False),
        Column("kind", ascii_text(32), nullable=False),
        Column("id_shop", unsigned()),
        Column("id_cart", unsigned()),
        Column("transaction_id", ascii_text(64)),
        Column("amount_minor", big()),
        Column("currency", CHAR(3)),
        Column("detail", text(), nullable=False),
        Column("state", ascii_text(16), nullable=False),
        Column("tries", unsigned(), nullable=False),
        Column("next_try_at", UtcDateTime()),
        Column("last_error", text()),
        Column("at", UtcDateTime(), nullable=False),
        PrimaryKeyConstraint("id"),
        UniqueConstraint("notice_case", "channel", name=f"{name}_once"),
        Index(f"{name}_due", "state", "next_try_at"),
        **INNODB,
    )


def _task(metadata: MetaData, name: str) -> Table:
    """Work that one sidecar does at a time, and who does it until when."""
    return Table(
        name,
        metadata,
        Column("name", ascii_text(32), nullable=False),
        Column("holder", text(191), nullable=False),
        Column("held_until", UtcDateTime(), nullable=False),
        Column("ended_at", UtcDateTime()),
        PrimaryKeyConstraint("name"),
        **INNODB,
    )
