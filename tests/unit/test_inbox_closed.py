"""Webhooks that come while the server goes away: stored, due at once, and answered with "come again"."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bridge.domain.errors import Unavailable
from bridge.domain.records import DeliveryState
from tests.unit.deliveries import inbox_of
from tests.unit.world import World


def is_closed(world: World) -> None:
    world.services.inbox.close()


def is_closed_at_this_moment(world: World) -> None:
    """The look at whether it is closed was just before."""
    world.services.inbox._pool.shutdown()


CLOSED = pytest.mark.parametrize("closes", [is_closed, is_closed_at_this_moment])


@pytest.mark.req("B6", "B8")
@CLOSED
def test_a_webhook_is_stored_and_nobody_waits_for_it(world: World, closes: Callable[[World], None]) -> None:
    world.add_payment("tr_1", "paid")
    closes(world)

    assert world.services.inbox.receive("tr_1", source="mollie", query="a=b") is None
    (delivery,) = inbox_of(world)
    assert (delivery.state, delivery.tries, delivery.query) == (DeliveryState.RECEIVED, 0, "a=b")
    assert delivery.next_try_at == world.clock.now()
    assert world.told == []


@pytest.mark.req("B6", "B8")
@CLOSED
def test_the_next_process_works_on_it(world: World, closes: Callable[[World], None]) -> None:
    world.add_payment("tr_1", "paid")
    closes(world)
    world.services.inbox.receive("tr_1", source="mollie")
    world.run()

    assert world.services.inbox.work_due() == 1
    assert [each.state for each in inbox_of(world)] == [DeliveryState.DONE]


@CLOSED
def test_who_must_have_an_answer_is_told_to_come_again(world: World, closes: Callable[[World], None]) -> None:
    world.add_payment("tr_1", "paid")
    closes(world)

    with pytest.raises(Unavailable) as raised:
        world.services.inbox.work_now("tr_1", source="confirm")
    assert raised.value.retry_after >= 1
