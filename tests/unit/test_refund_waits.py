"""Refunds that can not be sent for hours: the merchant is told once, and they stand among what needs a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.domain.errors import MollieUnavailable
from tests.unit.money_back import notices, paid_twice, refunds_of, states_of
from tests.unit.world import World


@pytest.fixture
def world() -> Iterator[World]:
    """`tr_2` (14.40) is surplus, its refund is queued, and the shop has no key for Mollie."""
    made = paid_twice("refund")
    made.accounts.closed.add(1)
    yield made
    made.close()


def told(world: World) -> int:
    return sum(notice.kind.value == "refund_waiting" for notice in notices(world))


def hours(world: World, number: int) -> None:
    for _ in range(number * 2):
        world.services.refunds.work_due()
        world.clock.advance(minutes=30)
    world.services.refunds.work_due()


@pytest.mark.req("P3", "L15", "B9")
def test_a_refund_that_waits_for_six_hours_is_told_once_and_goes_on(world: World) -> None:
    hours(world, 5)
    assert told(world) == 0
    hours(world, 2)
    assert told(world) == 1
    hours(world, 30)
    assert told(world) == 1

    (notice,) = [each for each in notices(world) if each.kind.value == "refund_waiting"]
    assert (notice.case, notice.detail["error"]) == (
        f"refund_waiting:{refunds_of(world)[0].id}",
        "MollieUnauthorized: shop 1 has no Mollie key",
    )
    world.accounts.closed.clear()
    hours(world, 2)
    assert states_of(world) == ["refunded"]


@pytest.mark.req("P3", "B9")
def test_it_stands_among_what_needs_a_person(world: World) -> None:
    hours(world, 5)
    assert world.services.refunds.for_a_person() == ()
    hours(world, 2)

    assert [refund.id for refund in world.services.refunds.for_a_person()] == [refunds_of(world)[0].id]


@pytest.mark.req("P3", "B9")
def test_mollie_that_says_not_now_for_hours_is_told_too(world: World) -> None:
    world.accounts.closed.clear()
    world.mollie.fail_always("create_refund", MollieUnavailable("503"))
    hours(world, 7)

    assert (states_of(world), told(world)) == (["queued"], 1)


@pytest.mark.req("P3")
def test_a_proposal_that_waited_for_weeks_has_waited_for_a_person_and_not_in_the_queue() -> None:
    world = paid_twice("propose")
    world.clock.advance(hours=24 * 20)
    world.accounts.closed.add(1)
    with pytest.raises(Exception, match="no Mollie key"):
        world.services.refunds.approve(refunds_of(world)[0].id)
    hours(world, 5)
    assert (told(world), world.services.refunds.for_a_person()) == (0, ())

    hours(world, 2)
    assert told(world) == 1
    world.close()


@pytest.mark.req("P3")
def test_the_time_is_the_merchants_choice(world: World) -> None:
    world.close()
    limits = replace(world.limits.refunds, tell_unsent_after=timedelta(hours=2))
    world.limits = replace(world.limits, refunds=limits)
    world.run()
    hours(world, 1)
    assert told(world) == 0
    hours(world, 2)
    assert told(world) == 1
