"""The statements of the queues, built once."""

from __future__ import annotations

from sqlalchemy import (
    ColumnElement,
    Delete,
    Integer,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    case,
    exists,
    func,
    null,
    or_,
    select,
)

from bridge.adapters.ledger.tables import LedgerTables
from bridge.domain.attempt import LIVE, AttemptState
from bridge.domain.cart import OrderPhase
from bridge.domain.notices import NoticeState
from bridge.domain.records import UNFINISHED, DeliveryState, RefundState

PRUNE_STEP = 500
"""Rows that one statement of the pruning removes: a transaction of milliseconds."""

WAITING = (DeliveryState.RECEIVED.value, DeliveryState.FAILED.value, DeliveryState.WORKING.value)
"""Deliveries that are still to be done; `working` counts, since who worked on it may have died."""

_UNFINISHED = tuple(sorted(state.value for state in UNFINISHED))
_MOST = bindparam("most", type_=Integer)


class DeliveryQueue:
    """The inbox."""

    def __init__(self, tables: LedgerTables) -> None:
        inbox = tables.delivery
        this = inbox.c.id == bindparam("wanted")
        due = and_(inbox.c.state.in_(WAITING), _is_due(inbox))
        oldest = inbox.c.received_at, inbox.c.id
        idle = inbox.c.state.in_((DeliveryState.RECEIVED.value, DeliveryState.FAILED.value))
        self.find = inbox.select().where(this)
        self.due = inbox.select().where(due).order_by(*oldest).limit(_MOST)
        self.claim = _claim(inbox, due, state=DeliveryState.WORKING.value, updated_at=bindparam("claimed_at"))
        self.waiting = (
            select(inbox.c.id, inbox.c.next_try_at)
            .where(inbox.c.transaction_id == bindparam("tx"), idle)
            .order_by(*oldest)
            .limit(1)
        )
        # Taken up before its time it has not been given one of its tries: whoever asks often does not use them up.
        in_time = case((_is_due(inbox), 1), else_=0)
        self.take = _claim(
            inbox,
            idle,
            state=DeliveryState.WORKING.value,
            updated_at=bindparam("claimed_at"),
            tries=inbox.c.tries + in_time,
        )
        # In this order: MariaDB and MySQL give the second column's expression the first one's new value.
        early = and_(inbox.c.next_try_at > bindparam("due_by"), inbox.c.tries > 0)
        self.hasten = (
            inbox.update()
            .where(this, idle)
            .ordered_values(
                (inbox.c.tries, inbox.c.tries - case((early, 1), else_=0)), (inbox.c.next_try_at, bindparam("at"))
            )
        )
        in_states = inbox.select().where(inbox.c.state.in_(bindparam("states", expanding=True))).order_by(*oldest)
        own = and_(inbox.c.id_shop == bindparam("shop"), inbox.c.id_cart == bindparam("cart"))
        self.in_states = in_states.limit(_MOST)
        self.of_cart = in_states.where(own).limit(_MOST)
        self.reopen = (
            inbox.update()
            .where(this, inbox.c.state != DeliveryState.WORKING.value)
            .values(
                state=DeliveryState.RECEIVED.value,
                source="replay",
                tries=0,
                next_try_at=bindparam("at"),
                updated_at=bindparam("claimed_at"),
            )
        )
        self.cover = (
            inbox.update()
            .where(
                inbox.c.transaction_id == bindparam("tx"),
                inbox.c.state.in_((DeliveryState.FAILED.value, DeliveryState.DEAD.value)),
                inbox.c.received_at <= bindparam("before"),
                inbox.c.id != bindparam("this"),
            )
            .values(
                state=DeliveryState.DONE.value,
                next_try_at=None,
                last_error=bindparam("why"),
                updated_at=bindparam("at"),
                passed_on=0,
            )
        )
        done = and_(inbox.c.state == DeliveryState.DONE.value, inbox.c.received_at < bindparam("limit_at"))
        self.prune = _a_step(inbox, done)
        self.strays = _strays(inbox, *WAITING)
        self.count = _count(inbox, (*WAITING, DeliveryState.DEAD.value))


class RefundQueue:
    """Unfinished refunds."""

    def __init__(self, tables: LedgerTables) -> None:
        refund = tables.refund
        oldest = refund.c.created_at, refund.c.id
        due = and_(refund.c.state.in_(_UNFINISHED), _is_due(refund))
        self.find = refund.select().where(refund.c.id == bindparam("wanted"))
        self.due = refund.select().where(due).order_by(*oldest).limit(_MOST)
        self.claim = _claim(refund, due)
        taken = and_(refund.c.state == RefundState.REFUNDED.value, refund.c.next_try_at <= bindparam("due_by"))
        self.doubtful = refund.select().where(taken).order_by(refund.c.next_try_at, refund.c.id).limit(_MOST)
        self.look = refund.update().where(refund.c.id == bindparam("wanted"), taken)
        self.look = self.look.values(next_try_at=bindparam("until"))
        self.in_states = (
            refund.select()
            .where(refund.c.state.in_(bindparam("states", expanding=True)))
            .order_by(*oldest)
            .limit(_MOST)
        )
        self.strays = _strays(refund, *_UNFINISHED, RefundState.REFUNDED.value)
        self.count = _count(refund, (*_UNFINISHED, RefundState.PROPOSED.value, RefundState.FAILED.value))


class NoticeQueue:
    """Notices that are not sent yet."""

    def __init__(self, tables: LedgerTables) -> None:
        notice = tables.notice
        due = and_(notice.c.state == NoticeState.WAITING.value, _is_due(notice))
        self.find = notice.select().where(notice.c.id == bindparam("wanted"))
        self.due = notice.select().where(due).order_by(notice.c.at, notice.c.id).limit(_MOST)
        self.claim = _claim(notice, due)
        sent = and_(notice.c.state == NoticeState.SENT.value, notice.c.at < bindparam("limit_at"))
        self.prune = _a_step(notice, sent)
        self.strays = _strays(notice, NoticeState.WAITING.value)
        self.count = _count(notice, (NoticeState.WAITING.value, NoticeState.DEAD.value))


class TaskStatements:
    """Who does what one sidecar does at a time."""

    def __init__(self, tables: LedgerTables) -> None:
        task = tables.task
        this = task.c.name == bindparam("wanted")
        # Held until a time that is too far away it was by a clock that was wrong.
        over = or_(task.c.held_until <= bindparam("at"), task.c.held_until > bindparam("far_by"))
        free = or_(over, task.c.holder == bindparam("mine"))
        self.insert = task.insert()
        self.take = task.update().where(this, free).values(holder=bindparam("taker"), held_until=bindparam("until"))
        self.end = (
            task.update()
            .where(this, task.c.holder == bindparam("mine"))
            .values(held_until=bindparam("at"), ended_at=bindparam("ended"))
        )


class LeftoverStatements:
    """What a crash, or a shopper who never came back, left lying; and how much there is of what."""

    def __init__(self, tables: LedgerTables) -> None:
        attempt = tables.attempt
        live = attempt.c.state.in_(sorted(state.value for state in LIVE))
        superseded = and_(attempt.c.state == AttemptState.SUPERSEDED.value, attempt.c.transaction_id.is_not(None))
        self.unchecked = (
            attempt.select()
            .where(
                or_(live, superseded),
                attempt.c.updated_at <= bindparam("quiet_since"),
                attempt.c.created_at >= bindparam("made_after"),
                or_(
                    attempt.c.updated_at <= bindparam("silent_since"),
                    attempt.c.expires_at <= bindparam("at"),
                    attempt.c.transaction_id.is_(None),
                ),
            )
            .order_by(attempt.c.updated_at, attempt.c.id)
            .limit(_MOST)
        )
        self.unfinished = self._unfinished(tables)
        self.live = select(func.count()).select_from(attempt).where(live)
        paid = attempt.c.state.in_((AttemptState.AUTHORIZED.value, AttemptState.PAID.value))
        self.completed = (
            select(func.count())
            .select_from(attempt)
            .where(paid, attempt.c.updated_at >= bindparam("since"), attempt.c.processed_at >= bindparam("since_"))
        )
        self.prune_keys = _a_step(tables.idempotency, tables.idempotency.c.expires_at <= bindparam("limit_at"))
        self.prune_audit = _a_step(tables.audit, tables.audit.c.at < bindparam("limit_at"))

    @staticmethod
    def _unfinished(tables: LedgerTables) -> Select[tuple[object, ...]]:
        cart, inbox = tables.cart, tables.delivery
        looked_after = exists().where(
            inbox.c.transaction_id == cart.c.settled_transaction_id,
            inbox.c.state.in_((*WAITING, DeliveryState.DEAD.value)),
        )
        return (
            cart.select()
            .where(
                cart.c.order_phase == OrderPhase.STARTED.value,
                cart.c.settled_transaction_id.is_not(None),
                ~looked_after,
            )
            .limit(_MOST)
        )


class QueueStatements:
    """All of them for one prefix."""

    def __init__(self, tables: LedgerTables) -> None:
        self.delivery = DeliveryQueue(tables)
        self.refund = RefundQueue(tables)
        self.notice = NoticeQueue(tables)
        self.task = TaskStatements(tables)
        self.leftover = LeftoverStatements(tables)


def _is_due(table: Table) -> ColumnElement[bool]:
    """Without a time of its next try it is due at once: nothing may wait for ever.

    No value of an update may be named as a column, and `at` is one of the notices'.
    """
    return or_(table.c.next_try_at.is_(null()), table.c.next_try_at <= bindparam("due_by"))


def _strays(table: Table, *states: str) -> Update:
    """Make due what a wrong clock planned. Not with the looks for what is due: they would lose their index by it."""
    far = and_(table.c.state.in_(states), table.c.next_try_at > bindparam("far_by"))
    return table.update().where(far).values(next_try_at=bindparam("due_by"))


def _claim(table: Table, condition: ColumnElement[bool], **values: object) -> Update:
    """Take one row where the condition still holds; the try is counted with it, so that a worker's death counts."""
    taken = {"next_try_at": bindparam("until"), "tries": table.c.tries + 1, **values}
    return table.update().where(table.c.id == bindparam("wanted"), condition).values(**taken)


def _count(table: Table, states: tuple[str, ...]) -> Select[tuple[str, int]]:
    return select(table.c.state, func.count()).where(table.c.state.in_(states)).group_by(table.c.state)


def _a_step(table: Table, condition: ColumnElement[bool]) -> Delete:
    """Delete up to `PRUNE_STEP` rows; SQLite, which knows no such limit, deletes them all at once."""
    return table.delete().where(condition).with_dialect_options(mysql_limit=PRUNE_STEP)
