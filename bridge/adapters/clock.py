"""The machine's clock: the one place where the program reads it."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """Implements `Clock` on this machine's time."""

    def now(self) -> datetime:
        """The time now, aware, in UTC, with microseconds."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back; only differences mean anything."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let the calling thread rest for `seconds`."""
        time.sleep(seconds)
