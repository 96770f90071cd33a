"""Locks that Redis may have given to somebody who no longer listened."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from bridge.adapters.lock_keeper import LockKeeper
from bridge.domain.errors import LockBackendDown
from bridge.ports.clock import Clock

_AGAIN = 1.0
"""Seconds between the tries."""
_ANSWERS = 2
"""Tries that Redis must have answered with "no such hold": the lost command may be obeyed after the first of them."""


@dataclass(slots=True)
class _Orphan:
    key: str
    token: str
    until: float
    answers: int = 0


class RedisOrphans:
    """Releases what was asked for and never heard of.

    A command that timed out may still be obeyed, when a Redis that stood still goes on: then a lock is held for nobody,
    for as long as its lifetime. Here such tokens are remembered and released as soon as Redis answers again.
    """

    def __init__(self, keeper: LockKeeper, clock: Clock, release: Callable[[str, str], bool]) -> None:
        self._keeper = keeper
        self._clock = clock
        self._release = release
        self._mutex = threading.Lock()
        self._orphans: list[_Orphan] = []

    def add(self, key: str, token: str, lifetime: float) -> None:
        """Release this hold in the background, if there is one; after `lifetime` seconds it has ended by itself."""
        orphan = _Orphan(key, token, self._clock.monotonic() + lifetime)
        with self._mutex:
            self._orphans.append(orphan)
            if len(self._orphans) == 1:
                self._keeper.call_in(_AGAIN, self._sweep)

    def _sweep(self) -> float | None:
        with self._mutex:
            orphans = list(self._orphans)
        for orphan in orphans:
            try:
                released = self._release(orphan.key, orphan.token)
            except LockBackendDown:
                break  # for the others too
            orphan.answers += _ANSWERS if released else 1
        now = self._clock.monotonic()
        with self._mutex:
            self._orphans = [orphan for orphan in self._orphans if orphan.answers < _ANSWERS and orphan.until > now]
            return _AGAIN if self._orphans else None
