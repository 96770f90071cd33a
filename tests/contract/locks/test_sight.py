"""Seeing who holds what: held against every backend."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest

from bridge.ports.locks import CartLocks
from tests.contract.locks.backends import Backend
from tests.contract.locks.contender import Contender
from tests.contract.locks.moves import KEY, shared, take

pytestmark = pytest.mark.req("P2", "P7", "L3")


@pytest.mark.req("P6")
def test_held_locks_can_be_seen(locks: CartLocks) -> None:
    kept = take(locks, "webhook-cart-1")
    timed = take(locks, "webhook-cart-2", keep=False)

    first, second = locks.held()

    assert (first.key, second.key) == ("webhook-cart-1", "webhook-cart-2")
    assert first.since == kept.taken_at
    assert first.expires_at is None
    assert timed.expires_at is not None
    assert second.expires_at is not None
    assert abs(second.expires_at - timed.expires_at) < timedelta(seconds=1)
    assert str(os.getpid()) in first.holder
    assert first.purpose == "test"


@pytest.mark.req("P6")
def test_a_lock_that_is_free_again_is_not_seen(locks: CartLocks) -> None:
    grant = take(locks)
    locks.release(KEY, grant.token)

    assert locks.held() == ()


@pytest.mark.slow
@shared
@pytest.mark.req("P6")
def test_the_holds_of_other_processes_can_be_seen(backend: Backend, locks: CartLocks) -> None:
    with Contender.of(backend) as contender:
        contender.acquire(KEY)
        (hold,) = locks.held()

    assert hold.key == KEY
    assert str(contender.process.pid) in hold.holder
