"""Calls over the network that end in time for the caller, whatever the other side does.

A socket's own time-outs are not enough: they bound each connect and each read, but neither the look-up of a name nor an
answer that trickles in byte by byte.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar

from bridge.ports.clock import Clock

T = TypeVar("T")


class NotStarted(Exception):
    """The time was up before the work began; it never will."""


class Abandoned(Exception):
    """The time was up while the work was going on. It goes on behind the caller's back until its sockets give up."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A point in monotonic time."""

    at: float
    clock: Clock

    @classmethod
    def after(cls, seconds: float, clock: Clock) -> Deadline:
        """The deadline `seconds` from now."""
        return cls(clock.monotonic() + seconds, clock)

    def left(self) -> float:
        """Seconds until then, never below zero."""
        return max(0.0, self.at - self.clock.monotonic())


class BoundedCalls:
    """At most `most` calls at once, each in a thread of its own that is used again; more of them wait their turn.

    The threads keep what they made (connections, clients) between calls.
    """

    def __init__(self, *, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._threads: ThreadPoolExecutor | None = None
        self._mutex = Lock()

    def run(self, work: Callable[[], T], deadline: Deadline) -> T:
        """What `work` returns or raises, by `deadline`; else `NotStarted` or `Abandoned`."""
        call: Future[T] = self._executor().submit(work)
        try:
            return call.result(timeout=deadline.left())
        except TimeoutError:
            # `work` may have raised a TimeoutError of its own, then the call is done.
            if call.done() and not call.cancelled():
                return call.result()
            raise (NotStarted() if call.cancel() else Abandoned()) from None

    def close(self) -> None:
        """Start no more calls and wait for those that run, abandoned ones too: their sockets' time-outs end them."""
        with self._mutex:
            threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=True, cancel_futures=True)

    def _executor(self) -> ThreadPoolExecutor:
        # Made at the first call: a server that forks its workers must not have threads before.
        with self._mutex:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(self._most, thread_name_prefix=self._name)
            return self._threads
