"""Days that are over: the audit trail only grows, so what was read of them once is not read again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Generic, TypeVar

from bridge.domain.days import Window, midnight

Row = TypeVar("Row")


class PastDays(Generic[Row]):
    """Reads a window: each day that is over once in the life of the program, those that may still change each time.

    Day by day, so that no statement reads a month, and so that what was read stays when the next one fails. Whoever
    comes while another reads the past waits for it instead of reading the same.
    """

    def __init__(self, read: Callable[[datetime, datetime], tuple[Row, ...]]) -> None:
        self._read = read
        self._mutex = threading.Lock()
        self._days: dict[date, tuple[Row, ...]] = {}

    def rows(self, window: Window) -> tuple[Row, ...]:
        """The rows of the whole window, oldest day first."""
        with self._mutex:
            for day in self._missing(window):
                self._learn(day)
            past = tuple(row for day in sorted(self._days) for row in self._days[day])
        return past + self._read(window.over, window.until)

    def catch_up(self, window: Window) -> None:
        """Read one day, the newest that is over and not known yet, ahead of those who ask."""
        with self._mutex:
            for day in self._missing(window)[-1:]:
                self._learn(day)

    def _missing(self, window: Window) -> list[date]:
        over = [day for day in window.days if midnight(day) < window.over]
        self._days = {day: rows for day, rows in self._days.items() if day in over}
        return [day for day in over if day not in self._days]

    def _learn(self, day: date) -> None:
        self._days[day] = self._read(midnight(day), midnight(day) + timedelta(days=1))
