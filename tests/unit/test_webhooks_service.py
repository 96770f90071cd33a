"""Webhooks that reach the shop first (claim, complete), the back-off of those that failed, what is stored of each."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.domain.cart import OrderPhase
from bridge.domain.errors import LeaseHeld, LeaseLost, MollieTimeout, StoreDown
from bridge.domain.records import DeliveryState
from bridge.domain.settlement import Hold, Ignore, Settle, Surplus, Unknown, Unmatched, Update
from bridge.services.claims import Claim
from bridge.services.deliveries import new_delivery
from tests.unit.builders import CART, OTHER_PRICE
from tests.unit.world import World


def token_of(claim: Claim) -> str:
    assert claim.lease is not None
    return claim.lease.token


def shim(world: World, transaction_id: str) -> tuple[str, ...]:
    """The shim and its module at work, undisturbed; what did not fit."""
    claim = world.claims.claim(transaction_id)
    if claim.lease is None:
        return ()
    world.module(transaction_id)
    return world.claims.complete(claim.lease.token, succeeded=True, status=200)


# --- claim ------------------------------------------------------------------------------------------------------------


@pytest.mark.req("P2", "P3")
def test_a_claim_lets_the_module_work_under_a_lease_on_the_cart(world: World) -> None:
    world.add_payment("tr_1", "paid")

    claim = world.claims.claim("tr_1")

    assert (claim.decision, claim.cart) == (Settle(), CART)
    assert claim.lease is not None
    assert claim.lease.expires_at == world.clock.now() + timedelta(seconds=60)
    assert world.state.lease is not None
    assert world.state.lease.token == claim.lease.token
    assert (world.state.settled_transaction_id, world.state.order_phase) == ("tr_1", OrderPhase.STARTED)


@pytest.mark.req("P2")
def test_while_the_module_works_another_webhook_of_the_cart_has_to_come_again(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.add_payment("tr_2", "paid", state="superseded")
    world.claims.claim("tr_1")

    with pytest.raises(LeaseHeld):
        world.claims.claim("tr_2")
    assert world.deliver("tr_2").state is DeliveryState.FAILED


@pytest.mark.parametrize(
    ("status", "state", "money_of_live", "expected"),
    [
        ("paid", "superseded", OTHER_PRICE, Hold),
        ("canceled", "superseded", OTHER_PRICE, Update),
    ],
)
def test_a_claim_beside_a_live_payment(
    world: World, status: str, state: str, money_of_live: object, expected: type[object]
) -> None:
    world.add_payment("tr_live", "open", money=OTHER_PRICE)
    world.add_payment("tr_1", status, state=state)

    claim = world.claims.claim("tr_1")

    assert isinstance(claim.decision, expected)
    assert (claim.lease is None) is (expected is Hold)


@pytest.mark.req("B4", "B5")
@pytest.mark.parametrize(("status", "expected"), [("paid", Surplus("tr_1")), ("expired", Ignore())])
def test_the_module_does_not_hear_of_what_may_not_touch_its_order(world: World, status: str, expected: object) -> None:
    world.add_payment("tr_1", "paid")
    world.add_payment("tr_2", status, state="superseded")
    shim(world, "tr_1")

    claim = world.claims.claim("tr_2")

    assert (claim.decision, claim.lease) == (expected, None)
    assert world.state.lease is None
    assert world.undone() == []


@pytest.mark.parametrize(("known", "expected"), [(False, Unknown()), (True, Unmatched())])
def test_a_claim_for_what_nobody_knows_is_answered_by_the_shim(world: World, known: bool, expected: object) -> None:
    if known:
        world.mollie.add("tr_1", "paid", cart_id=99)

    claim = world.claims.claim("tr_1")

    assert (claim.decision, claim.cart, claim.lease) == (expected, None, None)
    assert world.undone() == []


@pytest.mark.req("B6")
def test_a_claim_is_stored_before_anything_is_asked(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.mollie.fail("find_payment", MollieTimeout("slow"))

    with pytest.raises(MollieTimeout):
        world.claims.claim("tr_1")

    (delivery,) = world.undone()
    assert (delivery.transaction_id, delivery.source) == ("tr_1", "shim")
    assert world.state.lease is None, "the next one need not wait"
    world.clock.advance(seconds=121)
    world.work_off()
    assert world.state.order_phase is OrderPhase.DONE


# --- complete ---------------------------------------------------------------------------------------------------------


@pytest.mark.req("P3", "L7")
def test_a_completed_claim_is_verified_and_done(world: World) -> None:
    world.add_payment("tr_1", "paid")

    assert shim(world, "tr_1") == ()
    assert world.state.order_phase is OrderPhase.DONE
    assert world.state.lease is None
    assert world.undone() == []


@pytest.mark.req("P3", "L7")
def test_a_module_that_says_200_and_made_no_order_is_found_out(world: World) -> None:
    world.add_payment("tr_1", "paid")
    token = token_of(world.claims.claim("tr_1"))

    mismatches = world.claims.complete(token, succeeded=True, status=200)

    assert mismatches == ("no order for the cart",)
    assert [delivery.state for delivery in world.undone()] == [DeliveryState.FAILED]
    world.work_off()
    assert world.state.order_phase is OrderPhase.DONE
    assert len(world.shop.orders_of(CART)) == 1


def test_a_module_that_failed_is_called_again(world: World) -> None:
    world.add_payment("tr_1", "expired")
    token = token_of(world.claims.claim("tr_1"))

    assert world.claims.complete(token, succeeded=False, status=500) == ()

    (delivery,) = world.undone()
    assert "the module answered 500" in str(delivery.last_error)
    assert world.state.lease is None
    world.work_off()
    assert world.told == ["tr_1"]


@pytest.mark.req("B8")
def test_a_claim_that_nobody_completes_is_worked_on_by_the_inbox(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.claims.claim("tr_1")

    world.clock.advance(seconds=119)
    assert world.work_due() == 0
    world.clock.advance(seconds=2)
    world.work_off()

    assert world.told == ["tr_1"]
    assert world.state.order_phase is OrderPhase.DONE


@pytest.mark.req("B8")
def test_who_lost_the_lease_can_not_complete(world: World) -> None:
    world.add_payment("tr_1", "paid")
    token = token_of(world.claims.claim("tr_1"))
    world.clock.advance(seconds=61)

    with pytest.raises(LeaseLost):
        world.claims.complete(token, succeeded=True, status=200)

    assert world.state.order_phase is OrderPhase.STARTED
    assert len(world.undone()) == 1


@pytest.mark.req("B8")
def test_a_late_holder_does_not_end_the_lease_of_the_next(world: World) -> None:
    world.add_payment("tr_1", "paid")
    first = token_of(world.claims.claim("tr_1"))
    world.clock.advance(seconds=61)
    second = token_of(world.claims.claim("tr_1"))

    with pytest.raises(LeaseLost):
        world.claims.complete(first, succeeded=True, status=200)

    world.module("tr_1")
    assert world.claims.complete(second, succeeded=True, status=200) == ()
    assert world.state.order_phase is OrderPhase.DONE


def test_a_claim_can_be_completed_once(world: World) -> None:
    world.add_payment("tr_1", "paid")
    token = token_of(world.claims.claim("tr_1"))
    world.module("tr_1")
    world.claims.complete(token, succeeded=True, status=200)

    with pytest.raises(LeaseLost):
        world.claims.complete(token, succeeded=True, status=200)


def test_a_lease_that_was_taken_for_something_else_just_ends(world: World) -> None:
    lease = world.services.leases.take(CART, purpose="report", timeout=0, keep=False)
    assert lease is not None

    assert world.claims.complete(lease.token, succeeded=True, status=200) == ()

    assert world.services.ledger.find_leased(lease.token) is None


@pytest.mark.req("P3", "B4")
def test_two_paid_payments_whose_webhooks_reach_the_shop_make_one_order(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.add_payment("tr_2", "paid", state="superseded")

    shim(world, "tr_2")
    shim(world, "tr_1")

    assert world.told == ["tr_2"]
    assert world.states() == {"tr_1": "surplus", "tr_2": "paid"}


# --- what is stored ---------------------------------------------------------------------------------------------------


@pytest.mark.req("B6")
def test_a_routed_webhook_is_stored_with_its_query_before_it_is_worked_on(world: World) -> None:
    delivery = world.webhooks.take("tr_1", source="mollie", query="security_token=abc")

    assert world.ledger.find_delivery(delivery.id) == delivery
    assert (delivery.state, delivery.query) == (DeliveryState.WORKING, "security_token=abc")
    assert world.mollie.requests == []


@pytest.mark.req("B6", "B8")
def test_a_delivery_whose_worker_died_is_due_again(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.webhooks.take("tr_1", source="mollie")

    assert world.work_due() == 0
    world.clock.advance(seconds=90)
    assert world.work_due() == 1
    assert world.state.order_phase is OrderPhase.DONE


def test_a_due_delivery_is_taken_by_one_worker(world: World) -> None:
    delivery = new_delivery("tr_1", source="mollie", now=world.clock.now())
    world.ledger.save_delivery(delivery)
    taken = world.ledger.queues.claim_delivery(
        delivery.id, world.clock.now(), world.clock.now() + timedelta(seconds=90)
    )

    assert taken is not None
    assert world.webhooks.work_due(delivery) is None


@pytest.mark.req("B6")
def test_a_webhook_that_can_not_be_stored_is_not_accepted(world: World) -> None:
    world.ledger.down = True

    with pytest.raises(StoreDown):
        world.webhooks.take("tr_1", source="mollie")
    world.ledger.down = False
