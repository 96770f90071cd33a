"""Whatever the order of the deliveries, however often they come, wherever the process breaks: one cart is paid once."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings

from bridge.domain.attempt import AttemptState
from tests.unit.builders import PRICE
from tests.unit.histories import Planned, Play, S, Step, assert_paid_once, build, duds, plans, steps


def run(planned: list[Planned], played: list[Step], duds: list[bool]) -> None:
    world, history = build(planned, duds)
    try:
        play = Play(world, history, planned)
        for step in played:
            play.play(step)
            assert history.faults == []
        play.end()
        assert_paid_once(world, history)
    finally:
        world.close()


def a_plan(number: int, state: AttemptState | None, *course: str) -> Planned:
    return Planned(f"tr_{number}", PRICE, state, row=True, course=course)


def happens(what: str, which: int = 0) -> Step:
    return Step(what, which, breaks_at=None, kills=False)


@pytest.mark.slow
@example(
    # The first money is only authorised, the shop makes no order of it, and it is given back after the second came.
    planned=[a_plan(1, S.OPEN, "open", "authorized", "canceled"), a_plan(2, S.SUPERSEDED, "open", "paid")],
    played=[happens("news", 0), happens("news", 1), happens("news", 0)],
    duds=[True, True, True],
)
@given(plans(), steps("news", "deliver", "news", "later"), duds)
@settings(max_examples=30, deadline=None)
@pytest.mark.req("B4", "B5", "B8", "P3")
def test_routed_deliveries_settle_a_cart_once(planned: list[Planned], played: list[Step], duds: list[bool]) -> None:
    run(planned, played, duds)


@pytest.mark.slow
@example(
    # The sidecar dies while the shop's module works: its lock is gone, and the module is not.
    planned=[a_plan(1, S.OPEN, "open", "paid")],
    played=[happens("news"), happens("claim"), happens("restart"), happens("deliver"), happens("finish")],
    duds=[True, True],
)
@given(plans(), steps("claim", "finish", "news", "deliver", "later", "restart"), duds)
@settings(max_examples=30, deadline=None)
@pytest.mark.req("B4", "B5", "B8", "P3")
def test_deliveries_both_ways_settle_a_cart_once(planned: list[Planned], played: list[Step], duds: list[bool]) -> None:
    run(planned, played, duds)


@pytest.mark.slow
@given(plans(), steps("initiate", "news", "deliver", "claim", "finish", "later"), duds)
@settings(max_examples=30, deadline=None)
@pytest.mark.req("P1", "B4", "B5", "B8")
def test_initiations_between_deliveries_do_not_make_a_cart_settle_twice(
    planned: list[Planned], played: list[Step], duds: list[bool]
) -> None:
    run(planned, played, duds)
