"""The simulator's clock: real time, shifted forward on request, so that an hour passes at once."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta


class ShiftableClock:
    """Real time plus a shift; satisfies `bridge.ports.clock.Clock`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shift = timedelta()

    def now(self) -> datetime:
        """The shifted time, aware, in UTC."""
        with self._lock:
            return datetime.now(UTC) + self._shift

    def monotonic(self) -> float:
        """Seconds that never go back; the shift counts."""
        with self._lock:
            return time.monotonic() + self._shift.total_seconds()

    def sleep(self, seconds: float) -> None:
        """Let the calling thread rest for real `seconds`."""
        time.sleep(seconds)

    def advance(self, by: timedelta) -> None:
        """Let `by` pass at once; raises ValueError when it is negative."""
        if by < timedelta():
            raise ValueError("time does not go back")
        with self._lock:
            self._shift += by
