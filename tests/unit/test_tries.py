"""What counts as one of a delivery's tries and what does not: who asks often neither kills it nor keeps it alive."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bridge.domain.records import DeliveryState
from tests.unit.builders import CART
from tests.unit.deliveries import failed_once, few_tries, inbox_of
from tests.unit.money_back import notices
from tests.unit.world import World

D = DeliveryState


@pytest.mark.slow
@pytest.mark.req("B6", "B15")
def test_a_shopper_who_polls_while_the_shop_is_down_uses_up_no_tries_and_delays_none() -> None:
    """He asks every three seconds for an hour; the delivery is tried as often as it would be without him, and lives."""
    world = failed_once(30, failures=5000)
    for _ in range(1200):
        world.clock.advance(seconds=3)
        world.services.inbox.settle(CART)

    (delivery,) = inbox_of(world)
    assert delivery.state is D.FAILED
    # 5 s, doubled each time, half of it at least: between 10 and 11 tries are due within an hour.
    assert 9 <= delivery.tries <= 12
    assert notices(world) == []
    world.close()


@pytest.mark.req("B6", "B15")
def test_whoever_polls_does_not_keep_a_hopeless_delivery_alive() -> None:
    world = failed_once(5, failures=5000)
    for _ in range(60):
        world.clock.advance(seconds=3)
        if inbox_of(world)[0].state is not D.DEAD:
            world.services.inbox.receive("tr_1", source="mollie")

    assert inbox_of(world)[0].state is D.DEAD
    world.close()


@pytest.mark.req("B6")
def test_a_delivery_that_is_made_due_often_uses_up_no_tries() -> None:
    """There is no room to work on it at once: it is made due, again and again, and tried each time."""
    world = failed_once(6, failures=50)
    for _ in range(20):
        world.clock.advance(seconds=1)
        world.services.inbox.ask_later("tr_1", source="mollie")
        world.services.inbox.work_due()

    (delivery,) = inbox_of(world)
    assert (delivery.state, delivery.tries) == (D.FAILED, 1)
    world.close()


@pytest.mark.slow
@pytest.mark.req("B6", "B8")
def test_somebody_elses_lease_uses_up_no_tries_for_an_hour_and_then_does() -> None:
    """Nothing may wait for ever: a lease that is renewed without an end makes a delivery dead in the end."""
    world = few_tries(4)
    world.add_payment("tr_1", "paid")
    lease = world.services.leases.take(CART, purpose="somebody", timeout=0.0, keep=False)
    assert lease is not None

    def a_minute() -> int:
        for _ in range(12):
            world.clock.advance(seconds=5)
            world.services.leases.renew(lease.token)
            world.services.inbox.work_due()
        return inbox_of(world)[0].tries

    world.deliver("tr_1")
    assert [a_minute() for _ in range(59)] == [0] * 59
    for _ in range(5):
        a_minute()
    assert inbox_of(world)[0].state is D.DEAD
    world.close()


@pytest.mark.req("B6", "B8")
def test_once_the_lease_is_given_back_the_delivery_is_worked_on(world: World) -> None:
    world.add_payment("tr_1", "paid")
    lease = world.services.leases.take(CART, purpose="somebody", timeout=0.0, keep=False)
    assert lease is not None
    world.deliver("tr_1")
    world.services.leases.give_back(lease)
    world.clock.advance(seconds=5)
    world.services.inbox.work_due()

    assert [each.state for each in inbox_of(world)] == [D.DONE]


@pytest.mark.req("B6", "B8")
def test_the_longer_somebody_has_the_cart_the_longer_are_the_pauses_up_to_half_a_minute(world: World) -> None:
    """Waiting deliveries take the inbox's threads for a lease's wait each time: they are not to take all of them."""
    world.add_payment("tr_1", "paid")
    lease = world.services.leases.take(CART, purpose="somebody", timeout=0.0, keep=False)
    assert lease is not None
    world.deliver("tr_1")
    tried_at = []
    for _ in range(240):
        world.clock.advance(seconds=1)
        world.services.leases.renew(lease.token)
        if world.services.inbox.work_due():
            tried_at.append(world.clock.now())

    pauses = [(later - earlier).total_seconds() for earlier, later in pairwise(tried_at)]
    assert 28 <= pauses[-1] <= 32
    assert len(tried_at) <= 16
