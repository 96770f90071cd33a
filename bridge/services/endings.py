"""How the work on a delivery ends: it is done, it is tried again later, or it is dead and needs a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bridge.domain.errors import LeaseHeld, ShopDown
from bridge.domain.notices import NoticeKind
from bridge.domain.records import Delivery, DeliveryState
from bridge.domain.settlement import SettlementDecision
from bridge.ports.clock import Clock
from bridge.ports.ledger import Ledger
from bridge.services.backoff import asked_pause, pause_after, reason_of
from bridge.services.notices import Case, Notices
from bridge.services.settings import WebhookLimits
from bridge.telemetry import METRICS

log = structlog.get_logger()

LONGEST_FOR_A_LEASE = timedelta(seconds=30)
"""The pause before a cart that somebody else has is tried again, at most: half of what it has waited so far, since most
leases last for seconds, and half of what a lease lasts that its holder's death left behind."""


class Endings:
    """Writes a delivery's end down. Its row is read again first: deciding has written on it meanwhile."""

    def __init__(self, *, ledger: Ledger, notices: Notices, clock: Clock, limits: WebhookLimits) -> None:
        self._ledger = ledger
        self._notices = notices
        self._clock = clock
        self._limits = limits

    def reread(self, delivery: Delivery) -> Delivery:
        """The delivery as it is stored now; its cart, once somebody has found it, is kept, and so is its plan."""
        stored = self._ledger.find_delivery(delivery.id) or delivery
        return replace(stored, cart=stored.cart or delivery.cart, planned_at=delivery.planned_at)

    def close(self, delivery: Delivery, decision: SettlementDecision | None, *, covers: bool = True) -> Delivery:
        """Nothing is left to do. A delivery without a cart is kept with that decision, for the reports.

        With `covers` what failed before it of the same payment is closed, too.
        """
        delivery = self.reread(delivery)
        closed = replace(
            delivery,
            state=DeliveryState.DONE,
            decision=type(decision).__name__ if decision else delivery.decision,
            updated_at=self._clock.now(),
            next_try_at=None,
            last_error=None,
        )
        self._ledger.save_delivery(closed)
        if covers:
            # What it found out about the payment now, the older ones would find out again.
            self._ledger.queues.cover(closed, closed.updated_at)
        return closed

    def put_back(self, delivery: Delivery, error: Exception) -> Delivery:
        """Leave it to the inbox, with its reason; after too many tries it is dead, and the merchant is told.

        | it was | counted as a try | tried next |
        |---|---|---|
        | taken up when it was due | yes | after a pause that grows |
        | taken up before, because somebody asked | no | as was planned: who asks often neither hurries nor delays it |
        | not begun: somebody else has the cart | not in its first hour | after half of its age, at most 30 s |
        """
        delivery = self.reread(delivery)
        if delivery.state is DeliveryState.DONE:
            # By whoever took over from a slow worker, or by this one, and then the lease could not be given back.
            return delivery
        now = self._clock.now()
        tries = self._counted(delivery, error, now)
        dead = tries >= self._limits.tries
        ended = replace(
            delivery,
            state=DeliveryState.DEAD if dead else DeliveryState.FAILED,
            tries=tries,
            next_try_at=None if dead else self._next_try(delivery, tries, error, now),
            updated_at=now,
            last_error=reason_of(error),
            planned_at=None,
        )
        if dead:
            # Before the delivery itself: a crash in between has it tried once more, and no notice is lost.
            self._notices.tell(_dead(ended))
            METRICS.dead_deliveries.inc()
        self._ledger.save_delivery(ended)
        _report(ended)
        return ended

    def _counted(self, delivery: Delivery, error: Exception, now: datetime) -> int:
        """Its tries. That somebody else has the cart is no failure of its own, but it may not wait so for ever."""
        young = now - delivery.received_at < timedelta(seconds=self._limits.pauses.longest)
        begun = not isinstance(error, LeaseHeld) or not young
        return delivery.tries if begun or delivery.planned_at is not None else max(0, delivery.tries - 1)

    def _next_try(self, delivery: Delivery, tries: int, error: Exception, now: datetime) -> datetime:
        pauses = self._limits.pauses
        if delivery.planned_at is not None and delivery.planned_at > now:
            return max(delivery.planned_at, now + asked_pause(pauses, error))
        pause = pause_after(tries, pauses, error)
        if isinstance(error, LeaseHeld):
            pause = max(pause, min((now - delivery.received_at) / 2, LONGEST_FOR_A_LEASE))
        return now + pause

    def put_back_unverified(self, delivery: Delivery, mismatches: tuple[str, ...]) -> Delivery:
        """The shop has worked, twice, and its order does not fit: tried again later, and the merchant is told now."""
        delivery = self.reread(delivery)
        self._notices.tell(_mismatch(delivery, mismatches))
        return self.put_back(delivery, ShopDown(f"the shop's result does not verify: {'; '.join(mismatches)}"))


def _report(ended: Delivery) -> None:
    fields = {
        "transaction_id": ended.transaction_id,
        "delivery_id": ended.id,
        "cart_id": ended.cart.cart_id if ended.cart else None,
        "tries": ended.tries,
        "error": ended.last_error,
    }
    if ended.state is DeliveryState.DEAD:
        log.error("webhook.dead", **fields)
    else:
        log.warning("webhook.not_done", **fields)


def _mismatch(delivery: Delivery, mismatches: tuple[str, ...]) -> Case:
    return Case(
        kind=NoticeKind.ORDER_MISMATCH,
        name=f"order_mismatch:{delivery.subject}",
        cart=delivery.cart,
        transaction_id=delivery.subject,
        detail={"mismatches": "; ".join(mismatches)},
    )


def _dead(delivery: Delivery) -> Case:
    return Case(
        kind=NoticeKind.DELIVERY_DEAD,
        name=f"delivery_dead:{delivery.id}",
        cart=delivery.cart,
        transaction_id=delivery.transaction_id,
        detail={"delivery_id": delivery.id, "tries": delivery.tries, "error": delivery.last_error},
    )
