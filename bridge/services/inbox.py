"""The inbox: webhook work on threads of its own, so that a slow shop never starves initiations.

A delivery that finds a free thread is worked on at once. One that finds none, or whose payment is being worked on at
this moment, is stored as due and taken up when there is room: oldest first, never two of one cart at once. Whoever
waits for it holds a thread of the server, so the number of those who wait is bounded, too.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import TypeAlias

import structlog

from bridge.domain.attempt import DEAD, AttemptState
from bridge.domain.cart import CartRef, OrderPhase
from bridge.domain.errors import BridgeError, Unavailable
from bridge.domain.records import Delivery
from bridge.ports.clock import Clock
from bridge.ports.ledger import Ledger
from bridge.services.intake import Intake
from bridge.services.settings import WebhookLimits
from bridge.services.webhooks import Webhooks, Worked

log = structlog.get_logger()

LOOK_AFTER = 1.0
"""Seconds between two looks for deliveries that are due: the shortest pause between two tries is five times that."""

AT_ONCE = 200
"""Due deliveries that one look reads; what has no room now is read again at the next."""

Work: TypeAlias = Callable[[], Worked | None]
"""The work on one delivery; None when somebody else has it."""


class Inbox:
    """Works on deliveries: at once within a time limit, and later those that are due."""

    def __init__(
        self, *, webhooks: Webhooks, intake: Intake, ledger: Ledger, clock: Clock, limits: WebhookLimits, threads: int
    ) -> None:
        self._webhooks = webhooks
        self._intake = intake
        self._ledger = ledger
        self._clock = clock
        self._limits = limits
        self._threads = threads
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="webhook")
        self._seats = threading.BoundedSemaphore(limits.waiting)
        self._mutex = threading.Lock()
        self._running: dict[str, Future[Worked | None]] = {}
        """The work in hand, by each name that it goes by: its transaction, and its cart where that is known."""
        self._works = 0
        self._waited_for: defaultdict[str, list[Future[Worked | None]]] = defaultdict(list)
        """Who waits for work that has not begun, by the delivery's id."""
        self._news = threading.Event()
        self._stopped = threading.Event()
        self._looker: threading.Thread | None = None

    # --- somebody brings it -----------------------------------------------------------------------------------------

    def receive(self, transaction_id: str, *, source: str, query: str | None = None) -> Worked | None:
        """Store a delivery and work on it; None when that takes longer than `inline` (it goes on all the same).

        None at once where too many wait already, and while the server goes away. Raises `TooManyUnknown`, and
        `StoreDown` with nothing stored.
        """
        self._intake.check(transaction_id)
        with self._seat() as seated:
            future = self._begin(transaction_id, source, query)
            try:
                return self._within(future, self._limits.inline if seated else 0.0)
            finally:
                self._forget(future)

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
        with self._seat() as seated:
            until = self._clock.monotonic() + (self._limits.settle_wait if seated else 0.0)
            begun = [self._join(transaction_id, "return") for transaction_id in self._unsettled(cart)]
            for future in begun:
                self._within(future, max(0.0, until - self._clock.monotonic()))
                self._forget(future)
        return self._is_settled(cart)

    def ask_later(self, transaction_id: str, *, source: str) -> None:
        """Store a delivery that nobody waits for."""
        self._intake.store(transaction_id, source=source)
        self._news.set()

    def look(self) -> None:
        """Look for what is due now rather than after the next pause."""
        self._news.set()

    @contextmanager
    def _seat(self) -> Iterator[bool]:
        seated = self._seats.acquire(blocking=False)
        try:
            yield seated
        finally:
            if seated:
                self._seats.release()

    def _unsettled(self, cart: CartRef) -> tuple[str, ...]:
        """The cart's payments that may have been paid, newest first: own ones, and rows that only the shop knows.

        He has just come from one of the newest.
        """
        attempts = self._ledger.attempts_of(cart)
        known = {attempt.transaction_id for attempt in attempts}
        own = [a.transaction_id for a in attempts if a.transaction_id and a.state not in DEAD | {AttemptState.SURPLUS}]
        view = self._ledger.shop.find_view(cart)
        rows = [row.transaction_id for row in (view.payments if view else ()) if not row.says_ended]
        foreign = [transaction_id for transaction_id in rows if transaction_id not in known]
        return tuple([*reversed(own), *reversed(foreign)][: self._limits.settle_asks])

    def _is_settled(self, cart: CartRef) -> bool:
        state = self._ledger.find_state(cart)
        return state is not None and state.order_phase is OrderPhase.DONE

    def _join(self, transaction_id: str, source: str) -> Future[Worked | None]:
        """The work in hand on the payment; begun if there is none."""
        with self._mutex:
            running = self._running.get(transaction_id)
        return running or self._begin(transaction_id, source, None)

    def _begin(self, transaction_id: str, source: str, query: str | None) -> Future[Worked | None]:
        future: Future[Worked | None] = Future()
        if self._stopped.is_set():
            # It is stored, and nobody begins on it any more: it is due for the next process.
            self._intake.store(transaction_id, source=source, query=query)
            future.cancel()
            return future
        if not self._reserve((transaction_id,), future):
            delivery = self._intake.store(transaction_id, source=source, query=query)
            with self._mutex:
                self._waited_for[delivery.id].append(future)
            self._news.set()
            return future
        try:
            delivery = self._webhooks.take(transaction_id, source=source, query=query)
        except BaseException:
            self._let_go((transaction_id,))
            raise
        self._tell_those_who_wait(delivery, future)
        try:
            self._pool.submit(self._run, (transaction_id,), future, lambda: self._webhooks.work(delivery))
        except RuntimeError:
            # The pool was closed at this very moment, or no thread is to be had.
            future.cancel()
            self._let_go((transaction_id,))
            self._intake.lay_down(delivery)
        return future

    def _tell_those_who_wait(self, delivery: Delivery, future: Future[Worked | None]) -> None:
        """The delivery was waiting for its turn, and perhaps somebody with it."""
        with self._mutex:
            waiting = self._waited_for.pop(delivery.id, [])
        for each in waiting:
            future.add_done_callback(partial(_hand_on, each))

    def _forget(self, future: Future[Worked | None]) -> None:
        """Nobody waits for it any more."""
        with self._mutex:
            for delivery_id in [each for each, futures in self._waited_for.items() if future in futures]:
                self._waited_for[delivery_id].remove(future)
                if not self._waited_for[delivery_id]:
                    del self._waited_for[delivery_id]

    def _within(self, future: Future[Worked | None], seconds: float) -> Worked | None:
        try:
            return future.result(timeout=seconds)
        except (NotInTime, CancelledError):
            return None

    # --- the work ---------------------------------------------------------------------------------------------------

    def _reserve(self, names: tuple[str, ...], future: Future[Worked | None]) -> bool:
        """Take a thread for work that goes by these names; False when there is none, or one of them is at work."""
        with self._mutex:
            if self._works >= self._threads or any(name in self._running for name in names):
                return False
            self._works += 1
            self._running.update(dict.fromkeys(names, future))
            return True

    def _let_go(self, names: tuple[str, ...]) -> None:
        with self._mutex:
            self._works -= 1
            for name in names:
                del self._running[name]
        self._news.set()

    def _run(self, names: tuple[str, ...], future: Future[Worked | None], work: Work) -> None:
        """A delivery whose work fails in an unforeseen way is due again by itself."""
        if not future.set_running_or_notify_cancel():
            return  # the pool took it and could not start a thread for it: whoever brought it has seen to it
        try:
            worked = work()
        except BaseException as error:  # noqa: BLE001  (whoever waits is told; nobody else would hear of it)
            log.error("inbox.failed", error=repr(error))
            self._let_go(names)
            future.set_exception(error)
        else:
            self._let_go(names)
            future.set_result(worked)

    def dispatch(self) -> list[Future[Worked | None]]:
        """Begin to work on what is due, as far as there is room; returns what was begun."""
        begun = []
        for delivery in self._ledger.queues.due_deliveries(self._clock.now(), AT_ONCE):
            names = _names_of(delivery)
            future: Future[Worked | None] = Future()
            if not self._reserve(names, future):
                continue
            try:
                self._pool.submit(self._run, names, future, self._due(delivery))
            except RuntimeError:  # no thread is to be had: it is due as before
                future.cancel()
                self._let_go(names)
                raise
            self._tell_those_who_wait(delivery, future)
            begun.append(future)
        return begun

    def _due(self, delivery: Delivery) -> Work:
        return lambda: self._webhooks.work_due(delivery)

    def work_due(self) -> int:
        """Work on what is due now, to its end; returns how many deliveries were begun."""
        done = 0
        while begun := self.dispatch():
            done += len(begun)
            for future in begun:
                future.exception()
        return done

    def start(self) -> None:
        """Look for due deliveries in the background until `close`."""
        self._looker = threading.Thread(target=self._look, name="inbox", daemon=True)
        self._looker.start()

    def _look(self) -> None:
        while not self._stopped.is_set():
            self._news.wait(LOOK_AFTER)
            self._news.clear()
            try:
                if not self._stopped.is_set():
                    self.dispatch()
            except Exception as error:  # noqa: BLE001  (the one place where the looking would end unseen)
                log.warning("inbox.not_looked", error=str(error) if isinstance(error, BridgeError) else repr(error))
                self._stopped.wait(LOOK_AFTER)

    def close(self) -> None:
        """Stop looking, and finish the work in hand; what has not begun stays due."""
        self._stopped.set()
        self._news.set()
        if self._looker is not None:
            self._looker.join()
        self._pool.shutdown(wait=True)
        with self._mutex:
            for future in chain.from_iterable(self._waited_for.values()):
                future.cancel()


def _hand_on(waiting: Future[Worked | None], done: Future[Worked | None]) -> None:
    if done.cancelled():
        waiting.cancel()
        return
    error = done.exception()
    if error is not None:
        waiting.set_exception(error)
    else:
        waiting.set_result(done.result())


def _names_of(delivery: Delivery) -> tuple[str, ...]:
    """What work on a delivery goes by: two that share a name are not worked on at once."""
    own = (delivery.transaction_id,)
    return own if delivery.cart is None else (*own, str(delivery.cart))
