"""Mollie's webhook calls: the retry schedule on a scaled clock, and a hand on every delivery."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime

from bridge.demo.simulator.postman import TIMEOUT, post_webhook

# When the ten attempts are made, in seconds after the first: 0, 1, 3, 7, 15, 31 minutes, 1, 2, 4, 26 hours.
SCHEDULE = tuple(60.0 * minutes for minutes in (0, 1, 3, 7, 15, 31, 60, 120, 240, 1560))


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One call that was made. `status` is None when there was no answer, and `error` says why; `attempt` from 1."""

    transaction_id: str
    url: str
    attempt: int
    at: datetime
    status: int | None
    error: str = ""

    @property
    def accepted(self) -> bool:
        """Whether Mollie takes it for delivered: any 2xx."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class _Call:
    due: float
    number: int
    transaction_id: str = field(compare=False)
    url: str = field(compare=False)
    attempt: int = field(compare=False)
    first_due: float = field(compare=False)
    # Which life of the queue it belongs to: a call under way during a reset must not come back with a retry.
    life: int = field(compare=False)


class Webhooks:
    """The queue of calls and the log of those made.

    `scale` is how many real seconds one second of Mollie's schedule takes (1/1200: a minute in 50 ms); `find_url`
    tells where a transaction's calls go, None for nowhere. One thread waits for what is due; each call runs in a
    thread of its own, and none holds the lock while it talks.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        find_url: Callable[[str], str | None],
        scale: float = 1.0,
        timeout: float = TIMEOUT,
    ) -> None:
        self._now = now
        self._find_url = find_url
        self.scale = scale
        self.timeout = timeout
        self._changed = threading.Condition()
        self._numbers = itertools.count()
        self._queue: list[_Call] = []
        self._held: list[_Call] = []
        self._holding = False
        self._lost: set[str] = set()
        self._running = 0
        self._log: list[Delivery] = []
        self._thread: threading.Thread | None = None
        self._closed = False
        self._life = 0

    def announce(self, transaction_id: str) -> None:
        """Begin the attempts to tell the shop that something about `transaction_id` is new."""
        url = self._find_url(transaction_id)
        if url is None:
            return
        due = time.monotonic()
        with self._changed:
            call = _Call(
                due=due,
                number=next(self._numbers),
                transaction_id=transaction_id,
                url=url,
                attempt=1,
                first_due=due,
                life=self._life,
            )
            self._enqueue(call)

    def hold(self) -> None:
        """From now on keep every call back, also retries that fall due, until `release` or `deliver`."""
        with self._changed:
            self._holding = True

    def release(self) -> None:
        """End `hold`; what was kept back goes out at once."""
        with self._changed:
            self._holding = False
            held, self._held = self._held, []
            for call in held:
                self._enqueue(call)

    def lose(self, transaction_id: str) -> None:
        """Drop the calls about `transaction_id` that have not been made, and those to come, until `find`."""
        with self._changed:
            self._lost.add(transaction_id)
            self._drop(transaction_id)

    def find(self, transaction_id: str) -> None:
        """End `lose`: later news are announced again; what was lost stays lost."""
        with self._changed:
            self._lost.discard(transaction_id)

    def deliver(self, transaction_id: str) -> Delivery:
        """Call the shop about `transaction_id` now, whatever is held or lost, and wait for the answer.

        A 2xx ends the attempts that were still to come. Raises KeyError when it has no webhook URL.
        """
        url = self._find_url(transaction_id)
        if url is None:
            raise KeyError(f"{transaction_id} has no webhook URL")
        with self._changed:
            attempt = 1 + sum(done.transaction_id == transaction_id for done in self._log)
        delivery = self._call(transaction_id, url, attempt)
        if delivery.accepted:
            with self._changed:
                self._drop(transaction_id)
        return delivery

    def deliver_together(self, transaction_ids: Iterable[str]) -> list[Delivery]:
        """Call about all of them at the same moment (name one twice for a doubled delivery); answers in that order."""
        wanted = list(transaction_ids)
        if not wanted:
            return []
        start = threading.Barrier(len(wanted))

        def one(transaction_id: str) -> Delivery:
            start.wait()
            return self.deliver(transaction_id)

        with ThreadPoolExecutor(len(wanted), thread_name_prefix="webhook-together") as pool:
            return list(pool.map(one, wanted))

    def deliveries(self, transaction_id: str | None = None) -> list[Delivery]:
        """The calls made so far, oldest first; of one transaction when named."""
        with self._changed:
            return [done for done in self._log if transaction_id in (None, done.transaction_id)]

    def waiting(self) -> list[tuple[str, int]]:
        """The calls not yet made, (transaction id, attempt): held ones first, then by time."""
        with self._changed:
            return [(call.transaction_id, call.attempt) for call in [*self._held, *sorted(self._queue)]]

    def wait_until_accepted(self, transaction_id: str, *, times: int = 1, timeout: float = 30.0) -> bool:
        """Wait until the shop has taken `times` calls about `transaction_id`; False when the time is up first."""

        def taken() -> bool:
            return sum(done.accepted for done in self._log if done.transaction_id == transaction_id) >= times

        with self._changed:
            return self._changed.wait_for(taken, timeout)

    def wait_until_idle(self, timeout: float = 30.0) -> bool:
        """Wait until no call runs and none is queued (held ones do not count); False when the time is up first."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._queue and self._running == 0, timeout)

    def reset(self) -> None:
        """Forget queue, log, holds and losses; calls under way still end."""
        with self._changed:
            self._life += 1
            self._queue.clear()
            self._held.clear()
            self._lost.clear()
            self._log.clear()
            self._holding = False
            self._changed.notify_all()

    def close(self) -> None:
        """Make no more calls and end the waiting thread."""
        with self._changed:
            self._closed = True
            self._queue.clear()
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _enqueue(self, call: _Call) -> None:
        if self._closed or call.life != self._life or call.transaction_id in self._lost:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="mollie-webhooks", daemon=True)
            self._thread.start()
        heapq.heappush(self._queue, call)
        self._changed.notify_all()

    def _drop(self, transaction_id: str) -> None:
        self._queue = [call for call in self._queue if call.transaction_id != transaction_id]
        heapq.heapify(self._queue)
        self._held = [call for call in self._held if call.transaction_id != transaction_id]
        self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                if self._closed:
                    return
                wait = self._queue[0].due - time.monotonic() if self._queue else None
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                    continue
                call = heapq.heappop(self._queue)
                if self._holding:
                    self._held.append(call)
                    self._changed.notify_all()
                    continue
                self._running += 1
            threading.Thread(target=self._attempt, args=(call,), name="mollie-webhook", daemon=True).start()

    def _attempt(self, call: _Call) -> None:
        try:
            delivery = self._call(call.transaction_id, call.url, call.attempt)
            if not delivery.accepted and call.attempt < len(SCHEDULE):
                due = max(time.monotonic(), call.first_due + SCHEDULE[call.attempt] * self.scale)
                with self._changed:
                    self._enqueue(replace(call, due=due, attempt=call.attempt + 1))
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def _call(self, transaction_id: str, url: str, attempt: int) -> Delivery:
        at = self._now()
        status, error = post_webhook(url, transaction_id, self.timeout)
        delivery = Delivery(transaction_id=transaction_id, url=url, attempt=attempt, at=at, status=status, error=error)
        with self._changed:
            self._log.append(delivery)
            self._changed.notify_all()
        return delivery
