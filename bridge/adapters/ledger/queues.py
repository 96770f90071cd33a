"""The queues in MariaDB, MySQL or SQLite."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable, Row
from sqlalchemy.exc import IntegrityError

from bridge.adapters.ledger.faults import translated
from bridge.adapters.ledger.notice_rows import notice_values, to_notice
from bridge.adapters.ledger.queue_statements import PRUNE_STEP, QueueStatements
from bridge.adapters.ledger.rows import (
    Values,
    to_attempt,
    to_delivery,
    to_refund,
    to_state,
)
from bridge.adapters.ledger.sessions import Sessions
from bridge.adapters.ledger.statements import Statements
from bridge.adapters.ledger.tables import LedgerTables
from bridge.adapters.ledger.upsert import update_or_insert
from bridge.domain.attempt import Attempt
from bridge.domain.cart import CartRef, CartState
from bridge.domain.notices import Notice
from bridge.domain.records import Delivery, DeliveryState, Refund, RefundState
from bridge.ports.queues import FARTHEST, Figures, covered_by

T = TypeVar("T")


class SqlQueues:
    """`bridge.ports.queues.Queues` on the ledger's sessions."""

    def __init__(self, sessions: Sessions, tables: LedgerTables, statements: Statements) -> None:
        self._sessions = sessions
        self._sql = QueueStatements(tables)
        self._notice = statements.notice
        self._refund = statements.refund

    # --- deliveries -----------------------------------------------------------------------------------------------

    def due_deliveries(self, now: datetime, limit: int) -> tuple[Delivery, ...]:
        """Deliveries to be tried now, oldest first; those whose worker did not finish in time are among them."""
        return tuple(to_delivery(row) for row in self._rows(self._sql.delivery.due, {"due_by": now, "most": limit}))

    def claim_delivery(self, delivery_id: str, now: datetime, until: datetime) -> Delivery | None:
        """Take a due delivery: it is `working`, and due again at `until` should its worker die."""
        values = {"due_by": now, "until": until, "claimed_at": now}
        row = self._claim(self._sql.delivery.claim, self._sql.delivery.find, delivery_id, values)
        return to_delivery(row) if row is not None else None

    def take_waiting(self, transaction_id: str, now: datetime, until: datetime) -> Delivery | None:
        """Take the oldest delivery of the transaction that nobody works on."""
        values = {"until": until, "claimed_at": now, "due_by": now}
        taken, planned_at = self._waiting(self._sql.delivery.take, transaction_id, values)
        early = taken is not None and planned_at is not None and planned_at > now
        return replace(taken, planned_at=planned_at) if taken is not None and early else taken

    def hasten_waiting(self, transaction_id: str, now: datetime) -> Delivery | None:
        """Make the oldest delivery of the transaction that nobody works on due now."""
        return self._waiting(self._sql.delivery.hasten, transaction_id, {"at": now, "due_by": now})[0]

    def _waiting(
        self, change: Executable, transaction_id: str, values: Values
    ) -> tuple[Delivery | None, datetime | None]:
        """The changed delivery, and when it was to be tried next before that."""
        inbox = self._sql.delivery

        def changed(connection: Connection) -> tuple[Row[Any], datetime | None] | None:
            wanted = connection.execute(inbox.waiting, {"tx": transaction_id}).one_or_none()
            if wanted is None or connection.execute(change, {"wanted": wanted.id, **values}).rowcount == 0:
                return None
            return connection.execute(inbox.find, {"wanted": wanted.id}).one(), wanted.next_try_at

        found = self._write(changed)
        return (None, None) if found is None else (to_delivery(found[0]), found[1])

    def deliveries_in(
        self, states: frozenset[DeliveryState], limit: int, *, cart: CartRef | None = None
    ) -> tuple[Delivery, ...]:
        """Deliveries in any of these states (of one cart), oldest first."""
        values: Values = {"states": sorted(state.value for state in states), "most": limit}
        if cart is None:
            return tuple(to_delivery(row) for row in self._rows(self._sql.delivery.in_states, values))
        values |= {"shop": cart.shop_id, "cart": cart.cart_id}
        return tuple(to_delivery(row) for row in self._rows(self._sql.delivery.of_cart, values))

    def reopen_delivery(self, delivery_id: str, now: datetime) -> Delivery | None:
        """Make a delivery due now as if it were new; None when it is being worked on, or is none."""
        values = {"at": now, "claimed_at": now}
        row = self._claim(self._sql.delivery.reopen, self._sql.delivery.find, delivery_id, values)
        return to_delivery(row) if row is not None else None

    def cover(self, delivery: Delivery, now: datetime) -> int:
        """Close the older deliveries of its transaction that failed or are dead."""
        values = {
            "tx": delivery.transaction_id,
            "before": delivery.received_at,
            "this": delivery.id,
            "why": covered_by(delivery),
            "at": now,
        }
        return self._changed(self._sql.delivery.cover, values)

    # --- refunds --------------------------------------------------------------------------------------------------

    def due_refunds(self, now: datetime, limit: int) -> tuple[Refund, ...]:
        """Unfinished refunds to be taken up now, oldest first."""
        return tuple(to_refund(row) for row in self._rows(self._sql.refund.due, {"due_by": now, "most": limit}))

    def claim_refund(self, refund_id: str, now: datetime, until: datetime) -> Refund | None:
        """Take a due refund; None when somebody else has it or it is finished."""
        row = self._claim(self._sql.refund.claim, self._sql.refund.find, refund_id, {"due_by": now, "until": until})
        return to_refund(row) if row is not None else None

    def doubtful_refunds(self, now: datetime, limit: int) -> tuple[Refund, ...]:
        """Refunds that Mollie took and that are to be looked after there now, the longest due first."""
        return tuple(to_refund(row) for row in self._rows(self._sql.refund.doubtful, {"due_by": now, "most": limit}))

    def claim_look(self, refund_id: str, now: datetime, until: datetime) -> Refund | None:
        """Take such a refund to look after it; None when somebody else has it or it is not due."""
        row = self._claim(self._sql.refund.look, self._sql.refund.find, refund_id, {"due_by": now, "until": until})
        return to_refund(row) if row is not None else None

    def find_refund(self, refund_id: str) -> Refund | None:
        """A refund by its id."""
        rows = self._rows(self._sql.refund.find, {"wanted": refund_id}) if refund_id.isascii() else []
        return to_refund(rows[0]) if rows else None

    def refunds_of(self, transaction_id: str) -> tuple[Refund, ...]:
        """The refunds of a transaction, oldest first."""
        return tuple(to_refund(row) for row in self._rows(self._refund.of_transaction, {"tx": transaction_id}))

    def refunds_in(self, states: frozenset[RefundState], limit: int) -> tuple[Refund, ...]:
        """Refunds in any of these states, oldest first."""
        values = {"states": sorted(state.value for state in states), "most": limit}
        return tuple(to_refund(row) for row in self._rows(self._sql.refund.in_states, values))

    # --- notices --------------------------------------------------------------------------------------------------

    def add_notice(self, notice: Notice) -> bool:
        """Store a notice, unless its case has one on this channel."""

        def add(connection: Connection) -> bool:
            connection.execute(self._notice.insert, notice_values(notice))
            return True

        with translated():
            try:
                return self._sessions.write(add)
            except IntegrityError:
                return False

    def due_notices(self, now: datetime, limit: int) -> tuple[Notice, ...]:
        """Notices to be sent now, oldest first."""
        return tuple(to_notice(row) for row in self._rows(self._sql.notice.due, {"due_by": now, "most": limit}))

    def claim_notice(self, notice_id: str, now: datetime, until: datetime) -> Notice | None:
        """Take a due notice; None when somebody else has it or it is sent."""
        row = self._claim(self._sql.notice.claim, self._sql.notice.find, notice_id, {"due_by": now, "until": until})
        return to_notice(row) if row is not None else None

    def save_notice(self, notice: Notice) -> None:
        """Store a notice's new state, by id."""
        notices, values = self._notice, notice_values(notice)
        self._write(lambda connection: update_or_insert(connection.execute, notices.update, notices.insert, values))

    # --- tasks ----------------------------------------------------------------------------------------------------

    def take_task(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """Take a task that nobody holds, or hold on to one's own; the primary key decides who makes its row."""
        task = self._sql.task

        def take(connection: Connection) -> bool:
            values = {"wanted": name, "mine": holder, "at": now, "far_by": now + FARTHEST}
            values |= {"taker": holder, "until": until}
            if connection.execute(task.take, values).rowcount > 0:
                return True
            connection.execute(task.insert, {"name": name, "holder": holder, "held_until": until, "ended_at": None})
            return True

        with translated():
            try:
                return self._sessions.write(take)
            except IntegrityError:
                return False

    def end_task(self, name: str, holder: str, now: datetime) -> None:
        """Let go of a task; one that is somebody else's by now is left alone."""
        values = {"wanted": name, "mine": holder, "at": now, "ended": now}
        self._write(lambda connection: connection.execute(self._sql.task.end, values))

    # --- leftovers ------------------------------------------------------------------------------------------------

    def unchecked_attempts(
        self, *, quiet_since: datetime, silent_since: datetime, made_after: datetime, now: datetime, limit: int
    ) -> tuple[Attempt, ...]:
        """Attempts that may still be paid and that nobody has asked about for a while, the longest first."""
        values = {
            "quiet_since": quiet_since,
            "silent_since": silent_since,
            "made_after": made_after,
            "at": now,
            "most": limit,
        }
        return tuple(to_attempt(row) for row in self._rows(self._sql.leftover.unchecked, values))

    def unfinished_carts(self, limit: int) -> tuple[CartState, ...]:
        """Carts whose order was begun and not verified, with nothing left to work on for it."""
        return tuple(to_state(row) for row in self._rows(self._sql.leftover.unfinished, {"most": limit}))

    def hasten_strays(self, now: datetime) -> int:
        """Make due what is planned for farther away than anything may be."""
        values = {"due_by": now, "far_by": now + FARTHEST}
        return sum(
            # Each by itself: whoever works on a cart has rows of several tables locked, in an order of his own.
            self._changed(strays, values)
            for strays in (self._sql.delivery.strays, self._sql.refund.strays, self._sql.notice.strays)
        )

    def figures(self, since: datetime) -> Figures:
        """How much there is of what."""
        left = self._sql.leftover
        return Figures(
            live=self._number(left.live, {}),
            completed=self._number(left.completed, {"since": since, "since_": since}),
            deliveries=self._counts(self._sql.delivery.count),
            refunds=self._counts(self._sql.refund.count),
            notices=self._counts(self._sql.notice.count),
        )

    def prune(self, now: datetime, *, audit_before: datetime, deliveries_before: datetime) -> int:
        """Remove what is no longer needed, in steps of milliseconds."""
        steps = (
            (self._sql.leftover.prune_keys, now),
            (self._sql.leftover.prune_audit, audit_before),
            (self._sql.delivery.prune, deliveries_before),
            (self._sql.notice.prune, deliveries_before),
        )
        return sum(self._prune(step, limit) for step, limit in steps)

    def _prune(self, step: Executable, limit: datetime) -> int:
        removed = 0
        while gone := self._changed(step, {"limit_at": limit}):
            removed += gone
            if gone < PRUNE_STEP:
                break
        return removed

    def _claim(self, claim: Executable, find: Executable, wanted: str, values: Values) -> Row[Any] | None:
        """The row after a conditional update of it; None when the condition did not hold."""
        if not wanted.isascii():
            return None

        def take(connection: Connection) -> Row[Any] | None:
            if connection.execute(claim, {"wanted": wanted, **values}).rowcount == 0:
                return None
            return connection.execute(find, {"wanted": wanted}).one()

        return self._write(take)

    def _changed(self, statement: Executable, values: Values) -> int:
        return self._write(lambda connection: connection.execute(statement, values).rowcount)

    def _number(self, statement: Executable, values: Values) -> int:
        return int(self._rows(statement, values)[0][0])

    def _counts(self, statement: Executable) -> dict[str, int]:
        rows: list[Any] = self._rows(statement, {})
        return {row[0]: int(row[1]) for row in rows}

    def _rows(self, statement: Executable, values: Values) -> list[Row[Any]]:
        with translated():
            return self._sessions.read(lambda connection: list(connection.execute(statement, values).all()))

    def _write(self, statements: Callable[[Connection], T]) -> T:
        with translated():
            return self._sessions.write(statements)
