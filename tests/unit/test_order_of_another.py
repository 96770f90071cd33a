"""The shop, working without the bridge, made its order with another payment than the one that settles the cart."""

from __future__ import annotations

import pytest

from bridge.domain.cart import OrderPhase
from bridge.domain.errors import MollieTimeout
from bridge.ports.shop import ShopAnswer
from tests.unit.builders import CART
from tests.unit.money_back import a_world, given_back, notices, pay_again, refunds_of, sent, states_of
from tests.unit.world import World

NOTHING_MADE = ShopAnswer(status=200, body="died in the middle")


def half_made(policy: str = "refund") -> World:
    """`tr_1` was to settle the cart, and the shop's script for it died; `tr_2` is paid, and nobody has told of it."""
    world = a_world(policy)
    world.webhook.script = [NOTHING_MADE] * 2
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")
    assert (world.state.settled_transaction_id, world.state.order_phase) == ("tr_1", OrderPhase.STARTED)
    world.add_payment("tr_2", "paid", state="superseded")
    return world


def work_alone(world: World) -> None:
    """The module lets `tr_2` make the order, and nobody asks the bridge."""
    world.module("tr_2")
    world.webhook.calls.clear()


def work_off(world: World) -> None:
    for _ in range(3):
        world.work_off()
        world.services.refunds.work_due()


@pytest.mark.req("P3", "B4", "B8")
def test_the_payment_that_made_the_order_settles_the_cart_and_the_other_one_is_surplus() -> None:
    world = half_made()
    work_alone(world)
    world.deliver("tr_2")
    work_off(world)

    assert (world.state.settled_transaction_id, world.state.order_phase) == ("tr_2", OrderPhase.DONE)
    assert world.states() == {"tr_1": "refunded", "tr_2": "paid"}
    assert (given_back(world, "tr_1"), given_back(world, "tr_2")) == (1440, 0)
    assert len(world.shop.orders_of(CART)) == 1
    world.close()


@pytest.mark.req("P3", "B4", "B8")
def test_it_is_found_out_by_the_first_payments_own_tries() -> None:
    """No news of `tr_2` comes to the bridge: the order of `tr_1` does not verify, and shows why."""
    world = half_made()
    work_alone(world)
    world.clock.advance(minutes=1)
    work_off(world)

    assert (world.state.settled_transaction_id, world.state.order_phase) == ("tr_2", OrderPhase.DONE)
    assert (given_back(world, "tr_1"), given_back(world, "tr_2")) == (1440, 0)
    assert "order_mismatch" in [notice.kind.value for notice in notices(world)]
    world.close()


@pytest.mark.req("P3", "B4", "B8")
def test_its_refund_that_was_queued_before_the_order_was_made_is_not_sent() -> None:
    """The bridge had decided that `tr_2` is surplus, its answer came too late, and the module worked alone."""
    world = half_made()
    world.deliver("tr_2")
    assert states_of(world) == ["queued"]
    work_alone(world)
    world.services.refunds.work_due()
    assert (states_of(world), sent(world)) == (["dropped"], [])
    assert refunds_of(world)[0].last_error == "the shop's order was made with this payment"
    work_off(world)

    assert world.state.settled_transaction_id == "tr_2"
    assert (given_back(world, "tr_1"), given_back(world, "tr_2")) == (1440, 0)
    world.close()


@pytest.mark.req("P3", "B4")
def test_a_refund_that_was_sent_already_goes_on_and_the_merchant_is_told_of_the_order() -> None:
    world = half_made()
    world.deliver("tr_2")
    world.mollie.fail("create_refund", MollieTimeout("slow"), done=True)
    world.services.refunds.work_due()
    work_alone(world)
    world.clock.advance(minutes=1)
    world.work_due()
    for _ in range(3):
        world.clock.advance(minutes=1)
        world.services.refunds.work_due()
        world.work_due()

    assert world.state.settled_transaction_id == "tr_1"
    assert (given_back(world, "tr_1"), given_back(world, "tr_2")) == (0, 1440)
    (told,) = [notice for notice in notices(world) if notice.kind.value == "order_mismatch"]
    assert told.transaction_id == "tr_1"
    assert "the order has no payment of transaction tr_1" in world.undone()[0].last_error  # type: ignore[operator]
    world.close()


@pytest.mark.req("P3", "B4", "B5")
def test_an_order_that_was_verified_stays_the_settling_payments() -> None:
    """Whatever is written into the shop's payments afterwards, by hand."""
    world = a_world()
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")
    reference = world.shop.orders_of(CART)[0].reference
    paid_by = world.shop._written[reference].paid_by
    paid_by["tr_2"] = paid_by.pop("tr_1")
    pay_again(world)

    assert world.state.settled_transaction_id == "tr_1"
    assert world.attempt("tr_2").state == "surplus"
    world.close()


@pytest.mark.req("P3", "B4")
@pytest.mark.parametrize("written", [("tr_1", "tr_2"), (), ("tr_3",)])
def test_an_order_that_does_not_clearly_say_so_changes_nothing(written: tuple[str, ...]) -> None:
    world = half_made()
    work_alone(world)
    reference = world.shop.orders_of(CART)[0].reference
    paid_by = world.shop._written[reference].paid_by
    amount = paid_by.pop("tr_2")
    paid_by.update(dict.fromkeys(written, amount))
    world.deliver("tr_2")

    assert world.state.settled_transaction_id == "tr_1"
    assert world.attempt("tr_2").state == "surplus"
    world.close()
