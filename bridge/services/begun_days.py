"""Payments by the day of their beginning: a day is counted again when a payment of it has changed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final

from bridge.domain.days import Begun, Window, midnight

LATE: Final = timedelta(minutes=10)
"""A change is stored within a minute of its time; the rest is for clocks of other hosts that are behind this one's."""

ANEW: Final = timedelta(hours=1)
"""After so long all is counted anew."""


class BegunDays:
    """Counts a window: every day once, and then those of which payments have changed since the last look.

    A payment may change long after its beginning (it expires, is refunded), but few do: of a month, two or three days
    are counted again at a look.
    """

    def __init__(
        self,
        *,
        begun: Callable[[datetime, datetime], tuple[Begun, ...]],
        changed: Callable[[datetime], frozenset[date]],
    ) -> None:
        self._begun = begun
        self._changed = changed
        self._mutex = threading.Lock()
        self._looked_at: datetime | None = None
        self._anew_at: datetime | None = None
        self._days: dict[date, tuple[Begun, ...]] = {}

    def rows(self, window: Window, now: datetime) -> tuple[Begun, ...]:
        """The counts of the window at `now`. Raises `StoreDown`."""
        with self._mutex:
            return self._counted(window, now)

    def catch_up(self, window: Window, now: datetime) -> None:
        """Count every day anew once an hour: a change that was not noticed, as a clock was wrong, is then counted."""
        with self._mutex:
            if self._anew_at is None or abs(now - self._anew_at) >= ANEW:
                self._days = {}
                self._counted(window, now)
                self._anew_at = now

    def _counted(self, window: Window, now: datetime) -> tuple[Begun, ...]:
        known = self._days.keys() & set(window.days)
        changed = self._changed(self._looked_at - LATE) if known and self._looked_at else frozenset()
        self._days = {day: self._days[day] for day in known - changed}
        for day in window.days:
            if day not in self._days:
                self._days[day] = self._begun(midnight(day), midnight(day) + timedelta(days=1))
        self._looked_at = now
        return tuple(one for day in window.days for one in self._days[day])
