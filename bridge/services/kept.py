"""Figures that are kept for a while: counting a month of the audit trail takes longer than reading a page."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from bridge.domain.errors import StoreDown
from bridge.ports.clock import Clock

T = TypeVar("T")

FRESH_FOR: Final = 30.0
"""Seconds that figures are answered again."""

WAITING: Final = 4
"""Who may wait for a count: each holds one of the server's threads, and a count may take what the database takes."""


class Kept(Generic[T]):
    """What was counted last, answered again while it is fresh; those who come meanwhile wait for one count."""

    def __init__(self, count: Callable[[], T], clock: Clock) -> None:
        self._count = count
        self._clock = clock
        self._mutex = threading.Lock()
        self._places = threading.BoundedSemaphore(WAITING)
        self._counted: tuple[float, T] | None = None

    def value(self) -> T:
        """The value, `FRESH_FOR` seconds old at most. Raises `StoreDown` when too many wait for it already."""
        counted = self._fresh()
        if counted is not None:
            return counted[1]
        if not self._places.acquire(blocking=False):
            raise StoreDown("the figures are being counted", retry_after=2.0)
        try:
            with self._mutex:
                counted = self._fresh()
                if counted is None:
                    counted = self._counted = self._clock.monotonic(), self._count()
                return counted[1]
        finally:
            self._places.release()

    def _fresh(self) -> tuple[float, T] | None:
        counted = self._counted
        return counted if counted is not None and self._clock.monotonic() - counted[0] < FRESH_FOR else None
