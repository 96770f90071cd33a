"""Locks that keep contenders for one cart apart; the database's fence decides, these only save work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One hold on a lock key, as its owner knows it.

    `token` is unguessable and names this hold alone; `expires_at` is None where a watchdog keeps the hold alive
    for as long as its process lives.
    """

    key: str
    token: str
    purpose: str
    taken_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLock:
    """One hold as anybody may see it: never the token.

    `holder` is what the backend can tell: `pid 123 (php-fpm)` for a file lock, `host:pid` for Redis, else `unknown`.
    """

    key: str
    holder: str
    purpose: str | None
    since: datetime | None
    expires_at: datetime | None


class CartLocks(Protocol):
    """Timed mutual exclusion by key, between threads, processes and, where the backend can, hosts.

    Contenders of one process get the lock first come, first served; none of them polls the backend in a loop.
    """

    def acquire(self, key: str, *, timeout: float, lifetime: float, purpose: str, keep: bool = True) -> Grant | None:
        """Take the lock on `key`, waiting up to `timeout` seconds (0: do not wait); None when the time is up.

        With `keep` a watchdog extends the hold while this process lives. Without it (a hold that stands for somebody
        else's work) it ends by itself `lifetime` seconds after it was taken or last renewed.

        Raises `LockBackendDown` when the backend can not be asked.
        """
        ...

    def renew(self, key: str, token: str, *, lifetime: float) -> Grant | None:
        """Let the hold last `lifetime` seconds from now; None when it is no longer the caller's."""
        ...

    def release(self, key: str, token: str) -> bool:
        """Give the lock back; False when it was no longer the caller's, and then nothing has changed."""
        ...

    def ping(self) -> None:
        """Raise `LockBackendDown` unless a lock could be taken now; one question to the backend, no lock is taken."""
        ...

    def held(self) -> tuple[HeldLock, ...]:
        """The holds that can be seen now, by anybody, oldest first."""
        ...

    def close(self) -> None:
        """Release the holds that this process keeps alive and stop the threads that serve them.

        A hold that stands for somebody else's work (without `keep`) may outlive the process where the backend can.
        """
        ...
