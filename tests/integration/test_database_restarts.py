"""MariaDB restarting in the middle of webhooks, in good order and by kill -9: none is lost and none is done twice.

The shop makes its orders in many transactions, as PrestaShop does: an order that a restart cuts in half stays so, and
its delivery is dead with that reason. No second one is made for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import pymysql
import pytest
import requests

from tests.integration.findings import refunded, undone
from tests.integration.world import World, running_world
from tests.services.mariadb import PrivateMariaDB
from tests.services.mysql import private_database_server
from tests.services.waiting import wait_until

pytestmark = [pytest.mark.mariadb, pytest.mark.slow, pytest.mark.timeout(400)]

CARTS = 40
CALLERS = 8
RESTARTS_AFTER = (2, 20, 50)
"""Deliveries that are done when the database is restarted."""


@pytest.fixture
def server() -> Iterator[PrivateMariaDB]:
    """A server of this test's own: nobody else is to feel its restarts."""
    with private_database_server() as running:
        yield running


@pytest.fixture
def world(server: PrivateMariaDB) -> Iterator[World]:
    webhooks = {
        "first_pause": 0.2,
        "longest_pause": 1.0,
        "shop_timeout": 4.0,
        "lease_wait": 1.0,
        "working": 6.0,
        "tries": 20,
    }
    with running_world(
        server.create_database("restarts"),
        webhooks=webhooks,
        locks={"lifetime": 5.0},
        surplus={"policy": "refund", "first_pause": 0.2, "longest_pause": 1.0},
    ) as running:
        yield running


def paid_twice(world: World) -> tuple[int, tuple[str, ...]]:
    """A cart with two paid payments, of which nobody has been told."""
    cart_id, _ = world.new_cart()
    transactions = tuple(world.shop.pay(cart_id).transaction_id for _ in range(2))
    for transaction_id in transactions:
        world.mollie.webhooks.lose(transaction_id)
        world.mollie.pay(transaction_id)
    return cart_id, transactions


def announce(world: World, transaction_id: str) -> None:
    """Mollie's call and its retries, until one is answered that the delivery is stored or done."""

    def is_told() -> bool:
        with suppress(requests.RequestException, pymysql.Error):
            stored = "SELECT 1 FROM {p}delivery WHERE transaction_id = %s"
            return world.route(transaction_id) == 200 or bool(world.rows(stored, transaction_id))
        return False

    wait_until(is_told, 60, interval=0.2)


def are_done(world: World, number: int) -> bool:
    with suppress(pymysql.Error):
        ((done,),) = world.rows("SELECT COUNT(*) FROM {p}delivery WHERE state = 'done'")
        return bool(done >= number)
    return False


def nothing_waits(world: World) -> bool:
    return all(state == "dead" for _, state, _ in undone(world))


@pytest.mark.long
@pytest.mark.req("P2", "P3", "B4", "B6", "B8")
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_webhooks_outlive_restarts_of_the_database(
    world: World, server: PrivateMariaDB, how: str, publish: Callable[[str], None]
) -> None:
    carts = dict(paid_twice(world) for _ in range(CARTS))
    with ThreadPoolExecutor(CALLERS) as pool:
        calls = [pool.submit(announce, world, tr) for transactions in carts.values() for tr in transactions]
        for number in RESTARTS_AFTER:
            wait_until(partial(are_done, world, number), 90)
            getattr(server, how)()
            server.start()
        for call in calls:
            call.result()

    wait_until(partial(nothing_waits, world), 90, interval=0.2)
    ends: Counter[str] = Counter()
    for cart_id, transactions in carts.items():
        sql = "SELECT settled_transaction_id, order_phase FROM {p}cart WHERE id_cart = %s"
        ((settled_by, phase),) = world.rows(sql, cart_id)
        (surplus,) = set(transactions) - {settled_by}
        assert len(world.references(cart_id)) == 1
        assert (refunded(world, settled_by), refunded(world, surplus)) == ([], ["14.40"])
        ends[phase] += 1
    cut = {str(tr) for tr, _, reason in undone(world) if "does not verify" in str(reason)}
    assert {str(tr) for tr, _, _ in undone(world)} == cut
    assert len(cut) == ends["started"]
    assert ends["done"] >= CARTS * 3 // 4
    publish(
        f"{len(RESTARTS_AFTER)} restarts ({how}) amid {2 * CARTS} webhooks: one order, one refund in {CARTS} carts; "
        f"of the orders {ends['done']} right, {ends['started']} cut in half and dead with that reason"
    )
