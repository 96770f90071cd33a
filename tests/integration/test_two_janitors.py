"""Two sidecars, each with its janitor: one sweeps at a time, and what a killed one held is taken over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.integration.findings import attempt_state
from tests.integration.sidecar import Sidecar
from tests.integration.test_paused_holder import fresh_database
from tests.integration.world import World, running_world
from tests.services.mariadb import PrivateMariaDB
from tests.services.redis import PrivateRedis
from tests.services.waiting import wait_until

pytestmark = [pytest.mark.mariadb, pytest.mark.redis, pytest.mark.slow, pytest.mark.timeout(200)]

PAYMENTS = 12
ASKING = 0.2
"""Seconds that Mollie takes for each answer: a sweep of twelve payments takes more than two."""


@pytest.fixture
def world(mariadb: PrivateMariaDB, redis_process: PrivateRedis) -> Iterator[World]:
    """A sidecar whose janitor comes all the time; `another` starts a second one."""
    redis_process.start()
    sections: dict[str, Any] = {
        "locks": {"backend": "redis", "redis_url": redis_process.url},
        "janitor": {"every": 0.1, "silent": 0.1, "quiet": 0.1},
    }
    with fresh_database(mariadb, "two_janitors") as database, running_world(database, **sections) as running:
        yield running


@pytest.fixture
def other(world: World) -> Iterator[Sidecar]:
    sidecar = Sidecar()
    sidecar.sections = world.sidecar.sections
    with sidecar:
        yield sidecar


def open_payments(world: World) -> dict[str, int]:
    """Open payments that were made through the bridge, and their carts."""
    found = {}
    for _ in range(PAYMENTS):
        cart_id, _ = world.new_cart()
        found[world.open_payment(cart_id)[1]] = cart_id
    return found


def holder(world: World) -> str | None:
    """Who holds the janitor's task now."""
    rows = world.rows("SELECT holder FROM {p}task WHERE name = 'janitor' AND held_until > UTC_TIMESTAMP(6)")
    return str(rows[0][0]) if rows else None


def asked(world: World, transactions: dict[str, int]) -> int:
    """How often Mollie was asked about these payments."""
    return sum(len(world.mollie.traffic.requests("GET", f"/v2/payments/{each}")) for each in transactions)


def running_questions(world: World) -> int:
    """How many questions Mollie has not answered yet."""
    return sum(request.status is None for request in world.mollie.traffic.requests("GET", "/v2/payments/.*"))


@pytest.mark.req("B8", "B15", "L7")
def test_one_sweeps_at_a_time(world: World, other: Sidecar, publish: Callable[[str], None]) -> None:
    transactions = open_payments(world)
    world.mollie.faults.delay(ASKING, method="GET", path="/v2/payments/.*", times=None)
    most, holders, looks = 0, set(), 0
    begun = asked(world, transactions)

    def watched() -> bool:
        nonlocal most, looks
        most = max(most, running_questions(world))
        holders.add(holder(world))
        looks += 1
        return asked(world, transactions) - begun >= 5 * PAYMENTS

    wait_until(watched, 60)
    world.mollie.faults.clear()

    # A janitor asks one question after the other; two at work would ask two at a time.
    assert most == 1
    assert len(holders - {None}) == 2
    publish(f"two janitors, {looks} looks during {5 * PAYMENTS} questions to Mollie: never more than {most} at a time")


@pytest.mark.req("B8", "B15")
def test_the_task_of_a_killed_janitor_is_taken_over(world: World, other: Sidecar) -> None:
    transactions = open_payments(world)
    with ExitStack() as stack:
        stack.callback(world.mollie.faults.clear)
        world.mollie.faults.hang(method="GET", path="/v2/payments/.*", times=None)
        first = wait_until(lambda: running_questions(world) > 0 and holder(world), 30)
        victims = {f":{child}:": sidecar for sidecar in (world.sidecar, other) for child in children(sidecar.pid)}
        killed = next(sidecar for mark, sidecar in victims.items() if mark in str(first))
        killed.kill()

    for transaction_id in transactions:
        world.mollie.webhooks.lose(transaction_id)
        world.mollie.pay(transaction_id)
    survivor = other if killed is world.sidecar else world.sidecar
    assert holder(world) == first
    before = asked(world, transactions)
    wait_until(lambda: survivor.get("/readyz").status == 200)
    assert asked(world, transactions) == before

    world.rows("UPDATE {p}task SET held_until = UTC_TIMESTAMP(6) WHERE name = 'janitor'")

    wait_until(lambda: all(world.references(cart_id) for cart_id in transactions.values()), 60, interval=0.1)
    assert holder(world) != first
    for transaction_id, cart_id in transactions.items():
        assert len(world.references(cart_id)) == 1
        assert attempt_state(world, transaction_id) == "paid"


def children(pid: int) -> list[int]:
    """The process and those that it started; one of them serves."""
    return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
