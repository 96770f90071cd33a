"""The statements of the ledger, built once: SQLAlchemy then compiles each a single time. Initiations read packed."""

from __future__ import annotations

from sqlalchemy import Integer, and_, bindparam, or_, select

from bridge.adapters.ledger.tables import LedgerTables
from bridge.adapters.packed_rows import PackedSelect
from bridge.adapters.prepared import Prepared
from bridge.domain.records import DeliveryState


class CartStatements:
    """The cart's row."""

    def __init__(self, tables: LedgerTables) -> None:
        cart = tables.cart
        this = and_(cart.c.id_shop == bindparam("shop"), cart.c.id_cart == bindparam("cart"))
        self.find = PackedSelect(cart.select().where(this))
        self.lock = PackedSelect(cart.select().where(this).with_for_update())
        self.insert = Prepared(cart.insert())
        self.update = Prepared(cart.update().where(this, cart.c.version == bindparam("read_version")))
        self.leased_by = cart.select().where(cart.c.lease_token == bindparam("token"))
        self.leased = cart.select().where(cart.c.lease_token.is_not(None)).order_by(cart.c.lease_taken_at)


class AttemptStatements:
    """Payment attempts."""

    def __init__(self, tables: LedgerTables) -> None:
        attempt = tables.attempt
        own = and_(attempt.c.id_shop == bindparam("shop"), attempt.c.id_cart == bindparam("cart"))
        self.find = attempt.select().where(attempt.c.id == bindparam("wanted"))
        self.find_by_transaction = attempt.select().where(attempt.c.transaction_id == bindparam("wanted"))
        self.of_cart = PackedSelect(attempt.select().where(own).order_by(attempt.c.created_at, attempt.c.id))
        self.insert = Prepared(attempt.insert())
        read = and_(own, attempt.c.id == bindparam("wanted"), attempt.c.version == bindparam("read_version"))
        self.update = Prepared(attempt.update().where(read))


class KeyStatements:
    """Idempotency keys."""

    def __init__(self, tables: LedgerTables) -> None:
        keys = tables.idempotency
        this = and_(keys.c.scope == bindparam("wanted_scope"), keys.c.idempotency_key == bindparam("wanted_key"))
        self.find = PackedSelect(keys.select().where(this))
        self.insert = Prepared(keys.insert())
        # The caller's own row, or the expired one that it has seen: never one that came in between.
        mine = keys.c.fingerprint == bindparam("mine")
        seen = and_(keys.c.fingerprint == bindparam("seen"), keys.c.expires_at == bindparam("seen_expiry"))
        self.replace = Prepared(keys.update().where(this, or_(mine, seen)))


class DeliveryStatements:
    """Deliveries by their id, and the news that was passed on."""

    def __init__(self, tables: LedgerTables) -> None:
        inbox = tables.delivery
        self.find = inbox.select().where(inbox.c.id == bindparam("wanted"))
        self.insert = inbox.insert()
        self.update = inbox.update().where(inbox.c.id == bindparam("wanted"))
        self.passed_on = (
            select(inbox.c.seen_status, inbox.c.seen_refunded, inbox.c.seen_charged_back)
            .where(
                inbox.c.transaction_id == bindparam("tx"),
                inbox.c.state == DeliveryState.DONE.value,
                inbox.c.passed_on == 1,
                inbox.c.id != bindparam("this"),
            )
            .order_by(inbox.c.updated_at.desc(), inbox.c.id.desc())
            .limit(1)
        )


class RefundStatements:
    """Refunds of a transaction."""

    def __init__(self, tables: LedgerTables) -> None:
        refund = tables.refund
        self.insert = refund.insert()
        self.update = refund.update().where(refund.c.id == bindparam("wanted"))
        self.of_transaction = (
            refund.select().where(refund.c.transaction_id == bindparam("tx")).order_by(refund.c.created_at, refund.c.id)
        )


class AuditStatements:
    """The audit trail."""

    def __init__(self, tables: LedgerTables) -> None:
        audit = tables.audit
        self.insert = Prepared(audit.insert())
        self.newest = (
            audit.select()
            .where(audit.c.id_shop == bindparam("shop"), audit.c.id_cart == bindparam("cart"))
            .order_by(audit.c.id.desc())
            .limit(bindparam("most", type_=Integer))
        )


class NoticeStatements:
    """Notices."""

    def __init__(self, tables: LedgerTables) -> None:
        notice = tables.notice
        self.insert = notice.insert()
        self.update = notice.update().where(notice.c.id == bindparam("wanted"))


class Statements:
    """All of them for one prefix."""

    def __init__(self, tables: LedgerTables) -> None:
        self.cart = CartStatements(tables)
        self.attempt = AttemptStatements(tables)
        self.key = KeyStatements(tables)
        self.delivery = DeliveryStatements(tables)
        self.refund = RefundStatements(tables)
        self.audit = AuditStatements(tables)
        self.notice = NoticeStatements(tables)
