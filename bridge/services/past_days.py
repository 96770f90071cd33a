"""Days that are over: the audit trail only grows, so what was read of them once is not read again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

from bridge.domain.days import Window

Row = TypeVar("Row")


class PastDays(Generic[Row]):
    """Reads a window: all of it on the first look of a day, then only the days that may still change.

    Not for several threads at once; whoever keeps it takes turns.
    """

    def __init__(self, read: Callable[[datetime, datetime], tuple[Row, ...]]) -> None:
        self._read = read
        self._past: tuple[Window, tuple[Row, ...]] | None = None

    def rows(self, window: Window) -> tuple[Row, ...]:
        """The rows of the whole window."""
        if self._past is None or (self._past[0].since, self._past[0].over) != (window.since, window.over):
            self._past = window, self._read(window.since, window.over)
        return self._past[1] + self._read(window.over, window.until)
