"""Every statement of the ledger, built once: SQLAlchemy then compiles each a single time."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Delete, Integer, Table, and_, bindparam, or_

from bridge.adapters.ledger.tables import LedgerTables
from bridge.domain.records import DeliveryState

PRUNE_STEP = 500
"""Rows that one statement of the pruning removes: a transaction of milliseconds."""

WAITING = (DeliveryState.RECEIVED.value, DeliveryState.FAILED.value, DeliveryState.WORKING.value)
"""Deliveries that are still to be done; `working` counts, since who worked on it may have died."""


class CartStatements:
    """The cart's row."""

    def __init__(self, tables: LedgerTables) -> None:
        cart = tables.cart
        this = and_(cart.c.id_shop == bindparam("shop"), cart.c.id_cart == bindparam("cart"))
        self.find = cart.select().where(this)
        self.lock = self.find.with_for_update()
        self.insert = cart.insert()
        self.update = cart.update().where(this, cart.c.version == bindparam("read_version"))
        self.leased_by = cart.select().where(cart.c.lease_token == bindparam("token"))
        self.leased = cart.select().where(cart.c.lease_token.is_not(None)).order_by(cart.c.lease_taken_at)


class AttemptStatements:
    """Payment attempts."""

    def __init__(self, tables: LedgerTables) -> None:
        attempt = tables.attempt
        own = and_(attempt.c.id_shop == bindparam("shop"), attempt.c.id_cart == bindparam("cart"))
        self.find = attempt.select().where(attempt.c.id == bindparam("wanted"))
        self.find_by_transaction = attempt.select().where(attempt.c.transaction_id == bindparam("wanted"))
        self.of_cart = attempt.select().where(own).order_by(attempt.c.created_at, attempt.c.id)
        self.insert = attempt.insert()
        self.update = attempt.update().where(
            own, attempt.c.id == bindparam("wanted"), attempt.c.version == bindparam("read_version")
        )


class KeyStatements:
    """Idempotency keys."""

    def __init__(self, tables: LedgerTables) -> None:
        keys = tables.idempotency
        this = and_(keys.c.scope == bindparam("wanted_scope"), keys.c.idempotency_key == bindparam("wanted_key"))
        self.find = keys.select().where(this)
        self.insert = keys.insert()
        # The caller's own row, or the expired one that it has seen: never one that came in between.
        mine = keys.c.fingerprint == bindparam("mine")
        seen = and_(keys.c.fingerprint == bindparam("seen"), keys.c.expires_at == bindparam("seen_expiry"))
        self.replace = keys.update().where(this, or_(mine, seen))
        self.prune = _a_step(keys, keys.c.expires_at <= bindparam("limit_at"))


class DeliveryStatements:
    """The inbox."""

    def __init__(self, tables: LedgerTables) -> None:
        inbox = tables.delivery
        due = and_(
            inbox.c.state.in_(WAITING),
            # Without a time of its next try it is due at once: nothing may wait for ever.
            or_(inbox.c.next_try_at.is_(None), inbox.c.next_try_at <= bindparam("at")),
        )
        self.find = inbox.select().where(inbox.c.id == bindparam("wanted"))
        self.insert = inbox.insert()
        self.update = inbox.update().where(inbox.c.id == bindparam("wanted"))
        self.due = (
            inbox.select().where(due).order_by(inbox.c.received_at, inbox.c.id).limit(bindparam("most", type_=Integer))
        )
        self.claim = (
            inbox.update()
            .where(inbox.c.id == bindparam("wanted"), due)
            .values(
                state=DeliveryState.WORKING.value,
                next_try_at=bindparam("until"),
                updated_at=bindparam("claimed_at"),
            )
        )


class RefundStatements:
    """Refunds."""

    def __init__(self, tables: LedgerTables) -> None:
        refund = tables.refund
        oldest = refund.c.created_at, refund.c.id
        self.insert = refund.insert()
        self.update = refund.update().where(refund.c.id == bindparam("wanted"))
        self.of_transaction = refund.select().where(refund.c.transaction_id == bindparam("tx")).order_by(*oldest)
        self.in_states = (
            refund.select()
            .where(refund.c.state.in_(bindparam("states", expanding=True)))
            .order_by(*oldest)
            .limit(bindparam("most", type_=Integer))
        )


class AuditStatements:
    """The audit trail."""

    def __init__(self, tables: LedgerTables) -> None:
        audit = tables.audit
        self.insert = audit.insert()
        self.newest = (
            audit.select()
            .where(audit.c.id_shop == bindparam("shop"), audit.c.id_cart == bindparam("cart"))
            .order_by(audit.c.id.desc())
            .limit(bindparam("most", type_=Integer))
        )
        self.prune = _a_step(audit, audit.c.at < bindparam("limit_at"))


class Statements:
    """All of them for one prefix."""

    def __init__(self, tables: LedgerTables) -> None:
        self.cart = CartStatements(tables)
        self.attempt = AttemptStatements(tables)
        self.key = KeyStatements(tables)
        self.delivery = DeliveryStatements(tables)
        self.refund = RefundStatements(tables)
        self.audit = AuditStatements(tables)


def _a_step(table: Table, condition: ColumnElement[bool]) -> Delete:
    """Delete up to `PRUNE_STEP` rows; SQLite, which knows no such limit, deletes them all at once."""
    return table.delete().where(condition).with_dialect_options(mysql_limit=PRUNE_STEP)
