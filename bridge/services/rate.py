"""A limit on how often something may happen."""

from __future__ import annotations

import threading

from bridge.ports.clock import Clock


class RateLimit:
    """At most `per_minute` in any minute on average, that many at once ("token bucket"). For threads of one process."""

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._most = float(per_minute)
        self._left = self._most
        self._clock = clock
        self._seen = clock.monotonic()
        self._mutex = threading.Lock()

    def allows(self) -> bool:
        """Whether it may happen now; if so, it is counted."""
        with self._mutex:
            now = self._clock.monotonic()
            self._left = min(self._most, self._left + (now - self._seen) * self._most / 60.0)
            self._seen = now
            if self._left < 1.0:
                return False
            self._left -= 1.0
            return True
