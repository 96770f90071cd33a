"""Replaying: a person has put right what made deliveries fail, and they are worked on as if they were new."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.domain.cart import CartRef, OrderPhase
from bridge.domain.errors import Conflict, DeliveryNotFound
from bridge.domain.records import Delivery, DeliveryState
from bridge.ports.shop import ShopAnswer
from tests.unit.builders import CART
from tests.unit.world import World

D = DeliveryState


def a_delivery_that(world: World, state: DeliveryState, transaction_id: str = "tr_1", **changes: object) -> Delivery:
    """A delivery of a payment, in this state."""
    if transaction_id not in world.mollie.payments:
        world.add_payment(transaction_id, "paid", state="superseded")
    taken = world.services.webhooks.take(transaction_id, source="mollie")
    now = world.clock.now()
    stored = replace(
        taken, state=state, cart=CART, tries=30, last_error="ShopDown: 500", next_try_at=now + timedelta(hours=1)
    )
    stored = replace(stored, **changes)  # type: ignore[arg-type]
    world.ledger.save_delivery(stored)
    return stored


def stored(world: World, delivery: Delivery) -> Delivery:
    found = world.ledger.find_delivery(delivery.id)
    assert found is not None
    return found


@pytest.mark.req("B6")
@pytest.mark.parametrize("state", [D.DEAD, D.FAILED, D.DONE, D.RECEIVED])
def test_a_delivery_is_worked_on_as_if_it_were_new(world: World, state: DeliveryState) -> None:
    delivery = a_delivery_that(world, state)

    opened = world.services.replays.one(delivery.id)

    assert (opened.state, opened.source, opened.tries) == (D.RECEIVED, "replay", 0)
    assert opened.next_try_at == world.clock.now()
    assert world.services.inbox.work_due() == 1
    assert (stored(world, delivery).state, stored(world, delivery).tries) == (D.DONE, 1)
    assert world.state.order_phase is OrderPhase.DONE


@pytest.mark.req("B6", "B4")
def test_one_that_is_being_worked_on_is_left_alone(world: World) -> None:
    delivery = a_delivery_that(world, D.WORKING)

    with pytest.raises(Conflict):
        world.services.replays.one(delivery.id)
    assert stored(world, delivery) == delivery


def test_one_that_does_not_exist_is_not_found(world: World) -> None:
    with pytest.raises(DeliveryNotFound):
        world.services.replays.one("01939f5c-8a31-7c52-b4f7-6d1d2c3f9a10")


@pytest.mark.req("B6")
def test_a_carts_replay_takes_what_failed_of_that_cart(world: World) -> None:
    failed = a_delivery_that(world, D.FAILED, "tr_1")
    dead = a_delivery_that(world, D.DEAD, "tr_2")
    a_delivery_that(world, D.DONE, "tr_3")
    a_delivery_that(world, D.WORKING, "tr_4")
    a_delivery_that(world, D.DEAD, "tr_5", cart=CartRef(shop_id=1, cart_id=43))

    replayed = world.services.replays.of_cart(CART)

    assert {delivery.id for delivery in replayed} == {failed.id, dead.id}


@pytest.mark.req("B6")
def test_all_that_are_dead_are_replayed_whosever_they_are(world: World) -> None:
    a_delivery_that(world, D.FAILED, "tr_1")
    dead = a_delivery_that(world, D.DEAD, "tr_2")
    foreign = a_delivery_that(world, D.DEAD, "tr_3", cart=None)

    assert {delivery.id for delivery in world.services.replays.dead()} == {dead.id, foreign.id}
    assert world.services.replays.dead() == ()


@pytest.mark.req("B6")
def test_a_replay_that_fails_again_has_all_its_tries_again(world: World) -> None:
    delivery = a_delivery_that(world, D.DEAD)
    world.webhook.script = [ShopAnswer(status=500, body="")]
    world.services.replays.one(delivery.id)
    world.services.inbox.work_due()

    again = stored(world, delivery)
    assert (again.state, again.tries, again.last_error) == (D.FAILED, 1, "ShopDown: the shop answered 500")


@pytest.mark.req("P10")
def test_a_replay_is_in_the_audit_trail(world: World) -> None:
    delivery = a_delivery_that(world, D.DEAD)
    world.services.replays.one(delivery.id)

    assert world.audited("delivery.replayed") == [{"delivery_id": delivery.id}]


@pytest.mark.parametrize("state", list(D))
def test_deliveries_are_listed_by_their_state_oldest_first(world: World, state: DeliveryState) -> None:
    now = world.clock.now()
    newer = a_delivery_that(world, state, "tr_1", received_at=now)
    older = a_delivery_that(world, state, "tr_2", received_at=now - timedelta(hours=1))
    other = next(each for each in D if each is not state)
    a_delivery_that(world, other, "tr_3")

    assert world.services.replays.in_state(state) == (older, newer)
