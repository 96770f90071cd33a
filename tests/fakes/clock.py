"""A clock that moves only when it is told to."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class FakeClock:
    """Implements `Clock`. `sleep` moves it on at once; `slept` lists what was asked for, in seconds."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._passed = timedelta()
        self._mutex = threading.Lock()
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._start + self._passed

    def monotonic(self) -> float:
        return self._passed.total_seconds()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds=seconds)

    def advance(
        self, by: timedelta | None = None, *, seconds: float = 0, minutes: float = 0, hours: float = 0
    ) -> datetime:
        """Move on and give the new time."""
        with self._mutex:
            self._passed += (by or timedelta()) + timedelta(seconds=seconds, minutes=minutes, hours=hours)
        return self.now()
