"""The questions behind the figures, each bounded to its days by an index.

The audit trail is read by its index on `at`. Attempts have none on the time of their making; but their ids are UUIDv7,
which begin with it, so that the primary key does.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Integer, and_, bindparam, case, cast, func, literal_column, null, or_, select

from bridge.adapters.ledger.columns import UtcDateTime
from bridge.adapters.ledger.tables import LedgerTables
from bridge.domain.attempt import AttemptState
from bridge.domain.cart import OrderPhase
from bridge.domain.records import RefundState
from bridge.domain.surplus import SURPLUS_KEY

_PROCEED: Final = '%"decision": "Proceed"%'
_SURPLUS: Final = '%"decision": "Surplus"%'
"""As the ledger writes an entry's detail, on every database."""

_ON_ITS_WAY: Final = (RefundState.QUEUED.value, RefundState.SENT.value, RefundState.REFUNDED.value)
_NOT_OURS: Final = (AttemptState.SURPLUS.value, AttemptState.HELD.value)

_EARLY: Final = timedelta(minutes=1)
"""An id is made before the time that is stored beside it, by the same clock."""

_LATE: Final = timedelta(hours=1)
"""Should it ever be made after: nothing that makes an attempt lasts as long."""


def lowest_id(since: datetime) -> str:
    """The lowest UUIDv7 that can be of an attempt made at `since` or later."""
    return _id_at(since - _EARLY)


def highest_id(until: datetime) -> str:
    """A UUIDv7 above those of all attempts made before `until`."""
    return _id_at(until + _LATE)


def _id_at(time: datetime) -> str:
    milliseconds = f"{int(time.timestamp() * 1000):012x}"
    return f"{milliseconds[:8]}-{milliseconds[8:]}-7000-8000-000000000000"


class FigureStatements:
    """All of them for one prefix and one kind of database."""

    def __init__(self, tables: LedgerTables, dialect: str) -> None:
        attempt = tables.attempt
        since = bindparam("since", type_=UtcDateTime())
        self.currency = func.coalesce(attempt.c.charged_currency, attempt.c.currency).label("currency")
        self.minor = func.coalesce(attempt.c.charged_minor, attempt.c.amount_minor)
        self._audit(tables, dialect)
        self._refunds(tables)
        self.money = select(attempt.c.transaction_id, self.currency, self.minor.label("minor")).where(
            attempt.c.transaction_id.in_(bindparam("wanted", expanding=True))
        )
        begun_on = func.date(attempt.c.created_at).label("day")
        self.begun = (
            select(begun_on, attempt.c.state, func.count().label("number"))
            .where(
                attempt.c.id.between(bindparam("lowest"), bindparam("highest")),
                attempt.c.created_at >= since,
                attempt.c.created_at < bindparam("until", type_=UtcDateTime()),
            )
            .group_by(begun_on, attempt.c.state)
        )
        # Every state is named, so that the index on state and last change leads to the few that have changed.
        every_state = attempt.c.state.in_(sorted(state.value for state in AttemptState))
        self.changed = select(begun_on).where(every_state, attempt.c.updated_at >= since).distinct()
        cart, inbox = tables.cart, tables.delivery
        self.unverified = (
            select(func.count().label("number"))
            .select_from(cart.join(attempt, attempt.c.transaction_id == cart.c.settled_transaction_id))
            .where(
                cart.c.order_phase == OrderPhase.STARTED.value,
                attempt.c.updated_at < bindparam("before", type_=UtcDateTime()),
            )
        )
        self.newest = select(inbox.c.received_at, inbox.c.source).order_by(inbox.c.received_at.desc()).limit(1)

    def _audit(self, tables: LedgerTables, dialect: str) -> None:
        audit, attempt = tables.audit, tables.attempt
        within = and_(
            audit.c.at >= bindparam("since", type_=UtcDateTime()), audit.c.at < bindparam("until", type_=UtcDateTime())
        )
        day = func.date(audit.c.at).label("day")
        decision = func.json_extract(audit.c.detail, "$.decision").label("decision")
        asked = audit.c.event.in_(("initiation.decided", "initiation.observed"))
        settled = audit.c.event.in_(("settlement.decided", "settlement.observed"))
        # By the text first: most entries go on as usual, and taking JSON apart costs more than finding a word.
        stood_in_the_way = and_(asked, audit.c.detail.not_like(_PROCEED))
        is_surplus = and_(settled, audit.c.detail.like(_SURPLUS))
        named = case((settled, audit.c.transaction_id), else_=null()).label("transaction_id")
        self.decided = (
            select(day, decision, named, func.count().label("number"))
            .where(within, or_(stood_in_the_way, is_surplus))
            .group_by(day, decision, named)
        )
        seconds = _seconds(dialect, attempt.c.created_at, audit.c.at).label("seconds")
        self.ordered = (
            select(day, seconds, func.count().label("number"))
            .select_from(audit.join(attempt, attempt.c.id == audit.c.attempt_id))
            .where(within, audit.c.event == "order.verified")
            .group_by(day, seconds)
        )

    def _refunds(self, tables: LedgerTables) -> None:
        attempt, refund, cart = tables.attempt, tables.refund, tables.cart
        day = func.date(refund.c.updated_at).label("day")
        own_cart = and_(cart.c.id_shop == refund.c.id_shop, cart.c.id_cart == refund.c.id_cart)
        by_policy = refund.c.idempotency_key.startswith(SURPLUS_KEY, autoescape=True)
        settled_otherwise = cart.c.settled_transaction_id != refund.c.transaction_id
        self.given_back = (
            select(day, refund.c.currency, func.count().label("number"), func.sum(refund.c.amount_minor).label("minor"))
            .select_from(refund.outerjoin(cart, own_cart))
            .where(
                refund.c.state == RefundState.REFUNDED.value,
                refund.c.updated_at >= bindparam("since", type_=UtcDateTime()),
                or_(by_policy, settled_otherwise),
            )
            .group_by(day, refund.c.currency)
        )
        going = and_(refund.c.transaction_id == attempt.c.transaction_id, refund.c.state.in_(_ON_ITS_WAY))
        self.unreturned = (
            select(self.currency, self.minor.label("paid"), func.sum(refund.c.amount_minor).label("returned"))
            .select_from(attempt.outerjoin(refund, going))
            .where(attempt.c.state.in_(_NOT_OURS))
            .group_by(attempt.c.id, self.currency, self.minor)
        )


def _seconds(dialect: str, earlier: ColumnElement[datetime], later: ColumnElement[datetime]) -> ColumnElement[int]:
    """Whole seconds between two times; SQLite counts in days."""
    if dialect == "sqlite":
        return cast(func.round((func.julianday(later) - func.julianday(earlier)) * 86_400), Integer)
    return func.timestampdiff(literal_column("SECOND"), earlier, later)
