"""Figures that are kept for a while: counting a month of the audit trail takes longer than reading a page."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from bridge.ports.clock import Clock

T = TypeVar("T")

FRESH_FOR: Final = 30.0
"""Seconds that figures are answered again."""


class Kept(Generic[T]):
    """What was counted last, answered again while it is fresh; those who come meanwhile wait for one count."""

    def __init__(self, count: Callable[[], T], clock: Clock) -> None:
        self._count = count
        self._clock = clock
        self._mutex = threading.Lock()
        self._counted: tuple[float, T] | None = None

    def value(self) -> T:
        """The value, `FRESH_FOR` seconds old at most."""
        with self._mutex:
            if self._counted is None or self._clock.monotonic() - self._counted[0] >= FRESH_FOR:
                self._counted = self._clock.monotonic(), self._count()
            return self._counted[1]
