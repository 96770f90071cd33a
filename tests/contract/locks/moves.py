"""What the tests do with locks, in their words."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from bridge.ports.locks import CartLocks, Grant
from tests.contract.locks.backends import Backend, RedisBackend
from tests.services.waiting import wait_until

KEY = "webhook-cart-42"
LONG = 60.0
"""Seconds that no test lasts."""
SOON = 1.0
"""Seconds that a test waits out; what is to be done within them has to be done on a busy machine too."""

shared = pytest.mark.parametrize("backend", ["flock", pytest.param("redis", marks=pytest.mark.redis)], indirect=True)
"""For what only makes sense where several processes share the locks."""


def take(locks: CartLocks, key: str = KEY, *, timeout: float = 0.0, lifetime: float = LONG, keep: bool = True) -> Grant:
    """Take a lock that is sure to be had."""
    grant = locks.acquire(key, timeout=timeout, lifetime=lifetime, purpose="test", keep=keep)
    assert grant is not None
    return grant


def granted(locks: CartLocks, key: str = KEY, *, timeout: float = 0.0) -> bool:
    """Whether the lock is to be had; it stays taken."""
    return locks.acquire(key, timeout=timeout, lifetime=LONG, purpose="test") is not None


def refused(locks: CartLocks, key: str = KEY, *, timeout: float = 0.0) -> bool:
    """Whether the lock is not to be had."""
    return not granted(locks, key, timeout=timeout)


def wait_in_line(
    backend: Backend, locks: CartLocks, threads: ThreadPoolExecutor, *, place: int = 1
) -> Future[Grant | None]:
    """Have a thread wait for the lock, and come back when it stands in line as the `place`th of these locks."""
    waiting = threads.submit(locks.acquire, KEY, timeout=LONG, lifetime=LONG, purpose="test")
    wait_until(lambda: backend.in_line(locks, KEY) == place, what=f"place {place} in line")
    return waiting


def order_of_turns(
    backend: Backend, locks: CartLocks, threads: ThreadPoolExecutor, *, many: int, own: Callable[[], CartLocks]
) -> list[int]:
    """Have so many stand in line one after the other, each with its `own` locks; in which order they got the lock."""
    order: list[int] = []

    def wait_and_note(number: int) -> None:
        mine = own()
        grant = take(mine, timeout=LONG)
        order.append(number)  # while it holds the lock: nobody else is here
        mine.release(KEY, grant.token)

    first = take(locks)
    waiting: list[Future[None]] = []
    for number in range(many):
        waiting.append(threads.submit(wait_and_note, number))
        wait_until(lambda: backend.in_line(locks, KEY) == len(waiting), what="the next in line")
    locks.release(KEY, first.token)
    for thread in waiting:
        thread.result(30)
    return order


def waits(backend: Backend, pid: int) -> bool:
    """Whether the process stands in line for the lock of another one."""
    if isinstance(backend, RedisBackend):
        with backend.server.client() as client:
            return bool(client.keys("molliebridge:*:queue"))
    return waits_in_kernel(pid)


def waits_in_kernel(pid: int) -> bool:
    """Whether a thread of the process is asleep in the kernel's queue for a file lock."""
    waiting = [line.split() for line in Path("/proc/locks").read_text().splitlines() if "->" in line]
    return any(str(pid) in fields for fields in waiting)
