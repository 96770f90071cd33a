"""Settling a cart, routed: Mollie's word is written down, and the shop hears what it must, once the money is right."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.domain.cart import OrderPhase
from bridge.domain.errors import MollieTimeout, MollieUnavailable, ShopDown
from bridge.domain.records import DeliveryState
from bridge.ports.shop import ShopAnswer
from tests.fakes.mollie import FakeMollie, MollieRequest
from tests.fakes.shop_webhook import mollie_module
from tests.unit.builders import CART, OTHER_PRICE, PRICE, an_attempt
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


# --- what goes wrong --------------------------------------------------------------------------------------------------


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


# --- what Mollie or the shop do not know ------------------------------------------------------------------------------


def test_a_payment_that_mollie_does_not_know_is_done(world: World) -> None:
    delivery = world.deliver("tr_nobody")

    assert (delivery.state, delivery.decision) == (DONE, "Unknown")
    assert world.told == []


def test_a_payment_is_not_unknown_while_no_account_can_be_asked(world: World) -> None:
    world.mollie.add("tr_1", "paid")
    world.accounts.closed = {1}

    delivery = world.deliver("tr_1")
    world.accounts.closed = set()
    world.work_off()

    assert delivery.state is FAILED
    assert world.state.settled_transaction_id == "tr_1"


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
