"""What only the locks in Redis promise: shared between hosts, woken in order, lost without harm."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from redis.exceptions import LockNotOwnedError

from bridge.adapters.clock import SystemClock
from bridge.adapters.redis_locks import RedisCartLocks
from bridge.domain.errors import LockBackendDown
from bridge.ports.locks import CartLocks
from tests.contract.locks.backends import RedisBackend, closing
from tests.contract.locks.contender import Contender
from tests.contract.locks.moves import KEY, LONG, SOON, granted, order_of_turns, refused, take, wait_in_line
from tests.services.redis import PrivateRedis
from tests.services.waiting import BOUNDED, wait_until

pytestmark = [pytest.mark.redis, pytest.mark.req("L3")]


@pytest.fixture
def backend(redis_server: PrivateRedis, threads: ThreadPoolExecutor) -> Iterator[RedisBackend]:
    made = RedisBackend(redis_server)
    with closing(made):
        yield made


def questions(server: PrivateRedis) -> int:
    """How often a script was run."""
    with server.client() as client:
        return int(client.info("commandstats")["cmdstat_evalsha"]["calls"])


@contextmanager
def stopped(server: PrivateRedis) -> Iterator[None]:
    """A Redis that takes connections and never answers, as behind a broken network."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def test_the_key_is_the_one_that_symfony_uses(locks: CartLocks, redis_server: PrivateRedis) -> None:
    take(locks)

    with redis_server.client() as client:
        assert client.type(KEY) == "string"
        assert 0 < client.pttl(KEY) <= LONG * 1000


def test_redis_pys_lock_and_ours_exclude_each_other(locks: CartLocks, redis_server: PrivateRedis) -> None:
    with redis_server.client() as client:
        theirs = client.lock(KEY, timeout=LONG, blocking=False)
        assert theirs.acquire()
        assert refused(locks)
        theirs.release()

        take(locks)
        assert not theirs.acquire()


def test_we_wait_for_a_lock_of_redis_py(
    backend: RedisBackend, locks: CartLocks, redis_server: PrivateRedis, threads: ThreadPoolExecutor
) -> None:
    """It rings no bell; neither does Symfony up to 5.1, whose value looks the same."""
    with redis_server.client() as client:
        theirs = client.lock(KEY, timeout=LONG, blocking=False, thread_local=False)
        theirs.acquire()
        waiting = wait_in_line(backend, locks, threads)
        began, before = time.monotonic(), questions(redis_server)
        wait_until(lambda: questions(redis_server) >= before + 40, what="the first in line to look for himself")
        assert time.monotonic() - began < BOUNDED  # 40 seconds, if he waited for a ring
        theirs.release()

        assert waiting.result(30)


def test_any_process_releases_by_token(backend: RedisBackend, locks: CartLocks) -> None:
    grant = take(locks, keep=False)
    with Contender.of(backend) as elsewhere:
        assert not elsewhere.release(KEY, "somebody else's token")
        assert elsewhere.release(KEY, grant.token)

    assert not locks.release(KEY, grant.token)


def test_any_process_renews_by_token(locks: CartLocks, others: CartLocks) -> None:
    grant = take(locks, lifetime=SOON, keep=False)

    renewed = others.renew(KEY, grant.token, lifetime=LONG)

    assert renewed is not None
    assert (renewed.purpose, renewed.taken_at) == (grant.purpose, grant.taken_at)
    assert refused(others, timeout=2 * SOON)


def test_the_beginning_of_a_token_is_no_token(locks: CartLocks) -> None:
    grant = take(locks)

    assert not locks.release(KEY, grant.token[:-1])
    assert not locks.release(KEY, "")


def test_waiting_costs_next_to_nothing(
    backend: RedisBackend, locks: CartLocks, others: CartLocks, threads: ThreadPoolExecutor
) -> None:
    take(locks)
    waiting = wait_in_line(backend, others, threads)
    before = questions(backend.server)
    assert refused(locks, timeout=1.0)  # a second goes by

    assert questions(backend.server) - before < 8  # a look every 100 ms would make 20
    locks.close()
    assert waiting.result(30)


def test_processes_take_turns_in_the_order_they_came(
    backend: RedisBackend, locks: CartLocks, threads: ThreadPoolExecutor
) -> None:
    order = order_of_turns(backend, locks, threads, many=6, own=backend.locks)

    assert order == list(range(6))


def test_who_does_not_wait_does_not_overtake(
    backend: RedisBackend, locks: CartLocks, others: CartLocks, threads: ThreadPoolExecutor
) -> None:
    """The lock is free and somebody is in line: he gets it, whoever asks."""
    grant = take(locks)
    waiting = wait_in_line(backend, locks, threads)
    with backend.server.client() as client:
        client.delete(KEY)  # as it expires

    assert refused(others)
    assert waiting.result(30)
    assert not locks.release(KEY, grant.token)


def test_a_contender_that_does_not_wake_up_has_it_for_a_lifetime(backend: RedisBackend, locks: CartLocks) -> None:
    grant = take(locks)
    with Contender.of(backend) as sleeper:
        sleeper.tell(do="acquire", key=KEY, timeout=LONG, lifetime=SOON, keep=True)
        wait_until(lambda: backend.in_line(locks, KEY) == 1, what="the contender in line")
        sleeper.process.send_signal(signal.SIGSTOP)
        locks.release(KEY, grant.token)

        assert granted(locks, timeout=LONG)
        sleeper.kill()


@pytest.mark.req("B8")
def test_a_hold_that_redis_forgot_is_lost(locks: CartLocks, others: CartLocks, redis_server: PrivateRedis) -> None:
    grant = take(locks, keep=False)
    redis_server.flush()  # eviction, or a fail-over to a replica that did not have it yet

    assert granted(others)
    assert not locks.release(KEY, grant.token)
    assert refused(locks)


@pytest.mark.req("B8")
def test_a_kept_hold_that_redis_forgot_is_not_taken_back(
    locks: CartLocks, others: CartLocks, redis_server: PrivateRedis
) -> None:
    take(locks, lifetime=SOON, keep=True)
    redis_server.flush()
    grant = take(others, lifetime=LONG, keep=False)

    assert refused(locks, timeout=2 * SOON)  # in which the watchdog finds out
    assert others.release(KEY, grant.token)


@pytest.mark.req("B8")
def test_a_kept_hold_outlives_a_short_outage(redis_server: PrivateRedis, locks: CartLocks, others: CartLocks) -> None:
    grant = take(locks, lifetime=5, keep=True)
    with stopped(redis_server):
        refuses_to_answer(others)

    assert refused(others, timeout=5)
    assert locks.release(KEY, grant.token)


def test_a_restarted_redis_costs_no_request(locks: CartLocks, redis_server: PrivateRedis) -> None:
    grant = take(locks)
    locks.release(KEY, grant.token)
    redis_server.restart()

    assert granted(locks)


def test_a_redis_that_does_not_answer_is_given_up_in_time(locks: CartLocks, redis_server: PrivateRedis) -> None:
    take(locks, "webhook-cart-1")
    with stopped(redis_server):
        began = time.monotonic()
        refuses_to_answer(locks)

        assert time.monotonic() - began < BOUNDED


@pytest.mark.req("B8")
def test_a_lock_given_to_nobody_comes_free(locks: CartLocks, redis_server: PrivateRedis) -> None:
    """The command whose answer nobody waited for is obeyed when Redis goes on."""
    take(locks, "webhook-cart-1")
    with stopped(redis_server):
        refuses_to_answer(locks)

    assert granted(locks, timeout=LONG)


def test_a_release_that_redis_did_not_answer_is_made_up_for(locks: CartLocks, redis_server: PrivateRedis) -> None:
    grant = take(locks, keep=True)
    with stopped(redis_server), pytest.raises(LockBackendDown):
        locks.release(KEY, grant.token)

    assert granted(locks, timeout=LONG)


def test_holds_that_are_not_kept_outlive_their_process(locks: CartLocks, others: CartLocks) -> None:
    """They stand for somebody else's work: the shop goes on, and any process takes its completion."""
    grant = take(locks, keep=False)
    locks.close()

    assert refused(others)
    assert others.release(KEY, grant.token)


def test_a_wrong_password_is_a_backend_that_is_down(redis_server: PrivateRedis) -> None:
    url = f"redis://:wrong@{redis_server.host}:{redis_server.port}/0"
    locks = RedisCartLocks(url, SystemClock())

    with pytest.raises(LockBackendDown) as caught:
        take(locks)
    assert "wrong@" not in str(caught.value)


def test_the_locks_of_redis_py_know_that_they_lost_it(locks: CartLocks, redis_server: PrivateRedis) -> None:
    with redis_server.client() as client:
        theirs = client.lock(KEY, timeout=SOON, blocking=False)
        theirs.acquire()
        take(locks, timeout=LONG)

        with pytest.raises(LockNotOwnedError):
            theirs.release()


def refuses_to_answer(locks: CartLocks) -> None:
    with pytest.raises(LockBackendDown):
        locks.acquire(KEY, timeout=LONG, lifetime=LONG, purpose="test")


def test_what_expired_and_nobody_looked_at_goes_by_itself(redis_server: PrivateRedis, locks: CartLocks) -> None:
    for number in range(20):
        take(locks, f"webhook-cart-{number}", lifetime=SOON, keep=False)

    with redis_server.client() as client:
        assert client.scard("molliebridge:held") == 20
        assert 0 < client.pttl("molliebridge:held") <= 61_000
