"""The inbox: webhook work on threads of its own, so that a slow shop never starves initiations."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime

import structlog

from bridge.domain.attempt import DEAD, AttemptState
from bridge.domain.cart import CartRef, OrderPhase
from bridge.domain.errors import BridgeError, Unavailable
from bridge.domain.records import Delivery
from bridge.ports.clock import Clock
from bridge.ports.ledger import Ledger
from bridge.services.settings import WebhookLimits
from bridge.services.webhooks import Webhooks, Worked

log = structlog.get_logger()

LOOK_AFTER = 1.0
"""Seconds between two looks for deliveries that are due: the shortest pause between two tries is five times that."""

ASKED_ON_RETURN = 5
"""Payments of a cart that a returning shopper makes the bridge ask about: he has just come from one of the newest."""

AT_ONCE = 100
"""Deliveries taken up by one look; the rest is due at the next."""


class Inbox:
    """Works on deliveries: at once within a time limit, and later those that are due."""

    def __init__(
        self, *, webhooks: Webhooks, ledger: Ledger, clock: Clock, limits: WebhookLimits, threads: int
    ) -> None:
        self._webhooks = webhooks
        self._ledger = ledger
        self._clock = clock
        self._limits = limits
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="webhook")
        self._stop = threading.Event()
        self._looker: threading.Thread | None = None

    def receive(self, transaction_id: str, *, source: str, query: str | None = None) -> Worked | None:
        """Store a delivery and work on it; None when that takes longer than `inline` (it goes on all the same)."""
        return self._within(self._begin(transaction_id, source, query), self._limits.inline)

    def work_now(self, transaction_id: str, *, source: str) -> Worked:
        """As `receive`, for a caller that must have an answer. Raises `Unavailable` when it takes too long."""
        worked = self.receive(transaction_id, source=source)
        if worked is None:
            raise Unavailable("the payment is still being worked on", retry_after=2.0)
        return worked

    def settle(self, cart: CartRef) -> bool:
        """The shopper is back: ask Mollie about the cart's unsettled payments and settle what is paid.

        Waits up to `settle_wait` seconds and goes on behind. Returns whether the cart has its order now.
        """
        if self._is_settled(cart):
            return True
        until = self._clock.monotonic() + self._limits.settle_wait
        begun = [self._begin(transaction_id, "return", None) for transaction_id in self._unsettled(cart)]
        for future in begun:
            self._within(future, max(0.0, until - self._clock.monotonic()))
        return self._is_settled(cart)

    def _unsettled(self, cart: CartRef) -> tuple[str, ...]:
        """The cart's payments that may have been paid, newest first: own ones, and rows that only the shop knows."""
        attempts = self._ledger.attempts_of(cart)
        known = {attempt.transaction_id for attempt in attempts}
        own = [a.transaction_id for a in attempts if a.transaction_id and a.state not in DEAD | {AttemptState.SURPLUS}]
        view = self._ledger.shop.find_view(cart)
        rows = [row.transaction_id for row in (view.payments if view else ()) if not row.says_ended]
        foreign = [transaction_id for transaction_id in rows if transaction_id not in known]
        return tuple([*reversed(own), *reversed(foreign)][:ASKED_ON_RETURN])

    def _is_settled(self, cart: CartRef) -> bool:
        state = self._ledger.find_state(cart)
        return state is not None and state.order_phase is OrderPhase.DONE

    def _begin(self, transaction_id: str, source: str, query: str | None) -> Future[Worked]:
        delivery: Delivery = self._webhooks.store(transaction_id, source=source, query=query)
        return self._pool.submit(self._webhooks.work, delivery)

    def _within(self, future: Future[Worked], seconds: float) -> Worked | None:
        try:
            return future.result(timeout=seconds)
        except NotInTime:
            return None

    def work_due(self) -> int:
        """Take up the deliveries that are due; returns how many were found."""
        due = self._ledger.due_deliveries(self._clock.now(), AT_ONCE)
        for future in [self._pool.submit(self._webhooks.work_due, delivery.id) for delivery in due]:
            self._swallow(future)
        return len(due)

    def _swallow(self, future: Future[Worked | None]) -> None:
        """A delivery whose work fails in an unforeseen way is due again by itself; the look goes on."""
        error = future.exception()
        if error is not None:
            log.error("inbox.failed", error=repr(error))

    def start(self) -> None:
        """Look for due deliveries in the background until `close`."""
        self._looker = threading.Thread(target=self._look, name="inbox", daemon=True)
        self._looker.start()

    def _look(self) -> None:
        while not self._stop.wait(LOOK_AFTER):
            try:
                self.work_due()
            except BridgeError as error:
                log.warning("inbox.not_looked", error=str(error))

    def close(self) -> None:
        """Stop looking, and finish the work in hand."""
        self._stop.set()
        if self._looker is not None:
            self._looker.join()
        self._pool.shutdown(wait=True, cancel_futures=True)
