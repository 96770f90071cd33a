"""Extends the holds of this process for as long as it lives."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from bridge.adapters.lock_keeper import Appointment, LockKeeper
from bridge.domain.errors import LockBackendDown
from bridge.ports.clock import Clock

_IN_A_LIFETIME = 3
"""Extensions in the course of a lifetime: two may fail before the hold ends."""
_AGAIN = 1.0
"""Seconds after which an extension is tried again that the backend did not answer."""

_LOG = structlog.get_logger(__name__)


class _Guarded:
    __slots__ = ("appointment", "good_until", "key", "lifetime", "token")

    def __init__(self, key: str, token: str, lifetime: float, good_until: float) -> None:
        self.key = key
        self.token = token
        self.lifetime = lifetime
        self.good_until = good_until
        self.appointment: Appointment | None = None


class LockWatchdog:
    """Calls `extend(key, token, lifetime)` in good time; an answer of None means that the hold is lost.

    A lost hold is logged and let go: its holder learns of it at his next write, which the cart's fence refuses.
    """

    def __init__(self, keeper: LockKeeper, clock: Clock, extend: Callable[[str, str, float], object | None]) -> None:
        self._keeper = keeper
        self._clock = clock
        self._extend = extend
        self._mutex = threading.Lock()
        self._guarded: dict[str, _Guarded] = {}

    def guard(self, key: str, token: str, lifetime: float) -> None:
        """Extend this hold by `lifetime` seconds, again and again, from now on."""
        guarded = _Guarded(key, token, lifetime, self._clock.monotonic() + lifetime)
        with self._mutex:
            self._guarded[token] = guarded
            guarded.appointment = self._keeper.call_in(lifetime / _IN_A_LIFETIME, lambda: self._keep(guarded))

    def dismiss(self, token: str) -> float | None:
        """Stop extending this hold; answers its lifetime, or None when it was not guarded here."""
        with self._mutex:
            guarded = self._guarded.pop(token, None)
            if guarded is None:
                return None
            if guarded.appointment is not None:
                self._keeper.cancel(guarded.appointment)
            return guarded.lifetime

    def guarded(self) -> list[tuple[str, str]]:
        """Key and token of every hold that is extended from here."""
        with self._mutex:
            return [(guarded.key, guarded.token) for guarded in self._guarded.values()]

    def _keep(self, guarded: _Guarded) -> float | None:
        try:
            extended = self._extend(guarded.key, guarded.token, guarded.lifetime) is not None
        except LockBackendDown as error:
            if self._clock.monotonic() < guarded.good_until:
                return min(_AGAIN, guarded.lifetime / _IN_A_LIFETIME)
            self._give_up(guarded, str(error))
            return None
        if not extended:
            self._give_up(guarded, "somebody else has it, or the backend forgot it")
            return None
        guarded.good_until = self._clock.monotonic() + guarded.lifetime
        return guarded.lifetime / _IN_A_LIFETIME

    def _give_up(self, guarded: _Guarded, reason: str) -> None:
        # A hold that was released while the backend was being asked is not lost.
        if self.dismiss(guarded.token) is not None:
            _LOG.warning("lock.lost", lock_key=guarded.key, reason=reason)
