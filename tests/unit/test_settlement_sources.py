"""Settling what the bridge did not see coming: orders made without it, payments that it does not know yet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.domain.cart import OrderPhase
from bridge.domain.errors import MollieUnauthorized
from bridge.domain.records import DeliveryState
from tests.fakes.mollie import FakeMollie
from tests.fakes.shop_webhook import mollie_module
from tests.unit.builders import CART, an_attempt
from tests.unit.world import World

DONE, FAILED = DeliveryState.DONE, DeliveryState.FAILED

# --- orders that were made without the bridge -------------------------------------------------------------------------


@pytest.mark.req("B4")
def test_money_for_a_cart_that_was_paid_by_other_means_is_surplus(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.shop.add_order(CART, module="ps_wirepayment")

    delivery = world.deliver("tr_1")

    assert delivery.decision == "Surplus"
    assert world.told == []
    assert world.audited("settlement.decided")[-1]["settled_by"] == "module:ps_wirepayment"


def test_an_order_that_the_shop_made_alone_is_the_settlers(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.add_payment("tr_2", "paid", state="superseded")
    world.shop.add_order(CART, paid_by="tr_1")

    assert world.deliver("tr_2").decision == "Surplus"
    assert world.deliver("tr_1").decision == "Settle"
    assert len(world.shop.orders_of(CART)) == 1


def test_an_order_that_waits_for_a_bank_transfer_does_not_make_the_only_money_surplus(world: World) -> None:
    """The module makes that order before anything is paid, and lets another payment of the cart complete it."""
    world.add_payment("tr_transfer", "open")
    world.add_payment("tr_ideal", "paid", state="superseded")
    order = world.shop.add_order(CART, paid=False)
    world.shop.set_payment("tr_transfer", order_id=order.order_id)

    world.deliver("tr_ideal")

    assert world.told == ["tr_ideal"]
    assert world.attempt("tr_ideal").state == "paid"


# --- payments that the ledger does not know yet -----------------------------------------------------------------------


def test_news_that_overtakes_the_binding_finds_its_reservation(world: World) -> None:
    world.add_attempt(None, "reserved", attempt_id="mine")
    world.add_payment("tr_1", "paid", state=None)

    world.deliver("tr_1")

    (attempt,) = world.attempts
    assert (attempt.id, attempt.transaction_id, attempt.state) == ("mine", "tr_1", "paid")


def test_a_binding_that_comes_after_its_webhook_changes_nothing(world: World) -> None:
    world.add_attempt(None, "reserved", attempt_id="mine")
    world.add_payment("tr_1", "paid", state=None)
    world.deliver("tr_1")

    answer = world.services.payments.bind("mine", transaction_id="tr_1", checkout_url="https://mollie.example/1")

    assert (answer.status, answer.has_order) == ("paid", True)


def test_a_payment_of_the_bridge_is_known_by_the_attempt_in_its_metadata(world: World) -> None:
    world.add_attempt(None, "uncertain", attempt_id="mine", mollie_key="key-1")
    world.mollie.add("tr_1", "paid", attempt_id="mine")

    world.deliver("tr_1")

    (attempt,) = world.attempts
    assert (attempt.id, attempt.transaction_id, attempt.state) == ("mine", "tr_1", "paid")


def test_a_payment_older_than_the_reservation_is_not_taken_for_its_own(world: World) -> None:
    world.add_payment("tr_1", "paid", state=None)
    world.clock.advance(minutes=10)
    mine = replace(an_attempt("reserved", None, attempt_id="mine"), created_at=world.clock.now())
    world.ledger.in_cart(CART, lambda tx: tx.add_attempt(mine))

    world.deliver("tr_1")

    assert world.states() == {"tr_1": "paid", None: "reserved"}


@pytest.mark.req("P10")
def test_a_payment_that_the_bridge_first_hears_of_as_paid_counts_among_the_paid_ones_from_when_it_was_made(
    world: World,
) -> None:
    world.add_payment("tr_1", "paid", state=None)
    made = world.clock.now()
    world.clock.advance(minutes=3)

    world.deliver("tr_1")

    (attempt,) = world.attempts
    assert (attempt.created_at, attempt.processed_at) == (made, world.clock.now())


def test_a_payment_made_elsewhere_is_not_taken_for_the_one_that_the_bridge_is_creating(world: World) -> None:
    world.add_attempt(None, "reserved", attempt_id="mine", mollie_key="key-1")
    world.add_payment("tr_1", "paid", state=None)

    world.deliver("tr_1")

    assert world.states() == {"tr_1": "paid", None: "reserved"}


def test_a_released_payment_of_the_bridge_that_exists_after_all_does_not_push_the_live_one_aside(world: World) -> None:
    world.add_attempt(None, "released", attempt_id="mine", mollie_key="key-1")
    world.add_attempt("tr_2", "open")
    world.mollie.add("tr_1", "open", attempt_id="mine")

    delivery = world.deliver("tr_1")

    assert delivery.state is DONE
    assert world.state.live_attempt_id == "attempt-tr_2"


# --- the Orders API ---------------------------------------------------------------------------------------------------


@pytest.mark.req("P3")
def test_a_payment_of_an_order_at_mollie_is_verified_as_that_order(world: World) -> None:
    """Mollie announces the payment `tr_`, and answers with the order `ord_` that it belongs to."""
    world.add_payment("ord_1", "paid")
    world.mollie.payments["tr_1"] = world.mollie.payments["ord_1"]
    world.webhook.work = None

    delivery = world.deliver("tr_1")

    assert delivery.state is FAILED, "there is no order, and somebody has to know"


def test_a_payment_of_an_order_at_mollie_settles_the_cart(world: World) -> None:
    world.add_payment("ord_1", "paid")
    world.mollie.payments["tr_1"] = world.mollie.payments["ord_1"]
    world.webhook.work = lambda call: mollie_module(world.shop, world.mollie)(replace(call, transaction_id="ord_1"))

    world.deliver("tr_1")

    assert world.state.settled_transaction_id == "ord_1"
    assert world.state.order_phase is OrderPhase.DONE


# --- what Mollie or the shop do not know ------------------------------------------------------------------------------


def test_a_payment_that_mollie_does_not_know_is_done(world: World) -> None:
    delivery = world.deliver("tr_nobody")

    assert (delivery.state, delivery.decision) == (DONE, "Unknown")
    assert world.told == []


@pytest.mark.req("B6")
@pytest.mark.parametrize("source", ["mollie", "replay"])
def test_a_payment_that_the_shop_has_made_is_not_unknown(world: World, source: str) -> None:
    """The merchant has set a test key, or another account's; in some minutes he sees it and sets the right one."""
    world.add_payment("tr_1", "paid")
    theirs, world.mollie.payments = world.mollie.payments, {}

    delivery = world.deliver("tr_1", source=source)
    world.mollie.payments = theirs
    world.work_off()

    assert delivery.state is FAILED
    assert "is the key a test key" in (delivery.last_error or "")
    assert world.state.settled_transaction_id == "tr_1"


def test_the_bridges_own_question_about_it_is_not_tried_again(world: World) -> None:
    """It comes again by itself; and what was made with a key that is gone for good would end as a notice each time."""
    world.add_payment("tr_1", "paid")
    world.mollie.payments = {}

    delivery = world.deliver("tr_1", source="janitor")

    assert (delivery.state, delivery.decision) == (DONE, "Unknown")


def test_a_payment_is_not_unknown_while_no_account_can_be_asked(world: World) -> None:
    world.mollie.add("tr_1", "paid")
    world.accounts.closed = {1}

    delivery = world.deliver("tr_1")
    world.accounts.closed = set()
    world.work_off()

    assert delivery.state is FAILED
    assert world.state.settled_transaction_id == "tr_1"


def test_a_shop_without_a_key_makes_no_payment_uncertain(world: World) -> None:
    """Anybody may announce payments that do not exist; each would be tried for a day and then be told of."""
    world.shop.add_cart(43, shop_id=2, customer_id=8)
    world.accounts.closed = {2}

    delivery = world.deliver("tr_nobody")

    assert (delivery.state, delivery.decision) == (DONE, "Unknown")


def test_a_key_that_mollie_does_not_accept_leaves_a_payment_uncertain(world: World) -> None:
    world.shop.add_cart(43, shop_id=2, customer_id=8)
    world.accounts.by_shop = {2: FakeMollie()}
    world.accounts.by_shop[2].fail_always("find_payment", MollieUnauthorized("401"))

    assert world.deliver("tr_1").state is FAILED


def test_a_payment_of_another_shops_account_is_found(world: World) -> None:
    other = world.shop.add_cart(43, shop_id=2, customer_id=8)
    second = FakeMollie()
    second.add("tr_1", "paid", cart_id=43)
    world.accounts.by_shop = {2: second}
    world.webhook.work = mollie_module(world.shop, second)

    delivery = world.deliver("tr_1")

    assert (delivery.cart, delivery.state) == (other, DONE)


def test_the_surplus_of_a_cart_that_is_free_again_settles_it(world: World) -> None:
    """The first money was only authorised, never became an order, and was given back: the second is the cart's."""
    world.add_payment("tr_1", "authorized")
    world.add_payment("tr_2", "paid", state="superseded")
    work, world.webhook.work = world.webhook.work, None
    world.deliver("tr_1")
    world.deliver("tr_2")
    world.webhook.work = work
    world.mollie.set("tr_1", "canceled")

    world.deliver("tr_1")
    world.work_off()

    assert world.state.settled_transaction_id == "tr_2"
    assert len(world.shop.orders_of(CART)) == 1


@pytest.mark.parametrize("cart_id", [99, None])
def test_a_payment_of_a_cart_that_the_shop_does_not_know_is_reported_and_done(
    world: World, cart_id: int | None
) -> None:
    world.mollie.add("tr_1", "paid", cart_id=cart_id)

    delivery = world.deliver("tr_1")

    assert (delivery.state, delivery.decision, delivery.cart) == (DONE, "Unmatched", None)
    assert world.told == []


@pytest.mark.req("P2")
def test_the_cart_comes_from_the_database_and_mollie_is_asked_once(world: World) -> None:
    world.add_payment("tr_1", "open", row=False)
    world.deliver("tr_1")
    assert world.asked == ["tr_1"]

    world.add_payment("tr_2", "open", state=None)
    world.deliver("tr_2")
    assert world.asked == ["tr_1", "tr_2"]


@pytest.mark.req("P2")
def test_the_cart_comes_from_mollie_when_the_database_does_not_know_the_payment(world: World) -> None:
    world.add_payment("tr_1", "paid", state=None, row=False)

    delivery = world.deliver("tr_1")

    assert (delivery.cart, delivery.decision) == (CART, "Settle")
    assert world.asked == ["tr_1", "tr_1"], "once for the cart, once under its lease"
