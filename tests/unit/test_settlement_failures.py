"""Settling while something fails: nothing is half done, nobody is told too much, and it is tried again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.domain.cart import OrderPhase
from bridge.domain.errors import MollieTimeout, MollieUnavailable, ShopDown
from bridge.domain.records import DeliveryState
from bridge.ports.shop import ShopAnswer
from tests.fakes.mollie import MollieRequest
from tests.unit.builders import CART
from tests.unit.world import World

DONE, FAILED = DeliveryState.DONE, DeliveryState.FAILED


@pytest.mark.req("L7", "P3")
def test_a_result_that_does_not_verify_is_tried_once_more_and_then_put_back(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.webhook.work = None

    delivery = world.deliver("tr_1")

    assert world.told == ["tr_1", "tr_1"]
    assert delivery.state is FAILED
    assert "no order for the cart" in str(delivery.last_error)
    assert world.state.order_phase is OrderPhase.STARTED
    assert world.audited("order.mismatch") == [{"mismatches": "no order for the cart"}] * 2


@pytest.mark.req("B8", "P3")
def test_what_was_put_back_is_completed_when_the_shop_works_again(world: World) -> None:
    world.add_payment("tr_1", "paid")
    work, world.webhook.work = world.webhook.work, None
    world.deliver("tr_1")
    world.webhook.work = work

    world.work_off()

    assert world.state.order_phase is OrderPhase.DONE
    assert len(world.shop.orders_of(CART)) == 1


@pytest.mark.parametrize("answer", [ShopAnswer(status=500, body=""), ShopAnswer(status=409, body=""), ShopDown("slow")])
def test_a_shop_that_does_not_take_the_news_hears_it_again(world: World, answer: ShopAnswer | Exception) -> None:
    world.add_payment("tr_1", "paid")
    world.webhook.script = [answer]

    delivery = world.deliver("tr_1")
    world.work_off()

    assert delivery.state is FAILED
    assert world.told == ["tr_1", "tr_1"]
    assert world.state.order_phase is OrderPhase.DONE


@pytest.mark.parametrize("error", [MollieUnavailable("503"), MollieTimeout("slow")])
def test_nothing_is_written_on_the_cart_while_mollie_is_silent(world: World, error: MollieUnavailable) -> None:
    world.add_payment("tr_1", "paid")
    world.mollie.fail("find_payment", error)

    delivery = world.deliver("tr_1")

    assert delivery.state is FAILED
    assert world.told == []
    assert world.state.settled_transaction_id is None
    assert world.state.lease is None
    world.work_off()
    assert world.state.order_phase is OrderPhase.DONE


@pytest.mark.req("B8")
def test_a_holder_that_lost_its_lease_writes_nothing_and_tells_nobody(world: World) -> None:
    world.add_payment("tr_1", "paid")

    def another_takes_the_cart(request: MollieRequest) -> None:
        world.mollie.before = None
        world.ledger.in_cart(CART, lambda tx: tx.save_state(replace(tx.state, fence=tx.state.fence + 1, lease=None)))

    world.mollie.before = another_takes_the_cart
    delivery = world.deliver("tr_1")

    assert delivery.state is FAILED
    assert "LeaseLost" in str(delivery.last_error)
    assert world.told == []
    assert world.attempt("tr_1").state == "open"
    assert world.state.settled_transaction_id is None
    assert world.audited("settlement.decided") == []


@pytest.mark.req("B8")
def test_a_holder_that_lost_its_lease_while_the_shop_worked_can_not_close_the_order(world: World) -> None:
    world.add_payment("tr_1", "paid")
    work = world.webhook.work
    assert work is not None

    def slow(call: object) -> ShopAnswer | None:
        world.ledger.in_cart(CART, lambda tx: tx.save_state(replace(tx.state, fence=tx.state.fence + 1, lease=None)))
        return work(call)  # type: ignore[arg-type]

    world.webhook.work = slow
    delivery = world.deliver("tr_1")

    assert (delivery.state, world.state.order_phase) == (FAILED, OrderPhase.STARTED)
    world.webhook.work = work
    world.work_off()
    assert world.state.order_phase is OrderPhase.DONE


def test_a_payment_without_a_webhook_address_is_left_to_a_person(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.mollie.payments["tr_1"] = replace(world.mollie.payments["tr_1"], webhook_url=None)

    delivery = world.deliver("tr_1")

    assert delivery.state is FAILED
    assert world.told == []
