"""The module works without the bridge for a moment, and makes the order with another payment than the settling one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge.demo.storefront.failures import Failure
from tests.integration.findings import attempt_state, refunded, wait_until_all_done
from tests.integration.world import World, running_world
from tests.services.mariadb import Database
from tests.services.waiting import wait_until

pytestmark = [pytest.mark.mariadb, pytest.mark.slow]


@pytest.fixture(scope="module")
def world(module_database: Database) -> Iterator[World]:
    with running_world(
        module_database,
        webhooks={"first_pause": 0.2, "longest_pause": 1.0},
        surplus={"policy": "refund", "first_pause": 0.2, "longest_pause": 1.0},
    ) as running:
        yield running


def settled_by(world: World, cart_id: int) -> tuple[object, ...]:
    return world.rows("SELECT settled_transaction_id, order_phase FROM {p}cart WHERE id_cart = %s", cart_id)[0]


def opened(world: World, cart_id: int) -> str:
    """A payment of which Mollie's webhook never comes."""
    _, transaction_id = world.open_payment(cart_id)
    world.mollie.webhooks.lose(transaction_id)
    return transaction_id


@pytest.mark.req("P3", "B4", "B8")
@pytest.mark.parametrize("announced", [True, False])
def test_the_payment_that_made_the_order_settles_and_the_other_one_goes_back(world: World, *, announced: bool) -> None:
    cart_id, _ = world.new_cart()
    first = opened(world, cart_id)
    world.mollie.expire(first)
    second = opened(world, cart_id)
    for transaction_id in (first, second):
        world.mollie.pay(transaction_id, late=True)
    # The second one is to settle the cart, and the shop fails for it.
    world.shop.failures.of(second, Failure.ANSWER_500, times=None)
    assert world.route(second) == 503
    assert settled_by(world, cart_id) == (second, "started")

    # The module works on the first one's webhook, and nobody asks the bridge.
    world.shop.webhook(first, world.shop.token_of(cart_id))
    assert len(world.references(cart_id)) == 1
    world.shop.failures.clear()
    if announced:
        world.route(first)

    wait_until(lambda: settled_by(world, cart_id)[0] == first, 30)
    wait_until_all_done(world, 30)
    wait_until(lambda: refunded(world, second) == ["14.40"], 30)
    assert refunded(world, first) == []
    assert (attempt_state(world, first), attempt_state(world, second)) == ("paid", "refunded")
    assert len(world.references(cart_id)) == 1
