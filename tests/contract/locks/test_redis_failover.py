"""Locks after a fail-over of Redis: the old master is a replica, refuses to write and keeps its connections open."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from bridge.adapters.clock import SystemClock
from bridge.adapters.redis_locks import RedisCartLocks
from bridge.domain.errors import LockBackendDown
from tests.contract.locks.moves import KEY, LONG, granted, refused, take
from tests.services.address import Address
from tests.services.redis import PrivateRedis
from tests.services.waiting import wait_until

pytestmark = [pytest.mark.redis, pytest.mark.req("L3")]


class Pair:
    """A master, the server that is to follow it, and the address under which the master is known."""

    def __init__(self, stack: ExitStack) -> None:
        self.master = stack.enter_context(PrivateRedis())
        self._next = PrivateRedis()
        self._next.password = self.master.password
        stack.enter_context(self._next)
        self._address = stack.enter_context(Address(self.master.port))
        self._stack = stack

    def locks(self) -> RedisCartLocks:
        """Locks as a process of its own would have them."""
        url = f"redis://:{self.master.password}@127.0.0.1:{self._address.port}/0"
        locks = RedisCartLocks(url, SystemClock())
        self._stack.callback(locks.close)
        return locks

    def demote(self) -> None:
        """The master becomes a replica; the address leads to it all the same."""
        with self.master.client() as client:
            client.config_set("masterauth", self._next.password)
            client.replicaof("127.0.0.1", self._next.port)

    def move(self) -> None:
        """New connections reach the new master."""
        self._address.leads_to = self._next.port


@pytest.fixture
def pair() -> Iterator[Pair]:
    with ExitStack() as stack:
        yield Pair(stack)


def use(locks: RedisCartLocks) -> None:
    """Take a lock and give it back, so that there is a connection."""
    grant = take(locks)
    assert locks.release(KEY, grant.token)


def test_the_first_request_after_a_fail_over_gets_its_lock(pair: Pair) -> None:
    locks = pair.locks()
    use(locks)
    pair.demote()
    pair.move()

    assert granted(locks)
    assert refused(pair.locks())


def test_a_replica_that_the_address_leads_to_still_gives_no_lock(pair: Pair) -> None:
    locks = pair.locks()
    use(locks)
    pair.demote()

    with pytest.raises(LockBackendDown):
        take(locks)
    pair.move()
    assert granted(locks)


def test_who_listened_at_the_old_master_is_woken_by_the_new_one(pair: Pair) -> None:
    locks, others = pair.locks(), pair.locks()
    with ThreadPoolExecutor(1) as waiter:
        held = take(others)
        first = waiter.submit(locks.acquire, KEY, timeout=LONG, lifetime=LONG, purpose="test")
        wait_until(lambda: bells(pair.master) == 1, what="the waiter to listen")
        others.release(KEY, held.token)
        grant = first.result(LONG)
        assert grant is not None
        locks.release(KEY, grant.token)
        pair.demote()
        pair.move()
        held = take(others)

        again = waiter.submit(locks.acquire, KEY, timeout=LONG, lifetime=LONG, purpose="test")
        wait_until(lambda: bells(pair.master) == 0, what="the waiter to leave the old master")
        others.release(KEY, held.token)

        assert again.result(LONG) is not None


def bells(server: PrivateRedis) -> int:
    """How many listen there for a lock."""
    with server.client() as client:
        return len(client.pubsub_channels("molliebridge:bell:*"))
