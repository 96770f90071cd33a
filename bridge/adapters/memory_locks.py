"""Locks inside one process: for tests, and for a set-up whose only writer is this process."""

from __future__ import annotations

import os
from functools import partial

from bridge.adapters.lock_holds import LockHolds, new_token
from bridge.adapters.lock_keeper import LockKeeper
from bridge.adapters.lock_queue import LockQueue
from bridge.ports.clock import Clock
from bridge.ports.locks import Grant, HeldLock


class MemoryCartLocks:
    """`CartLocks` that no other process sees."""

    def __init__(self, clock: Clock) -> None:
        self._keeper = LockKeeper(clock)
        self._queue = LockQueue()
        self._holds = LockHolds(clock, self._keeper)

    def acquire(self, key: str, *, timeout: float, lifetime: float, purpose: str, keep: bool = True) -> Grant | None:
        """See `CartLocks.acquire`."""
        self._holds.end_when_over(key)
        if not self._queue.enter(key, timeout):
            return None
        return self._holds.add(
            key,
            token=new_token(),
            purpose=purpose,
            lifetime=None if keep else lifetime,
            let_go=partial(self._queue.leave, key),
        )

    def renew(self, key: str, token: str, *, lifetime: float) -> Grant | None:
        """See `CartLocks.renew`."""
        return self._holds.renew(key, token, lifetime)

    def release(self, key: str, token: str) -> bool:
        """See `CartLocks.release`."""
        return self._holds.end(key, token)

    def ping(self) -> None:
        """See `CartLocks.ping`: memory is always there."""

    def held(self) -> tuple[HeldLock, ...]:
        """See `CartLocks.held`."""
        grants = sorted(self._holds.grants(), key=lambda grant: grant.taken_at)
        return tuple(
            HeldLock(
                key=grant.key,
                holder=f"pid {os.getpid()}",
                purpose=grant.purpose,
                since=grant.taken_at,
                expires_at=grant.expires_at,
            )
            for grant in grants
        )

    def close(self) -> None:
        """See `CartLocks.close`."""
        self._queue.close()
        self._holds.close()
        self._keeper.close()
