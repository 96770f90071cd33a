"""Time that is over: the audit trail only grows, so what was read of it once is not read again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Generic, TypeAlias, TypeVar

from bridge.domain.days import Window, midnight

Row = TypeVar("Row")

Stretch: TypeAlias = tuple[datetime, datetime]
"""From the first time to before the second."""

_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)


class PastDays(Generic[Row]):
    """Reads a window: each day that is over once in the life of the program, of the day after them each hour that is
    over, and each time what may still change.

    In stretches, so that no statement reads a month, and so that what was read stays when the next one fails. Whoever
    comes while another reads the past waits for it instead of reading the same.
    """

    def __init__(self, read: Callable[[datetime, datetime], tuple[Row, ...]]) -> None:
        self._read = read
        self._mutex = threading.Lock()
        self._known: dict[Stretch, tuple[Row, ...]] = {}

    def rows(self, window: Window) -> tuple[Row, ...]:
        """The rows of the whole window, the oldest first; those of one day may come in several parts."""
        with self._mutex:
            for stretch in self._missing(window):
                self._known[stretch] = self._read(*stretch)
            past = tuple(row for stretch in sorted(self._known) for row in self._known[stretch])
        return past + self._read(window.over, window.until)

    def catch_up(self, window: Window) -> None:
        """Read one day or hour, the newest that is over and not known yet, ahead of those who ask."""
        with self._mutex:
            for stretch in self._missing(window)[-1:]:
                self._known[stretch] = self._read(*stretch)

    def _missing(self, window: Window) -> list[Stretch]:
        """The hours of a day are forgotten when it is over: read whole, it has a row where they have 24."""
        over = _stretches(window)
        self._known = {stretch: rows for stretch, rows in self._known.items() if stretch in over}
        return [stretch for stretch in over if stretch not in self._known]


def _stretches(window: Window) -> list[Stretch]:
    """What is over of a window, without a gap: whole days, then whole hours of the next."""
    last = midnight(window.over.date())
    days = [window.since + number * _DAY for number in range((last - window.since) // _DAY)]
    hours = [last + number * _HOUR for number in range((window.over - last) // _HOUR)]
    return [*((day, day + _DAY) for day in days), *((hour, hour + _HOUR) for hour in hours)]
