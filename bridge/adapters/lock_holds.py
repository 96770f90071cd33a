"""The holds of this process: who has what since when, and what ends it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from secrets import token_urlsafe

from bridge.adapters.lock_keeper import Appointment, LockKeeper
from bridge.domain.errors import LockBackendDown
from bridge.ports.clock import Clock
from bridge.ports.locks import Grant


def new_token() -> str:
    """What names one hold and can not be guessed (192 bits)."""
    return token_urlsafe(24)


@dataclass(slots=True)
class _Hold:
    grant: Grant
    let_go: Callable[[], None]
    ends_at: float | None
    appointment: Appointment | None = None


class LockHolds:
    """At most one hold per key; it ends once: by its owner, by the keeper when its lifetime has passed, or by `close`.

    `let_go` of a hold runs outside the table's mutex and exactly once.
    """

    def __init__(self, clock: Clock, keeper: LockKeeper) -> None:
        self._clock = clock
        self._keeper = keeper
        self._mutex = threading.Lock()
        self._holds: dict[str, _Hold] = {}
        self._closed = False

    def add(self, key: str, *, token: str, purpose: str, lifetime: float | None, let_go: Callable[[], None]) -> Grant:
        """Enter a hold that ends after `lifetime` seconds (None: with its release).

        Raises `LockBackendDown` after `close`, and has let go then.
        """
        now = self._clock.now()
        grant = Grant(
            key=key,
            token=token,
            purpose=purpose,
            taken_at=now,
            expires_at=None if lifetime is None else now + timedelta(seconds=lifetime),
        )
        hold = _Hold(grant=grant, let_go=let_go, ends_at=None)
        with self._mutex:
            if not self._closed:
                self._holds[key] = hold
                if lifetime is not None:
                    self._limit(hold, lifetime)
                return grant
        let_go()
        raise LockBackendDown("the locks of this process are closed: it is shutting down")

    def renew(self, key: str, token: str, lifetime: float) -> Grant | None:
        """Move the end of a hold to `lifetime` seconds from now; None when it is no longer the caller's.

        A hold without an end keeps having none.
        """
        self.end_when_over(key)
        with self._mutex:
            hold = self._find(key, token)
            if hold is None:
                return None
            if hold.ends_at is not None:
                hold.grant = replace(hold.grant, expires_at=self._clock.now() + timedelta(seconds=lifetime))
                self._limit(hold, lifetime)
            return hold.grant

    def end(self, key: str, token: str) -> bool:
        """End the hold; False when it was no longer the caller's."""
        self.end_when_over(key)
        with self._mutex:
            hold = self._find(key, token)
            if hold is None:
                return False
            self._forget(hold)
        hold.let_go()
        return True

    def end_when_over(self, key: str) -> None:
        """End the hold on `key` if its lifetime has passed: the keeper will, but may be a moment late."""
        with self._mutex:
            hold = self._holds.get(key)
            if hold is None or self._left(hold) > 0:
                return
            self._forget(hold)
        hold.let_go()

    def grants(self) -> list[Grant]:
        """What is held now."""
        with self._mutex:
            return [hold.grant for hold in self._holds.values() if self._left(hold) > 0]

    def close(self) -> None:
        """End every hold and take none any more."""
        with self._mutex:
            self._closed = True
            holds = list(self._holds.values())
            for hold in holds:
                self._forget(hold)
        for hold in holds:
            hold.let_go()

    def _find(self, key: str, token: str) -> _Hold | None:
        hold = self._holds.get(key)
        return hold if hold is not None and hold.grant.token == token else None

    def _left(self, hold: _Hold) -> float:
        return float("inf") if hold.ends_at is None else hold.ends_at - self._clock.monotonic()

    def _limit(self, hold: _Hold, lifetime: float) -> None:
        if hold.appointment is not None:
            self._keeper.cancel(hold.appointment)
        hold.ends_at = self._clock.monotonic() + lifetime
        hold.appointment = self._keeper.call_in(lifetime, lambda: self.end_when_over(hold.grant.key))

    def _forget(self, hold: _Hold) -> None:
        del self._holds[hold.grant.key]
        if hold.appointment is not None:
            self._keeper.cancel(hold.appointment)
