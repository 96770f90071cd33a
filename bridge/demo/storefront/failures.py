"""The ways in which a shop's webhook goes wrong, to be switched on by tests and by the demo."""

from __future__ import annotations

import threading
from enum import StrEnum


class Failure(StrEnum):
    """One way to fail; the work is done only where it says so."""

    ANSWER_500 = "answer_500"
    """A fatal error before anything was done."""
    ANSWER_409 = "answer_409"
    """Somebody else holds the module's lock."""
    ANSWER_405 = "answer_405"
    """The module found an order that came into being while it worked."""
    HANG = "hang"
    """No answer until `Failures.resume`; then the work is done and answered."""
    CLOSE = "close"
    """The connection breaks before anything was done."""
    CLOSE_AFTER = "close_after"
    """The work is done, but the answer is lost."""
    HALF_DONE = "half_done"
    """200, the order made, but the payment's row still open with order 0: a fatal in the invoice printing does that."""


class ConnectionBroken(ConnectionError):
    """The shop goes away without an answer; the web layer closes the socket."""


class Failures:
    """The failures to come, shared by the threads of a web server.

    `always` holds until it is set to None; those of `next` come first, each once. What one payment is to suffer (`of`)
    goes before both, so that several may fail in ways of their own at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: list[Failure] = []
        self._of: dict[str, tuple[Failure, int | None]] = {}
        self._resumed = threading.Event()
        self.always: Failure | None = None
        self.hanging = 0
        """How many webhooks hang now."""
        self.hang_limit = 60.0
        """Seconds after which a hanging webhook goes on by itself, so that no thread outlives its test for long."""

    def next(self, *failures: Failure) -> None:
        """Let the next webhooks fail so, one after the other."""
        with self._lock:
            self._next.extend(failures)

    def of(self, transaction_id: str, failure: Failure, *, times: int | None = 1) -> None:
        """Let the next `times` webhooks of one payment fail so (None: all of them, until `clear`)."""
        with self._lock:
            self._of[transaction_id] = failure, times

    def take(self, transaction_id: str = "") -> Failure | None:
        """What the webhook that begins now has to suffer."""
        with self._lock:
            if transaction_id in self._of:
                return self._take_of(transaction_id)
            return self._next.pop(0) if self._next else self.always

    def _take_of(self, transaction_id: str) -> Failure:
        failure, times = self._of.pop(transaction_id)
        if times is None or times > 1:
            self._of[transaction_id] = failure, None if times is None else times - 1
        return failure

    def hang(self) -> None:
        """Wait for `resume`."""
        with self._lock:
            self.hanging += 1
        self._resumed.wait(self.hang_limit)
        with self._lock:
            self.hanging -= 1

    def resume(self) -> None:
        """Let everything that hangs go on, and everything to come not hang any more until `clear`."""
        self._resumed.set()

    def clear(self) -> None:
        """No failure any more."""
        with self._lock:
            self._next.clear()
            self._of.clear()
            self.always = None
            self._resumed.clear()
