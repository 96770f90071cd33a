"""Who gets a lock, and who may give it back: held against every backend."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.ports.locks import CartLocks
from tests.contract.locks.backends import Backend
from tests.contract.locks.contender import Contender, count_up
from tests.contract.locks.moves import KEY, LONG, granted, refused, shared, take

pytestmark = [pytest.mark.req("P2", "P7", "L3"), pytest.mark.slow]


def test_a_free_lock_is_granted_at_once(locks: CartLocks) -> None:
    grant = locks.acquire(KEY, timeout=0, lifetime=LONG, purpose="webhook", keep=False)

    assert grant is not None
    assert (grant.key, grant.purpose) == (KEY, "webhook")
    assert grant.expires_at == grant.taken_at + timedelta(seconds=LONG)


def test_a_kept_hold_has_no_expiry(locks: CartLocks) -> None:
    assert take(locks, keep=True).expires_at is None


def test_a_held_lock_is_refused_to_everybody(locks: CartLocks, others: CartLocks) -> None:
    take(locks)

    assert refused(locks)
    assert refused(others)


def test_locks_on_different_keys_do_not_touch(locks: CartLocks, others: CartLocks) -> None:
    take(locks, "webhook-cart-1")

    assert granted(others, "webhook-cart-11")


def test_a_released_lock_is_free(locks: CartLocks, others: CartLocks) -> None:
    grant = take(locks)

    assert locks.release(KEY, grant.token)
    assert granted(others)


def test_every_hold_has_a_token_of_its_own(locks: CartLocks) -> None:
    tokens = set()
    for _ in range(20):
        grant = take(locks)
        tokens.add(grant.token)
        locks.release(KEY, grant.token)

    assert len(tokens) == 20


def test_only_the_owner_releases(locks: CartLocks, others: CartLocks) -> None:
    grant = take(locks)

    assert not locks.release(KEY, "somebody else's token")
    assert not locks.release("webhook-cart-43", grant.token)
    assert refused(others)


def test_a_hold_is_released_once(locks: CartLocks, others: CartLocks) -> None:
    old = take(locks)
    locks.release(KEY, old.token)
    take(others)

    assert not locks.release(KEY, old.token)
    assert refused(locks)


def test_any_thread_may_release(locks: CartLocks, threads: ThreadPoolExecutor) -> None:
    grant = take(locks)

    assert threads.submit(locks.release, KEY, grant.token).result(30)
    assert granted(locks)


def test_threads_never_hold_it_at_the_same_time(locks: CartLocks, threads: ThreadPoolExecutor, tmp_path: Path) -> None:
    number = tmp_path / "number"
    number.write_text("0")

    for counting in [threads.submit(count_up, locks, KEY, number, 25) for _ in range(8)]:
        counting.result(30)

    assert number.read_text() == "200"


@shared
def test_processes_never_hold_it_at_the_same_time(backend: Backend, tmp_path: Path) -> None:
    number = tmp_path / "number"
    number.write_text("0")
    contenders = [Contender.of(backend) for _ in range(4)]

    for contender in contenders:
        contender.tell(do="count", key=KEY, file=str(number), rounds=50, pause=0)
    for contender in contenders:
        with contender:
            contender.answer()

    assert number.read_text() == "200"
