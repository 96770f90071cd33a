"""The lock backends as the contract suite sees them: to make locks on, to look into, to break and to mend."""

from __future__ import annotations

import contextlib
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

from bridge.adapters.clock import SystemClock
from bridge.adapters.flock_locks import FlockCartLocks
from bridge.adapters.lock_queue import LockQueue
from bridge.adapters.memory_locks import MemoryCartLocks
from bridge.adapters.redis_locks import RedisCartLocks
from bridge.adapters.redis_scripts import keys_of
from bridge.ports.locks import CartLocks
from tests.services.redis import PrivateRedis


class Backend(ABC):
    """One kind of lock and the place where its locks are kept."""

    kind: str
    where: str
    between_processes = True

    def __init__(self) -> None:
        self._open: list[CartLocks] = []

    def locks(self) -> CartLocks:
        """Locks as a process of its own would have them; closed after the test."""
        locks = open_locks(self.kind, self.where)
        self._open.append(locks)
        return locks

    def close(self) -> None:
        for locks in self._open:
            locks.close()

    def in_line(self, locks: CartLocks, key: str) -> int:
        """How many contenders of these locks wait for the key."""
        queue: LockQueue = locks._queue  # type: ignore[attr-defined]
        return queue.waiting(key)

    @abstractmethod
    def break_down(self) -> None:
        """Make the backend unable to answer."""

    @abstractmethod
    def mend(self) -> None:
        """Bring it back, empty."""

    @abstractmethod
    def traces(self) -> list[str]:
        """What is left behind when nobody holds or waits; the files of flock are meant to stay and do not count."""


class MemoryBackend(Backend):
    kind = "memory"
    where = ""
    between_processes = False

    def locks(self) -> CartLocks:
        """Always the same: there is no other way to share them."""
        return self._open[0] if self._open else super().locks()

    def break_down(self) -> None:
        raise NotImplementedError

    def mend(self) -> None:
        raise NotImplementedError

    def traces(self) -> list[str]:
        locks = self.locks()
        assert isinstance(locks, MemoryCartLocks)
        return [*locks._queue._lines, *locks._holds._holds]


class FlockBackend(Backend):
    kind = "flock"

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.directory = directory
        self.where = str(directory)

    def break_down(self) -> None:
        shutil.rmtree(self.directory)

    def mend(self) -> None:
        self.directory.mkdir()

    def traces(self) -> list[str]:
        return [
            key
            for locks in self._open
            if isinstance(locks, FlockCartLocks)
            for key in (*locks._queue._lines, *locks._holds._holds)
        ]


class RedisBackend(Backend):
    kind = "redis"

    def __init__(self, server: PrivateRedis) -> None:
        super().__init__()
        self.server = server
        self.where = server.url

    def in_line(self, locks: CartLocks, key: str) -> int:
        with self.server.client() as client:
            return super().in_line(locks, key) + int(client.zcard(keys_of(key)[1]))

    def break_down(self) -> None:
        self.server.kill()

    def mend(self) -> None:
        self.server.start()

    def traces(self) -> list[str]:
        with self.server.client() as client:
            return [*client.keys(), *client.pubsub_channels()]


def open_locks(kind: str, where: str) -> CartLocks:
    """Locks of one kind; also what a contender in another process opens."""
    match kind:
        case "memory":
            return MemoryCartLocks(SystemClock())
        case "flock":
            return FlockCartLocks(Path(where), SystemClock())
        case "redis":
            return RedisCartLocks(where, SystemClock())
        case _:
            raise AssertionError(kind)


@contextlib.contextmanager
def closing(backend: Backend) -> Iterator[Backend]:
    try:
        yield backend
    finally:
        backend.close()
