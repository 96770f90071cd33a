"""Backends that break down, and what is left behind in the end: held against every backend."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bridge.domain.errors import LockBackendDown
from bridge.ports.locks import CartLocks
from tests.contract.locks.backends import Backend
from tests.contract.locks.moves import KEY, LONG, granted, refused, shared, take, waits
from tests.services.waiting import wait_until

pytestmark = pytest.mark.req("P2", "P7", "L3")


@shared
def test_a_backend_that_broke_down_says_so(backend: Backend, locks: CartLocks) -> None:
    backend.break_down()

    with pytest.raises(LockBackendDown):
        locks.acquire(KEY, timeout=0, lifetime=LONG, purpose="test")


@shared
def test_whether_a_lock_could_be_taken_is_told_without_taking_one(backend: Backend, locks: CartLocks) -> None:
    locks.ping()
    assert locks.held() == ()
    backend.break_down()

    with pytest.raises(LockBackendDown):
        locks.ping()
    backend.mend()
    locks.ping()


@shared
@pytest.mark.req("B8")
def test_the_backend_breaks_down_while_a_lock_is_held(backend: Backend, locks: CartLocks, others: CartLocks) -> None:
    grant = take(locks)
    backend.break_down()
    backend.mend()

    taken = take(others, timeout=5)

    assert locks.release(KEY, grant.token) in {True, False}
    assert others.release(KEY, taken.token)


@shared
def test_the_backend_breaks_down_while_a_lock_is_waited_for(
    backend: Backend, locks: CartLocks, others: CartLocks, threads: ThreadPoolExecutor
) -> None:
    grant = take(others)
    waiting = threads.submit(locks.acquire, KEY, timeout=LONG, lifetime=LONG, purpose="test")
    wait_until(lambda: waits(backend, os.getpid()), what="the thread to wait")

    backend.break_down()
    if backend.kind == "flock":  # the kernel knows no names: the waiter finds out when the file comes free
        others.release(KEY, grant.token)

    with pytest.raises(LockBackendDown):
        waiting.result(30)


@shared
def test_the_backend_comes_back(backend: Backend, locks: CartLocks, others: CartLocks) -> None:
    backend.break_down()
    with pytest.raises(LockBackendDown):
        locks.acquire(KEY, timeout=0, lifetime=LONG, purpose="test")
    backend.mend()

    grant = take(locks)
    assert refused(others)
    locks.release(KEY, grant.token)
    assert granted(others)


@shared
def test_closing_releases_what_is_kept(locks: CartLocks, others: CartLocks) -> None:
    take(locks)

    locks.close()

    assert granted(others)


def test_closed_locks_are_not_taken(locks: CartLocks) -> None:
    locks.close()

    with pytest.raises(LockBackendDown, match="closed"):
        locks.acquire(KEY, timeout=0, lifetime=LONG, purpose="test")


@pytest.mark.slow
def test_ten_thousand_leases_leave_nothing_behind(backend: Backend, locks: CartLocks) -> None:
    def lease(number: int) -> None:
        key = f"webhook-cart-{number % 100}"
        grant = take(locks, key, lifetime=LONG, keep=number % 2 == 0)
        locks.release(key, grant.token)

    for number in range(100):
        lease(number)
    before = (threading.active_count(), len(list(Path("/proc/self/fd").iterdir())))
    for number in range(10_000):
        lease(number)

    assert (threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))) == before
    assert backend.traces() == []


def test_closed_locks_leave_no_thread_and_no_file(backend: Backend, threads: ThreadPoolExecutor) -> None:
    def open_things() -> tuple[int, int]:
        return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))

    backend.traces()
    before = open_things()
    locks = backend.locks()
    take(locks, keep=False)
    refused(locks, timeout=0.05)

    locks.close()

    assert open_things() == before
