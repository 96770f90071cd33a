"""Locks on files that PHP's Symfony FlockStore understands: one host, no further service, nothing to clean up.

The kernel ends a hold when its process dies, however it dies. A hold belongs to the process that took it: another one
can not release it, so several server processes can not share leases through this backend (through Redis they can).
"""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path

from filelock import lock_descriptor, unlock_descriptor

from bridge.adapters.flock_sight import holders_by_file, process_name
from bridge.adapters.flock_wait import LockWaits
from bridge.adapters.lock_files import lock_file_name, open_lock_file, still_named
from bridge.adapters.lock_holds import LockHolds, new_token
from bridge.adapters.lock_keeper import LockKeeper
from bridge.adapters.lock_queue import LockQueue
from bridge.domain.errors import LockBackendDown
from bridge.ports.clock import Clock
from bridge.ports.locks import Grant, HeldLock

_COURTESY = 0.0001
"""Seconds: with what the scheduler adds, about twice the time a sleeping process takes to get going (50 us)."""


_PROBE = "molbridge-ready"
"""The key whose file shows that lock files can be made and opened."""


class FlockCartLocks:
    """`CartLocks` in a directory that is shared with PHP.

    The contenders of this process stand in one queue per key and only the first of them touches the file, so each held
    key has one open file. Of filelock the descriptor lock is used, for the single try; its `FileLock` waits by polling
    and may fall back to a lock that PHP does not see.
    """

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._keeper = LockKeeper(clock)
        self._queue = LockQueue()
        self._waits = LockWaits(self._keeper)
        self._holds = LockHolds(clock, self._keeper)
        self._crowded: str | None = None

    def acquire(self, key: str, *, timeout: float, lifetime: float, purpose: str, keep: bool = True) -> Grant | None:
        """See `CartLocks.acquire`. A kept hold needs no watchdog here: the kernel keeps it while the process lives."""
        deadline = self._clock.monotonic() + timeout
        token = new_token()  # before the wait: under the lock others would wait for its making
        self._holds.end_when_over(key)
        if not self._queue.enter(key, timeout):
            return None
        try:
            descriptor = self._lock_file(key, deadline)
        except BaseException:
            self._queue.leave(key)
            raise
        if descriptor is None:
            self._queue.leave(key)
            return None
        return self._holds.add(
            key,
            token=token,
            purpose=purpose,
            lifetime=None if keep else lifetime,
            let_go=partial(self._let_go, key, descriptor),
        )

    def renew(self, key: str, token: str, *, lifetime: float) -> Grant | None:
        """See `CartLocks.renew`."""
        return self._holds.renew(key, token, lifetime)

    def release(self, key: str, token: str) -> bool:
        """See `CartLocks.release`."""
        return self._holds.end(key, token)

    def ping(self) -> None:
        """See `CartLocks.ping`: a file of its own, which nobody locks, is opened as those of the carts are."""
        os.close(open_lock_file(self._directory / lock_file_name(_PROBE)))

    def held(self) -> tuple[HeldLock, ...]:
        """See `CartLocks.held`: our own holds, and those that PHP and other programs have in the same directory.

        Of the others the kernel tells the process, but neither purpose nor time.
        """
        ours = {lock_file_name(grant.key): grant for grant in self._holds.grants()}
        holder = process_name(os.getpid())
        known = [
            HeldLock(
                key=grant.key,
                holder=holder,
                purpose=grant.purpose,
                since=grant.taken_at,
                expires_at=grant.expires_at,
            )
            for grant in sorted(ours.values(), key=lambda grant: grant.taken_at)
        ]
        foreign = [
            HeldLock(key=key, holder=process_name(pid), purpose=None, since=None, expires_at=None)
            for name, (key, pid) in sorted(holders_by_file(self._directory).items())
            if name not in ours
        ]
        return (*known, *foreign)

    def close(self) -> None:
        """See `CartLocks.close`."""
        self._queue.close()
        self._waits.close()
        self._holds.close()
        self._keeper.close()

    def _lock_file(self, key: str, deadline: float) -> int | None:
        path = self._directory / lock_file_name(key)
        while True:
            descriptor = open_lock_file(path)
            try:
                locked = self._try(key, descriptor) or self._waits.lock_within(
                    descriptor, deadline - self._clock.monotonic()
                )
                if locked and still_named(descriptor):
                    return descriptor
            except OSError as error:
                os.close(descriptor)
                raise LockBackendDown(f"{path} can not be locked: {error.strerror}") from error
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
            if not locked:
                return None

    def _try(self, key: str, descriptor: int) -> bool:
        # Whoever waits in the kernel for this file needs a moment to wake up once it is free, and would be overtaken by
        # us, again and again, if we came back at once. So we let him pass when there was somebody the last time.
        if self._crowded == key:
            time.sleep(_COURTESY)
        free = lock_descriptor(descriptor, blocking=False)
        self._crowded = None if free else key
        return free

    def _let_go(self, key: str, descriptor: int) -> None:
        # Unlocked by name and not by closing alone: a child process that was forked meanwhile shares the open file, and
        # the kernel would keep the lock until the child closes its copy too.
        try:
            unlock_descriptor(descriptor)
        finally:
            os.close(descriptor)
            self._queue.leave(key)
