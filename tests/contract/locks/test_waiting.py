"""Waiting for a lock, and not for ever: held against every backend."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge.domain.errors import LockBackendDown
from bridge.ports.locks import CartLocks
from tests.contract.locks.backends import Backend
from tests.contract.locks.contender import Contender
from tests.contract.locks.moves import (
    KEY,
    LONG,
    SOON,
    granted,
    order_of_turns,
    refused,
    shared,
    take,
    wait_in_line,
    waits,
)
from tests.services.waiting import BOUNDED, wait_until

pytestmark = pytest.mark.req("P2", "P7", "L3")


def test_a_waiter_gets_the_lock_when_it_is_released(
    backend: Backend, locks: CartLocks, threads: ThreadPoolExecutor
) -> None:
    grant = take(locks)
    waiting = wait_in_line(backend, locks, threads)

    locks.release(KEY, grant.token)

    assert waiting.result(30) is not None


def test_the_time_limit_is_kept(locks: CartLocks, others: CartLocks) -> None:
    take(locks)
    began = time.monotonic()

    assert others.acquire(KEY, timeout=SOON, lifetime=LONG, purpose="test") is None
    assert SOON <= time.monotonic() - began < SOON + BOUNDED


def test_who_gave_up_is_out_of_the_line(locks: CartLocks, others: CartLocks) -> None:
    grant = take(locks)
    assert refused(others, timeout=0.05)

    locks.release(KEY, grant.token)

    assert granted(locks)


def test_waiting_threads_get_the_lock_in_the_order_they_came(
    backend: Backend, locks: CartLocks, threads: ThreadPoolExecutor
) -> None:
    order = order_of_turns(backend, locks, threads, many=8, own=lambda: locks)

    assert order == list(range(8))


def test_nobody_overtakes_those_who_wait(
    backend: Backend, locks: CartLocks, others: CartLocks, threads: ThreadPoolExecutor
) -> None:
    grant = take(locks)
    waiting = wait_in_line(backend, locks, threads)
    locks.release(KEY, grant.token)
    waited = waiting.result(30)

    assert waited is not None
    assert refused(others)


def test_closing_sends_away_who_waits(backend: Backend, locks: CartLocks, threads: ThreadPoolExecutor) -> None:
    take(locks)
    waiting = wait_in_line(backend, locks, threads)

    locks.close()

    with pytest.raises(LockBackendDown, match="closed"):
        waiting.result(30)


@shared
def test_closing_sends_away_who_waits_for_another_process(
    backend: Backend, locks: CartLocks, others: CartLocks, threads: ThreadPoolExecutor
) -> None:
    take(others)
    waiting = threads.submit(locks.acquire, KEY, timeout=LONG, lifetime=LONG, purpose="test")
    wait_until(lambda: waits(backend, os.getpid()), what="the thread to wait")

    locks.close()

    with pytest.raises(LockBackendDown, match="closed"):
        waiting.result(30)


@pytest.mark.slow
@shared
@pytest.mark.req("B8")
def test_who_is_killed_while_waiting_keeps_nobody_up(backend: Backend, locks: CartLocks) -> None:
    grant = take(locks)
    with Contender.of(backend) as contender:
        contender.tell(do="acquire", key=KEY, timeout=LONG, lifetime=LONG, keep=True)
        wait_until(lambda: waits(backend, contender.process.pid), what="the contender to wait")
        contender.kill()
    locks.release(KEY, grant.token)

    assert granted(locks, timeout=LONG / 2)  # given to him it would be held for LONG
