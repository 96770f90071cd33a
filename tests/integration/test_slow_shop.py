"""Every webhook thread waits for a shop that does not answer; shoppers pay all the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from bridge.demo.storefront.failures import Failure
from tests.integration.findings import wait_until_all_done
from tests.integration.world import World, running_world
from tests.services.mariadb import Database
from tests.services.waiting import wait_until

pytestmark = [pytest.mark.mariadb, pytest.mark.slow, pytest.mark.timeout(300)]

THREADS = 6
WAITING = 8
INITIATIONS = 60
BOUND = 1.5
"""Seconds, on a machine that others use: far above an initiation's milliseconds, far below the shop's time-out."""


@pytest.fixture(scope="module")
def world(module_database: Database) -> Iterator[World]:
    with running_world(
        module_database,
        server={"webhook_threads": THREADS, "threads": 24},
        webhooks={"waiting": WAITING, "first_pause": 0.2, "longest_pause": 0.5},
    ) as running:
        yield running


def paid(world: World) -> tuple[int, str]:
    cart_id, _ = world.new_cart()
    transaction_id = world.shop.pay(cart_id).transaction_id
    world.mollie.webhooks.lose(transaction_id)
    world.mollie.pay(transaction_id)
    return cart_id, transaction_id


@pytest.mark.req("B6", "P12")
def test_initiations_do_not_wait_for_a_shop_that_hangs(world: World, publish: Callable[[str], None]) -> None:
    failures = world.shop.failures
    failures.always = Failure.HANG
    carts = [paid(world) for _ in range(4 * THREADS)]
    shoppers = [world.new_cart()[0] for _ in range(INITIATIONS)]
    took = []
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(len(carts)))
        stack.callback(failures.resume)
        webhooks = [pool.submit(world.route, transaction_id) for _, transaction_id in carts]
        wait_until(lambda: failures.hanging == THREADS, 20)
        # Whoever finds no thread and no place to wait is told to come again at once.
        wait_until(lambda: sum(call.done() for call in webhooks) == len(carts) - WAITING, 20)

        for cart_id in shoppers:
            begun = time.monotonic()
            assert world.initiate(cart_id).status == 201
            took.append(time.monotonic() - begun)
        assert failures.hanging == THREADS
    assert max(took) < BOUND

    wait_until_all_done(world, 60)
    for cart_id, _ in carts:
        assert len(world.references(cart_id)) == 1
    median = sorted(took)[len(took) // 2]
    publish(
        f"{INITIATIONS} initiations while {THREADS} of {THREADS} webhook threads wait for the shop: none refused, "
        f"median {median * 1000:.0f} ms, longest {max(took) * 1000:.0f} ms"
    )
