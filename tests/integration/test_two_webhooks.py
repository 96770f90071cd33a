"""Two paid payments of one cart, both webhooks at once: the race that the official module loses."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from tests.integration.world import World, running_world, together
from tests.services.mariadb import Database

pytestmark = [pytest.mark.mariadb, pytest.mark.slow]

ROUNDS = 50


@pytest.fixture(scope="module")
def two_hosts(module_database: Database) -> Iterator[World]:
    """Two web servers whose own locks do not exclude each other, behind one sidecar."""
    with running_world(module_database, web_servers=2) as world:
        for shop in world.shops:
            shop.pause = 0.02
        yield world


def two_open_payments(world: World) -> tuple[int, list[str]]:
    """A cart with two payments at Mollie, as it stands when the bridge is installed between the two."""
    cart_id, _ = world.new_cart()
    return cart_id, [world.shops[i].pay(cart_id).transaction_id for i in range(2)]


@pytest.mark.long
@pytest.mark.req("P2", "P3", "B4")
def test_both_delivered_to_the_sidecar_at_once_give_one_order_50_times_over(two_hosts: World) -> None:
    for _ in range(ROUNDS):
        cart_id, transactions = two_open_payments(two_hosts)
        for transaction_id in transactions:
            two_hosts.mollie.webhooks.lose(transaction_id)
            two_hosts.mollie.pay(transaction_id)

        together([partial(two_hosts.route, tr) for tr in transactions])
        for transaction_id in transactions:
            two_hosts.route_until_taken(transaction_id)

        assert len(two_hosts.references(cart_id)) == 1
        states = two_hosts.rows("SELECT state FROM {p}attempt WHERE id_cart = %s ORDER BY state", cart_id)
        assert [state for (state,) in states] == ["paid", "surplus"]


@pytest.mark.long
@pytest.mark.req("P2", "P3", "B4")
def test_both_delivered_to_two_web_servers_at_once_give_one_order_50_times_over(two_hosts: World) -> None:
    for _ in range(ROUNDS):
        cart_id, transactions = two_open_payments(two_hosts)
        two_hosts.mollie.webhooks.hold()
        for transaction_id in transactions:
            two_hosts.mollie.pay(transaction_id)

        two_hosts.mollie.webhooks.deliver_together(transactions)
        two_hosts.mollie.webhooks.release()
        two_hosts.mollie.webhooks.wait_until_idle()

        assert len(two_hosts.references(cart_id)) == 1
        states = two_hosts.rows("SELECT state FROM {p}attempt WHERE id_cart = %s ORDER BY state", cart_id)
        assert [state for (state,) in states] == ["paid", "surplus"]
