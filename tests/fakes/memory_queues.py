"""The queues of the ledger in memory: the semantics of the database, none of its concurrency."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from bridge.domain.attempt import LIVE, Attempt, AttemptState
from bridge.domain.cart import CartRef, CartState, OrderPhase
from bridge.domain.notices import Notice, NoticeState
from bridge.domain.records import UNFINISHED, Delivery, DeliveryState, Refund, RefundState
from bridge.ports.queues import FARTHEST, Figures, covered_by

if TYPE_CHECKING:
    from tests.fakes.memory_ledger import Tables

_WAITING = frozenset({DeliveryState.RECEIVED, DeliveryState.FAILED, DeliveryState.WORKING})


class MemoryQueues:
    """Implements `Queues` on the tables that the ledger has now, under its lock."""

    def __init__(self, asked: Callable[[], AbstractContextManager[None]], tables: Callable[[], Tables]) -> None:
        self._asked = asked
        self._tables = tables

    def due_deliveries(self, now: datetime, limit: int) -> tuple[Delivery, ...]:
        with self._asked():
            due = [each for each in self._tables().deliveries.values() if _is_due(each, now)]
            return _oldest(due)[:limit]

    def claim_delivery(self, delivery_id: str, now: datetime, until: datetime) -> Delivery | None:
        with self._asked():
            found = self._tables().deliveries.get(delivery_id)
            return self._taken(found, now, until) if found is not None and _is_due(found, now) else None

    def take_waiting(self, transaction_id: str, now: datetime, until: datetime) -> Delivery | None:
        with self._asked():
            idle = (DeliveryState.RECEIVED, DeliveryState.FAILED)
            own = (each for each in self._tables().deliveries.values() if each.transaction_id == transaction_id)
            waiting = _oldest([each for each in own if each.state in idle])
            if not waiting:
                return None
            due = _is_due(waiting[0], now)
            taken = self._taken(waiting[0], now, until, tries=int(due))
            return taken if due else replace(taken, planned_at=waiting[0].next_try_at)

    def hasten_waiting(self, transaction_id: str, now: datetime) -> Delivery | None:
        with self._asked():
            idle = (DeliveryState.RECEIVED, DeliveryState.FAILED)
            own = (each for each in self._tables().deliveries.values() if each.transaction_id == transaction_id)
            waiting = _oldest([each for each in own if each.state in idle])
            if not waiting:
                return None
            early = not _is_due(waiting[0], now) and waiting[0].tries > 0
            hastened = replace(waiting[0], next_try_at=now, tries=waiting[0].tries - int(early))
            self._tables().deliveries[hastened.id] = hastened
            return hastened

    def deliveries_in(
        self, states: frozenset[DeliveryState], limit: int, *, cart: CartRef | None = None
    ) -> tuple[Delivery, ...]:
        with self._asked():
            found = (each for each in self._tables().deliveries.values() if each.state in states)
            return _oldest([each for each in found if cart in (None, each.cart)])[:limit]

    def reopen_delivery(self, delivery_id: str, now: datetime) -> Delivery | None:
        with self._asked():
            found = self._tables().deliveries.get(delivery_id)
            if found is None or found.state is DeliveryState.WORKING:
                return None
            opened = replace(
                found, state=DeliveryState.RECEIVED, source="replay", tries=0, next_try_at=now, updated_at=now
            )
            self._tables().deliveries[delivery_id] = opened
            return opened

    def cover(self, delivery: Delivery, now: datetime) -> int:
        with self._asked():
            older = [
                each
                for each in self._tables().deliveries.values()
                if each.transaction_id == delivery.transaction_id
                and each.state in (DeliveryState.FAILED, DeliveryState.DEAD)
                and each.received_at <= delivery.received_at
                and each.id != delivery.id
            ]
            for each in older:
                self._tables().deliveries[each.id] = replace(
                    each,
                    state=DeliveryState.DONE,
                    next_try_at=None,
                    last_error=covered_by(delivery),
                    updated_at=now,
                    passed_on=False,
                )
            return len(older)

    def due_refunds(self, now: datetime, limit: int) -> tuple[Refund, ...]:
        with self._asked():
            due = [each for each in self._tables().refunds.values() if _is_due_refund(each, now)]
            return tuple(sorted(due, key=lambda refund: (refund.created_at, refund.id))[:limit])

    def claim_refund(self, refund_id: str, now: datetime, until: datetime) -> Refund | None:
        with self._asked():
            found = self._tables().refunds.get(refund_id)
            if found is None or not _is_due_refund(found, now):
                return None
            taken = replace(found, next_try_at=until, tries=found.tries + 1)
            self._tables().refunds[refund_id] = taken
            return taken

    def doubtful_refunds(self, now: datetime, limit: int) -> tuple[Refund, ...]:
        with self._asked():
            due = [each for each in self._tables().refunds.values() if _is_doubtful(each, now)]
            return tuple(sorted(due, key=lambda refund: (refund.next_try_at or now, refund.id))[:limit])

    def claim_look(self, refund_id: str, now: datetime, until: datetime) -> Refund | None:
        with self._asked():
            found = self._tables().refunds.get(refund_id)
            if found is None or not _is_doubtful(found, now):
                return None
            taken = replace(found, next_try_at=until)
            self._tables().refunds[refund_id] = taken
            return taken

    def find_refund(self, refund_id: str) -> Refund | None:
        with self._asked():
            return self._tables().refunds.get(refund_id)

    def refunds_of(self, transaction_id: str) -> tuple[Refund, ...]:
        with self._asked():
            own = (each for each in self._tables().refunds.values() if each.transaction_id == transaction_id)
            return tuple(sorted(own, key=lambda refund: (refund.created_at, refund.id)))

    def refunds_in(self, states: frozenset[RefundState], limit: int) -> tuple[Refund, ...]:
        with self._asked():
            found = (refund for refund in self._tables().refunds.values() if refund.state in states)
            return tuple(sorted(found, key=lambda refund: (refund.created_at, refund.id))[:limit])

    def add_notice(self, notice: Notice) -> bool:
        with self._asked():
            return self._tables().add_notice(notice)

    def due_notices(self, now: datetime, limit: int) -> tuple[Notice, ...]:
        with self._asked():
            due = [each for each in self._tables().notices.values() if _is_due_notice(each, now)]
            return tuple(sorted(due, key=lambda notice: (notice.at, notice.id))[:limit])

    def claim_notice(self, notice_id: str, now: datetime, until: datetime) -> Notice | None:
        with self._asked():
            found = self._tables().notices.get(notice_id)
            if found is None or not _is_due_notice(found, now):
                return None
            taken = replace(found, next_try_at=until, tries=found.tries + 1)
            self._tables().notices[notice_id] = taken
            return taken

    def save_notice(self, notice: Notice) -> None:
        with self._asked():
            self._tables().notices[notice.id] = notice

    def take_task(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        with self._asked():
            held_by, held_until = self._tables().tasks.get(name, (holder, now))
            if held_by != holder and now < held_until <= now + FARTHEST:
                return False
            self._tables().tasks[name] = holder, until
            return True

    def end_task(self, name: str, holder: str, now: datetime) -> None:
        with self._asked():
            if self._tables().tasks.get(name, ("", now))[0] == holder:
                self._tables().tasks[name] = holder, now

    def unchecked_attempts(
        self, *, quiet_since: datetime, silent_since: datetime, made_after: datetime, now: datetime, limit: int
    ) -> tuple[Attempt, ...]:
        def is_unchecked(attempt: Attempt) -> bool:
            superseded = attempt.state is AttemptState.SUPERSEDED and attempt.transaction_id is not None
            expired = attempt.expires_at is not None and attempt.expires_at <= now
            overdue = attempt.updated_at <= silent_since or expired or attempt.transaction_id is None
            quiet = attempt.updated_at <= quiet_since and attempt.created_at >= made_after
            return (attempt.state in LIVE or superseded) and quiet and overdue

        with self._asked():
            found = [attempt for attempt in self._tables().attempts.values() if is_unchecked(attempt)]
            return tuple(sorted(found, key=lambda attempt: (attempt.updated_at, attempt.id))[:limit])

    def unfinished_carts(self, limit: int) -> tuple[CartState, ...]:
        with self._asked():
            looked_after = {
                each.transaction_id
                for each in self._tables().deliveries.values()
                if each.state in _WAITING | {DeliveryState.DEAD}
            }
            begun = (state for state in self._tables().carts.values() if state.order_phase is OrderPhase.STARTED)
            return tuple(state for state in begun if state.settled_transaction_id not in looked_after)[:limit]

    def hasten_strays(self, now: datetime) -> int:
        with self._asked():
            tables, far = self._tables(), now + FARTHEST
            deliveries = [each for each in tables.deliveries.values() if each.state in _WAITING]
            refunds = [each for each in tables.refunds.values() if each.state in UNFINISHED | {RefundState.REFUNDED}]
            notices = [each for each in tables.notices.values() if each.state is NoticeState.WAITING]
            strays = [_is_far(each, far) for rows in (deliveries, refunds, notices) for each in rows]
            tables.deliveries |= {each.id: replace(each, next_try_at=now) for each in deliveries if _is_far(each, far)}
            tables.refunds |= {each.id: replace(each, next_try_at=now) for each in refunds if _is_far(each, far)}
            tables.notices |= {each.id: replace(each, next_try_at=now) for each in notices if _is_far(each, far)}
            return sum(strays)

    def figures(self, since: datetime) -> Figures:
        with self._asked():
            tables = self._tables()
            paid = (AttemptState.AUTHORIZED, AttemptState.PAID)
            completed = (a for a in tables.attempts.values() if a.state in paid and a.updated_at >= since)
            unfinished_refunds = UNFINISHED | {RefundState.PROPOSED, RefundState.FAILED}
            return Figures(
                live=sum(attempt.is_live for attempt in tables.attempts.values()),
                completed=sum(a.processed_at is not None and a.processed_at >= since for a in completed),
                deliveries=_count(d.state for d in tables.deliveries.values() if d.state is not DeliveryState.DONE),
                refunds=_count(r.state for r in tables.refunds.values() if r.state in unfinished_refunds),
                notices=_count(n.state for n in tables.notices.values() if n.state is not NoticeState.SENT),
            )

    def prune(self, now: datetime, *, audit_before: datetime, deliveries_before: datetime) -> int:
        with self._asked():
            tables = self._tables()
            rows = [tables.keys, tables.audit, tables.deliveries, tables.notices]
            before = sum(map(len, rows))
            for name in [name for name, key in tables.keys.items() if key.expires_at <= now]:
                del tables.keys[name]
            tables.audit[:] = [entry for entry in tables.audit if entry.at >= audit_before]
            for old in [d for d in tables.deliveries.values() if d.state is DeliveryState.DONE]:
                if old.received_at < deliveries_before:
                    del tables.deliveries[old.id]
            for sent in [n for n in tables.notices.values() if n.state is NoticeState.SENT]:
                if sent.at < deliveries_before:
                    del tables.notices[sent.id]
            return before - sum(map(len, rows))

    def _taken(self, delivery: Delivery, now: datetime, until: datetime, *, tries: int = 1) -> Delivery:
        taken = replace(
            delivery, state=DeliveryState.WORKING, next_try_at=until, updated_at=now, tries=delivery.tries + tries
        )
        self._tables().deliveries[delivery.id] = taken
        return taken


def _oldest(deliveries: list[Delivery]) -> tuple[Delivery, ...]:
    return tuple(sorted(deliveries, key=lambda delivery: (delivery.received_at, delivery.id)))


def _count(states: Iterable[str]) -> dict[str, int]:
    return dict(Counter(map(str, states)))


def _is_due(delivery: Delivery, now: datetime) -> bool:
    return delivery.state in _WAITING and (delivery.next_try_at is None or delivery.next_try_at <= now)


def _is_due_refund(refund: Refund, now: datetime) -> bool:
    return refund.state in UNFINISHED and (refund.next_try_at is None or refund.next_try_at <= now)


def _is_doubtful(refund: Refund, now: datetime) -> bool:
    return refund.state is RefundState.REFUNDED and refund.next_try_at is not None and refund.next_try_at <= now


def _is_due_notice(notice: Notice, now: datetime) -> bool:
    return notice.state is NoticeState.WAITING and (notice.next_try_at is None or notice.next_try_at <= now)


def _is_far(waiting: object, far: datetime) -> bool:
    assert isinstance(waiting, (Delivery, Refund, Notice))
    return waiting.next_try_at is not None and waiting.next_try_at > far
