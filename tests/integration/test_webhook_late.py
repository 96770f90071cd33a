"""Late news of a payment that another one has overtaken: nothing of it reaches the shop's order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.findings import order_of, wait_until_all_done
from tests.integration.sidecar import ADMIN_TOKEN
from tests.integration.world import World, running_world
from tests.services.mariadb import Database

pytestmark = [pytest.mark.mariadb, pytest.mark.slow]


@pytest.fixture(scope="module")
def world(module_database: Database) -> Iterator[World]:
    with running_world(module_database) as running:
        yield running


def settled_by_the_second(world: World) -> tuple[int, str, str]:
    """A cart that was changed between two tabs and settled by the second tab's payment; the first one's still open."""
    cart_id, _ = world.new_cart()
    _, first = world.open_payment(cart_id)
    world.shop.change_cart(cart_id, "28.80")
    _, second = world.open_payment(cart_id, "28.80")
    for transaction_id in (first, second):
        world.mollie.webhooks.lose(transaction_id)
    world.mollie.pay(second)
    world.route_until_taken(second)
    return cart_id, first, second


def module_rows(world: World, cart_id: int) -> dict[str, tuple[object, ...]]:
    """What the module's table says of each payment of the cart."""
    sql = "SELECT transaction_id, order_id, order_reference, bank_status FROM ps_mollie_payments WHERE cart_id = %s"
    return {str(row[0]): row[1:] for row in world.rows(sql, cart_id)}


@pytest.mark.req("B5")
@pytest.mark.parametrize("way", ["routed", "delegated"])
@pytest.mark.parametrize("end", ["expire", "cancel", "fail"])
def test_a_late_end_of_the_first_payment_changes_nothing_in_the_shop(world: World, way: str, end: str) -> None:
    cart_id, first, second = settled_by_the_second(world)
    before, rows = order_of(world, cart_id), module_rows(world, cart_id)
    getattr(world.mollie, end)(first)

    if way == "routed":
        world.route_until_taken(first)
    else:
        assert world.mollie.webhooks.deliver(first).accepted

    assert order_of(world, cart_id) == before
    after = module_rows(world, cart_id)
    assert after[second] == rows[second]
    assert after[first] == (*rows[first][:2], world.mollie.payment(first).status)


@pytest.mark.req("B5", "B6")
def test_nor_does_it_when_a_person_replays_it(world: World) -> None:
    cart_id, first, _ = settled_by_the_second(world)
    world.mollie.expire(first)
    world.route_until_taken(first)
    before, rows = order_of(world, cart_id), module_rows(world, cart_id)
    ((delivery_id,),) = world.rows("SELECT id FROM {p}delivery WHERE transaction_id = %s", first)

    replayed = world.sidecar.post("/v1/deliveries/replay", {"delivery_id": delivery_id}, token=ADMIN_TOKEN)

    assert replayed.status == 200
    wait_until_all_done(world, 20)
    assert (order_of(world, cart_id), module_rows(world, cart_id)) == (before, rows)


@pytest.mark.req("B5")
def test_nor_does_the_late_end_of_a_payment_that_nobody_asked_the_bridge_for(world: World) -> None:
    cart_id, _ = world.new_cart()
    first, second = (world.shop.pay(cart_id).transaction_id for _ in range(2))
    for transaction_id in (first, second):
        world.mollie.webhooks.lose(transaction_id)
    world.mollie.pay(second)
    world.route_until_taken(second)
    before = order_of(world, cart_id)

    world.mollie.expire(first)
    world.route_until_taken(first)

    assert order_of(world, cart_id) == before
