"""Settling a cart, routed: Mollie's word is written down, and the shop hears what it must, once the money is right."""

from __future__ import annotations

import pytest

from bridge.domain.cart import OrderPhase
from bridge.domain.records import DeliveryState
from bridge.ports.shop import ShopAnswer
from tests.unit.builders import CART, OTHER_PRICE, PRICE
from tests.unit.world import World

DONE, FAILED = DeliveryState.DONE, DeliveryState.FAILED


@pytest.mark.req("P3", "L7")
def test_the_first_money_settles_the_cart_and_the_shop_makes_its_order(world: World) -> None:
    world.add_payment("tr_1", "paid")

    delivery = world.deliver("tr_1")

    assert (delivery.state, delivery.decision) == (DONE, "Settle")
    assert world.told == ["tr_1"]
    assert world.state.settled_transaction_id == "tr_1"
    assert world.state.order_phase is OrderPhase.DONE
    assert world.attempt("tr_1").state == "paid"
    assert world.state.lease is None


def test_the_decision_is_audited_with_where_the_news_came_from(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")

    assert world.audited("settlement.decided") == [{"decision": "Settle", "source": "mollie"}]
    assert world.audited("order.verified") == [{"mismatches": None}]


def test_the_delivery_keeps_what_mollie_said(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.mollie.set("tr_1", "paid", refunded=40, charged_back=10)

    delivery = world.deliver("tr_1")

    assert (delivery.cart, delivery.seen_status) == (CART, "paid")
    assert (delivery.seen_refunded, delivery.seen_charged_back) == (40, 10)


@pytest.mark.req("P3")
def test_the_cart_is_settled_before_the_shop_works(world: World) -> None:
    world.add_payment("tr_1", "paid")
    phases: list[tuple[str | None, OrderPhase]] = []
    work = world.webhook.work
    assert work is not None

    def watched(call: object) -> ShopAnswer | None:
        phases.append((world.state.settled_transaction_id, world.state.order_phase))
        return work(call)  # type: ignore[arg-type]

    world.webhook.work = watched
    world.deliver("tr_1")

    assert phases == [("tr_1", OrderPhase.STARTED)]


@pytest.mark.req("B4", "P3")
def test_a_second_paid_payment_is_surplus_and_kept_from_the_shop(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.add_payment("tr_2", "paid", state="superseded")
    world.deliver("tr_1")

    delivery = world.deliver("tr_2")

    assert (delivery.state, delivery.decision) == (DONE, "Surplus")
    assert world.told == ["tr_1"]
    assert world.states() == {"tr_1": "paid", "tr_2": "surplus"}
    assert world.audited("settlement.decided")[-1]["settled_by"] == "tr_1"


@pytest.mark.req("B4")
def test_a_surplus_payment_made_without_the_bridge_is_written_down(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.add_payment("tr_2", "paid", state=None, row=False)
    world.deliver("tr_1")

    world.deliver("tr_2")

    assert world.attempt("tr_2").state == "surplus"
    assert world.attempt("tr_2").charged == PRICE


@pytest.mark.req("B4")
def test_the_refund_of_a_surplus_payment_never_reaches_the_shop(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.add_payment("tr_2", "paid", state="superseded")
    world.deliver("tr_1")
    world.deliver("tr_2")
    world.mollie.set("tr_2", "paid", refunded=PRICE.minor)

    delivery = world.deliver("tr_2")

    assert delivery.decision == "RecordOnly"
    assert world.told == ["tr_1"]
    assert world.attempt("tr_2").state == "refunded"


@pytest.mark.req("B5")
@pytest.mark.parametrize("status", ["canceled", "expired", "failed"])
def test_stale_news_of_another_payment_never_reaches_a_paid_order(world: World, status: str) -> None:
    world.add_payment("tr_1", "paid")
    world.add_payment("tr_2", status, state="superseded")
    world.deliver("tr_1")

    delivery = world.deliver("tr_2")

    assert (delivery.state, delivery.decision) == (DONE, "Ignore")
    assert world.told == ["tr_1"]
    assert world.states() == {"tr_1": "paid", "tr_2": status}


def test_the_shop_hears_of_its_own_payments_refund(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")
    world.mollie.set("tr_1", "paid", refunded=PRICE.minor)

    delivery = world.deliver("tr_1")

    assert (delivery.state, delivery.decision) == (DONE, "Update")
    assert world.told == ["tr_1", "tr_1"]
    assert world.attempt("tr_1").state == "refunded"
    assert world.state.settled_transaction_id == "tr_1"


@pytest.mark.parametrize("status", ["canceled", "expired", "failed"])
def test_a_payment_that_ended_frees_the_cart_and_the_shop_hears_of_it(world: World, status: str) -> None:
    world.add_payment("tr_1", status)

    delivery = world.deliver("tr_1")

    assert (delivery.state, delivery.decision) == (DONE, "Update")
    assert world.told == ["tr_1"]
    assert world.attempt("tr_1").state == status
    assert world.state.live_attempt_id is None
    assert world.state.settled_transaction_id is None


@pytest.mark.parametrize("state", ["canceled", "expired", "failed", "superseded", "released"])
def test_late_money_settles_an_unsettled_cart(world: World, state: str) -> None:
    world.add_payment("tr_1", "paid", state=state)

    world.deliver("tr_1")

    assert world.attempt("tr_1").state == "paid"
    assert world.state.order_phase is OrderPhase.DONE


def test_an_authorised_payment_settles_and_its_capture_is_passed_on(world: World) -> None:
    world.add_payment("tr_1", "authorized")
    world.deliver("tr_1")
    world.mollie.pay("tr_1")

    world.deliver("tr_1")

    assert world.told == ["tr_1", "tr_1"]
    assert world.attempt("tr_1").state == "paid"


# --- money that waits for the right amount ----------------------------------------------------------------------------


@pytest.fixture
def changed(world: World) -> World:
    """The cart changed from 14.40 (paid in the old tab all the same) to 28.80 (still open)."""
    world.add_payment("tr_old", "paid", state="superseded")
    world.add_payment("tr_new", "open", money=OTHER_PRICE)
    return world


@pytest.mark.req("B3")
def test_money_of_an_amount_that_the_cart_no_longer_has_is_held(changed: World) -> None:
    delivery = changed.deliver("tr_old")

    assert (delivery.state, delivery.decision) == (DONE, "Hold")
    assert changed.told == []
    assert changed.attempt("tr_old").state == "held"
    assert changed.audited("settlement.decided")[-1]["waits_for"] == "attempt-tr_new"


@pytest.mark.req("B4")
def test_held_money_is_surplus_once_the_right_money_is_in(changed: World) -> None:
    changed.deliver("tr_old")
    changed.mollie.pay("tr_new")
    changed.deliver("tr_new")

    changed.work_off()

    assert changed.states() == {"tr_old": "surplus", "tr_new": "paid"}
    assert changed.told == ["tr_new"]


@pytest.mark.parametrize("status", ["canceled", "expired", "failed"])
def test_held_money_settles_the_cart_once_the_other_payment_is_dead(changed: World, status: str) -> None:
    changed.deliver("tr_old")
    changed.mollie.set("tr_new", status)
    changed.deliver("tr_new")

    changed.work_off()

    assert changed.states() == {"tr_old": "paid", "tr_new": status}
    assert changed.state.settled_transaction_id == "tr_old"


def test_held_money_is_decided_again_when_a_reservation_is_released(world: World) -> None:
    world.add_payment("tr_old", "paid", state="superseded")
    world.add_attempt(None, "reserved", money=OTHER_PRICE, attempt_id="new")
    world.deliver("tr_old")

    world.services.payments.release("new", reason="the module failed")
    world.work_off()

    assert world.state.settled_transaction_id == "tr_old"


def test_held_money_is_decided_again_when_the_other_payment_is_found_expired(changed: World) -> None:
    changed.deliver("tr_old")
    changed.mollie.set("tr_new", "expired")

    changed.services.deduplication.cancel_expired_payments(CART)
    changed.work_off()

    assert changed.state.settled_transaction_id == "tr_old"


def test_money_held_and_given_back_never_reaches_the_shop(changed: World) -> None:
    """The shop has not heard of it; with the Orders API its module would make an order for what was refunded."""
    changed.deliver("tr_old")
    changed.mollie.set("tr_old", "paid", refunded=PRICE.minor)
    changed.deliver("tr_old")

    changed.mollie.pay("tr_new")
    changed.deliver("tr_new")
    changed.work_off()

    assert changed.told == ["tr_new"]
    assert changed.states() == {"tr_old": "refunded", "tr_new": "paid"}
