"""Initiating a payment beside others: who comes second waits, and who lost the lock writes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.domain.cart import CartLease
from bridge.domain.errors import (
    ForeignCart,
    LeaseLost,
    LockTimeout,
)
from bridge.services.answers import Action
from tests.fakes.mollie import MollieRequest
from tests.unit.builders import CART, a_request, checkout
from tests.unit.initiating import decisions, initiate
from tests.unit.world import World

# --- another request is creating it now -------------------------------------------------------------------------------


@pytest.mark.req("P1")
def test_who_comes_second_waits_and_resumes_once_the_payment_is_bound(world: World) -> None:
    first = initiate(world, "key-1").payment_id
    assert first is not None

    def the_module_is_done() -> None:
        world.add_payment("tr_1", "open", state=None)
        world.services.payments.bind(first, transaction_id="tr_1", checkout_url=checkout("tr_1"))

    world.changes.meanwhile = the_module_is_done
    answer = initiate(world, "key-2")

    assert world.changes.waits == 1
    assert (answer.is_new, answer.action, answer.payment_id) == (False, Action.RESUME, first)
    assert answer.checkout_url == checkout("tr_1")


@pytest.mark.req("P1")
def test_who_waits_in_vain_is_told_to_come_again(world: World) -> None:
    first = initiate(world, "key-1").payment_id

    answer = initiate(world, "key-2")

    assert (answer.is_new, answer.action, answer.payment_id) == (False, Action.RETRY_LATER, first)
    assert answer.retry_after == 2.0
    assert world.clock.monotonic() == pytest.approx(2.0)
    assert len(world.attempts) == 1


def test_who_waits_may_go_on_when_the_first_gives_up(world: World) -> None:
    first = initiate(world, "key-1").payment_id
    assert first is not None
    world.changes.meanwhile = lambda: world.services.payments.release(first, reason="the module failed")

    answer = initiate(world, "key-2")

    assert (answer.is_new, answer.action) == (True, Action.CREATE)
    assert answer.payment_id != first


def test_a_caller_with_less_patience_is_answered_earlier(world: World) -> None:
    initiate(world, "key-1")

    answer = world.services.initiation.initiate(replace(a_request("key-2"), patience=0.5))

    assert answer.action is Action.RETRY_LATER
    assert world.clock.monotonic() == pytest.approx(0.5)


def test_who_finds_no_place_to_wait_is_answered_at_once(world: World) -> None:
    initiate(world, "key-1")
    with world.changes.place(CART), world.changes.place(CART), world.changes.place(CART), world.changes.place(CART):
        answer = initiate(world, "key-2")

    assert answer.action is Action.RETRY_LATER
    assert world.changes.waits == 0


def test_a_payment_whose_binding_was_lost_is_found_in_the_modules_table(world: World) -> None:
    first = initiate(world, "key-1").payment_id
    world.add_payment("tr_1", "open", state=None)

    answer = initiate(world, "key-2")

    assert (answer.action, answer.payment_id, answer.checkout_url) == (Action.RESUME, first, checkout("tr_1"))
    assert world.states() == {"tr_1": "open"}


@pytest.mark.req("B8")
def test_a_reservation_that_nothing_came_of_is_free_again_after_its_lifetime(world: World) -> None:
    initiate(world, "key-1")
    world.clock.advance(seconds=60)

    answer = initiate(world, "key-2")

    assert answer.is_new
    assert [attempt.state for attempt in world.attempts] == ["released", "reserved"]


def test_a_transaction_that_comes_after_its_reservation_was_given_on_gives_way(world: World) -> None:
    first = initiate(world, "key-1").payment_id
    world.clock.advance(seconds=60)
    initiate(world, "key-2")
    assert first is not None

    bound = world.services.payments.bind(first, transaction_id="tr_1", checkout_url=None)

    assert bound.status == "superseded"
    assert world.states() == {"tr_1": "superseded", None: "reserved"}


# --- locks and fences -------------------------------------------------------------------------------------------------


@pytest.mark.req("L3", "P10")
def test_a_cart_that_somebody_works_on_is_not_decided(world: World) -> None:
    with world.services.leases.locked(CART, purpose="test"), pytest.raises(LockTimeout) as refused:
        initiate(world)

    assert refused.value.retry_after >= 1.0
    assert world.attempts == ()


def test_behind_the_lock_a_plain_answer_needs_no_lock(world: World) -> None:
    first = initiate(world, "key-1").payment_id
    with world.services.leases.locked(CART, purpose="test"):
        answer = initiate(world, "key-2")

    assert (answer.action, answer.payment_id) == (Action.RETRY_LATER, first)


def test_behind_the_lock_another_customer_learns_nothing(world: World) -> None:
    initiate(world, "key-1")
    with world.services.leases.locked(CART, purpose="test"), pytest.raises(ForeignCart):
        initiate(world, "key-2", customer_id=8)


@pytest.mark.req("B8")
def test_a_lease_that_the_row_shows_is_respected_after_its_lock_died(world: World) -> None:
    shown = CartLease(
        token="t",
        purpose="webhook:1",
        holder="dead:1",
        taken_at=world.clock.now(),
        expires_at=world.clock.now() + timedelta(seconds=60),
    )
    world.ledger.in_cart(CART, lambda tx: tx.save_state(replace(tx.state, fence=5, lease=shown)))

    with pytest.raises(LockTimeout) as refused:
        initiate(world)
    assert refused.value.retry_after == pytest.approx(60.0)

    world.clock.advance(seconds=60)
    assert initiate(world).is_new
    assert world.state.fence == 6


@pytest.mark.req("B8")
def test_who_lost_the_lock_while_mollie_was_asked_writes_nothing(world: World) -> None:
    world.add_payment("tr_1", "expired")

    def another_takes_the_cart(request: MollieRequest) -> None:
        world.mollie.before = None
        world.ledger.in_cart(CART, lambda tx: tx.save_state(replace(tx.state, fence=tx.state.fence + 1)))

    world.mollie.before = another_takes_the_cart
    with pytest.raises(LeaseLost):
        initiate(world)

    assert world.states() == {"tr_1": "open"}
    assert decisions(world) == []


@pytest.mark.req("P1", "B8")
def test_who_meets_the_lease_of_a_dead_holder_is_led_to_the_order_that_it_has_made(world: World) -> None:
    now = world.clock.now()
    shown = CartLease(
        token="t", purpose="webhook:1", holder="dead:1", taken_at=now, expires_at=now + timedelta(seconds=60)
    )
    world.ledger.in_cart(CART, lambda tx: tx.save_state(replace(tx.state, fence=5, lease=shown)))
    world.shop.add_order(CART, paid_by="tr_1")

    answer = initiate(world)

    assert answer.action is Action.SHOW_ORDER
    assert world.state.fence == 5


def test_a_reservation_does_not_stand_longer_because_the_clock_was_put_back(world: World) -> None:
    initiate(world, "key-1")
    world.clock.advance(hours=-1)

    assert initiate(world, "key-2").is_new
    assert sorted(attempt.state for attempt in world.attempts) == ["released", "reserved"]


def test_clocks_of_two_hosts_may_differ_by_seconds(world: World) -> None:
    initiate(world, "key-1")
    world.clock.advance(seconds=-5)

    assert initiate(world, "key-2").action is Action.RETRY_LATER
