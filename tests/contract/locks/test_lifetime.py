"""When a hold ends that nobody releases: held against every backend."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from bridge.ports.locks import CartLocks
from tests.contract.locks.backends import Backend
from tests.contract.locks.contender import Contender
from tests.contract.locks.moves import KEY, LONG, SOON, granted, refused, shared, take, wait_in_line, waits
from tests.services.waiting import wait_until

pytestmark = [pytest.mark.req("P2", "P7", "L3"), pytest.mark.slow]


def test_a_hold_ends_with_its_lifetime(locks: CartLocks, others: CartLocks) -> None:
    grant = take(locks, lifetime=SOON, keep=False)

    assert granted(others, timeout=LONG)
    assert not locks.release(KEY, grant.token)
    assert locks.renew(KEY, grant.token, lifetime=LONG) is None


def test_the_end_of_a_hold_wakes_those_who_wait(
    backend: Backend, locks: CartLocks, threads: ThreadPoolExecutor
) -> None:
    take(locks, lifetime=SOON, keep=False)

    assert wait_in_line(backend, locks, threads).result(30) is not None


def test_a_renewed_hold_outlives_its_first_lifetime(locks: CartLocks, others: CartLocks) -> None:
    grant = take(locks, lifetime=SOON, keep=False)

    renewed = locks.renew(KEY, grant.token, lifetime=LONG)

    assert renewed is not None
    assert renewed.expires_at is not None
    assert grant.expires_at is not None
    assert renewed.expires_at > grant.expires_at + timedelta(seconds=LONG / 2)
    assert (renewed.token, renewed.purpose, renewed.taken_at) == (grant.token, grant.purpose, grant.taken_at)
    assert refused(others, timeout=2 * SOON)


def test_a_renewal_may_shorten(locks: CartLocks, others: CartLocks) -> None:
    grant = take(locks, lifetime=LONG, keep=False)

    locks.renew(KEY, grant.token, lifetime=SOON)

    assert granted(others, timeout=LONG)


def test_only_the_owner_renews(locks: CartLocks) -> None:
    take(locks, keep=False)

    assert locks.renew(KEY, "somebody else's token", lifetime=LONG) is None
    assert locks.renew("webhook-cart-43", "somebody else's token", lifetime=LONG) is None


def test_a_kept_hold_outlives_its_lifetime(locks: CartLocks, others: CartLocks) -> None:
    grant = take(locks, lifetime=SOON, keep=True)

    assert refused(others, timeout=3 * SOON)
    assert locks.release(KEY, grant.token)


def test_a_kept_hold_stays_kept_when_it_is_renewed(locks: CartLocks, others: CartLocks) -> None:
    grant = take(locks, lifetime=SOON, keep=True)

    renewed = locks.renew(KEY, grant.token, lifetime=SOON)

    assert renewed is not None
    assert renewed.expires_at is None
    assert refused(others, timeout=3 * SOON)


@shared
@pytest.mark.req("B8")
def test_the_lock_of_a_killed_process_comes_free(backend: Backend, locks: CartLocks) -> None:
    with Contender.of(backend) as contender:
        contender.acquire(KEY, lifetime=SOON)
        assert refused(locks)

        contender.kill()

        assert granted(locks, timeout=LONG)


@shared
@pytest.mark.req("B8")
def test_a_process_that_waited_gets_the_lock_of_a_killed_one(backend: Backend) -> None:
    with Contender.of(backend) as holder, Contender.of(backend) as waiter:
        holder.acquire(KEY, lifetime=SOON)
        waiter.tell(do="acquire", key=KEY, timeout=LONG, lifetime=LONG, keep=True)
        wait_until(lambda: waits(backend, waiter.process.pid), what="the contender to wait")

        holder.kill()

        assert waiter.answer() is not None
