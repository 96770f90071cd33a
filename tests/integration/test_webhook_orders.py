"""Three payments of one cart, all paid; their webhooks in every order and at once, to the sidecar and to the shop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import permutations

import pytest

from bridge.demo.storefront.seed import State
from tests.integration.findings import order_states, paid_by, refunded, undone, wait_until_all_done
from tests.integration.unflushed import unflushed
from tests.integration.world import World, running_world, together
from tests.services.mariadb import Database
from tests.services.waiting import wait_until

pytestmark = [pytest.mark.mariadb, pytest.mark.slow, pytest.mark.timeout(600)]

ORDERS = tuple(permutations(range(3)))
ROUNDS = 20
"""Of each order: half of them one webhook after the other, half of them all at once, begun in that order."""


@pytest.fixture(scope="module")
def world(module_database: Database) -> Iterator[World]:
    webhooks = {"first_pause": 0.1, "longest_pause": 0.5}
    surplus = {"policy": "refund"}
    with (
        unflushed(module_database) as database,
        running_world(database, web_servers=2, surplus=surplus, webhooks=webhooks) as running,
    ):
        yield running


@dataclass(frozen=True, kw_only=True)
class Tabs:
    """A cart and the three payments of it, with their amounts, in the order in which they were opened."""

    cart_id: int
    transactions: tuple[str, ...]
    amounts: tuple[str, ...]


def of_one_amount(world: World) -> Tabs:
    """Three tabs that asked nobody: the bridge was put into use when they stood open."""
    cart_id, _ = world.new_cart()
    transactions = tuple(world.shops[number % 2].pay(cart_id).transaction_id for number in range(3))
    return Tabs(cart_id=cart_id, transactions=transactions, amounts=("14.40",) * 3)


def of_a_changing_cart(world: World) -> Tabs:
    """Three tabs between which the cart was changed; each time the bridge let the new amount be paid."""
    amounts = ("14.40", "28.80", "43.20")
    cart_id, _ = world.new_cart()
    transactions = []
    for amount in amounts:
        world.shop.change_cart(cart_id, amount)
        transactions.append(world.open_payment(cart_id, amount)[1])
    return Tabs(cart_id=cart_id, transactions=tuple(transactions), amounts=amounts)


def pay_all(world: World, tabs: Tabs) -> None:
    """Nothing is announced yet; the news of refunds will be."""
    for transaction_id in tabs.transactions:
        world.mollie.webhooks.lose(transaction_id)
        world.mollie.pay(transaction_id)
        world.mollie.webhooks.find(transaction_id)


def announce(world: World, transactions: list[str], number: int) -> None:
    """The webhooks: at once or not, to the sidecar or to the shop; those not taken come again."""

    def call(transaction_id: str) -> bool:
        if number % 4 < 2:
            return world.route(transaction_id) == 200
        return world.mollie.webhooks.deliver(transaction_id).accepted

    calls = [partial(call, transaction_id) for transaction_id in transactions]
    taken = together(calls) if number % 2 else [each() for each in calls]
    for each, was_taken in zip(calls, taken, strict=True):
        if not was_taken:
            wait_until(each, 20, interval=0.05)


@pytest.mark.long
@pytest.mark.req("P2", "P3", "B4")
def test_three_paid_payments_give_one_order_and_two_refunds_whatever_comes_first(
    world: World, publish: Callable[[str], None]
) -> None:
    carts = []
    for number in range(ROUNDS):
        for order in ORDERS:
            tabs = (of_one_amount, of_a_changing_cart)[number // 4 % 2](world)
            pay_all(world, tabs)
            announce(world, [tabs.transactions[position] for position in order], number)
            carts.append(tabs)

    wait_until_all_done(world, 120)
    assert world.mollie.webhooks.wait_until_idle(60)

    assert undone(world) == ()
    refunds = sum(given_back_of(world, tabs) for tabs in carts)
    publish(f"one order, at all times paid: {len(carts)} of {len(carts)} carts paid three times; refunds: {refunds}")
    assert (len(carts), refunds) == (120, 240)


def given_back_of(world: World, tabs: Tabs) -> int:
    """How many payments of the cart were given back; all but the one that settled it, each once and in full."""
    assert len(world.references(tabs.cart_id)) == 1
    assert order_states(world, tabs.cart_id) == [State.PAID]
    (settled_by,) = paid_by(world, tabs.cart_id)
    given_back = {transaction_id: refunded(world, transaction_id) for transaction_id in tabs.transactions}
    assert given_back.pop(settled_by) == []
    amounts = dict(zip(tabs.transactions, tabs.amounts, strict=True))
    assert given_back == {transaction_id: [amounts[transaction_id]] for transaction_id in given_back}
    # The order is that of the cart as it was in the end.
    assert amounts[settled_by] == tabs.amounts[-1]
    (order,) = world.shop.orders_of(tabs.cart_id)
    assert order["total_paid_real"] == Decimal(tabs.amounts[-1])
    return len(given_back)
