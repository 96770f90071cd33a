"""Whatever the order in which money goes back, wherever the process breaks: never twice, never more than was paid."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.surplus import SurplusPolicy
from tests.unit.histories import Planned, Step, build, duds, plans, steps
from tests.unit.refund_histories import MoneyBack, assert_nobody_lost_money

policies = st.sampled_from(list(SurplusPolicy))


def run(planned: list[Planned], played: list[Step], duds: list[bool], policy: SurplusPolicy) -> None:
    world, history = build(planned, duds, policy)
    try:
        play = MoneyBack(world, history, planned)
        for step in played:
            play.play(step)
            assert history.faults == []
        play.end()
        assert_nobody_lost_money(world, history)
    finally:
        world.close()


@pytest.mark.slow
@given(plans(), steps("news", "news", "queue", "queue", "approve", "reject", "later"), duds, policies)
@settings(max_examples=40, deadline=None)
@pytest.mark.req("P3", "L15", "B4", "B9")
def test_surplus_money_goes_back_once_by_policy(
    planned: list[Planned], played: list[Step], duds: list[bool], policy: SurplusPolicy
) -> None:
    run(planned, played, duds, policy)


@pytest.mark.slow
@given(plans(), steps("news", "queue", "approve", "ask", "ask", "by_hand", "deliver"), duds, policies)
@settings(max_examples=40, deadline=None)
@pytest.mark.req("P3", "L8", "L15", "B4", "B9")
def test_no_more_goes_back_than_was_paid_whoever_gives_it_back(
    planned: list[Planned], played: list[Step], duds: list[bool], policy: SurplusPolicy
) -> None:
    run(planned, played, duds, policy)


@pytest.mark.slow
@given(plans(), steps("news", "claim", "finish", "queue", "approve", "by_hand", "restart", "tell"), duds, policies)
@settings(max_examples=40, deadline=None)
@pytest.mark.req("P3", "L15", "B4", "B9")
def test_money_goes_back_rightly_while_the_shop_works(
    planned: list[Planned], played: list[Step], duds: list[bool], policy: SurplusPolicy
) -> None:
    run(planned, played, duds, policy)


@pytest.mark.slow
@given(plans(), steps("news", "queue", "ask", "by_hand", "undo", "undo", "look", "approve", "deliver"), duds, policies)
@settings(max_examples=60, deadline=None)
@pytest.mark.req("P3", "L8", "L15", "B4", "B9")
def test_what_comes_to_nothing_at_mollie_is_found_out_whoever_made_it(
    planned: list[Planned], played: list[Step], duds: list[bool], policy: SurplusPolicy
) -> None:
    run(planned, played, duds, policy)


@pytest.mark.slow
@given(plans(), steps("news", "news", "queue", "lazy", "look", "look", "approve", "deliver", "restart"), duds, policies)
@settings(max_examples=60, deadline=None)
@pytest.mark.req("P3", "B4", "B9")
def test_what_mollie_does_not_let_go_of_is_asked_for_until_it_does(
    planned: list[Planned], played: list[Step], duds: list[bool], policy: SurplusPolicy
) -> None:
    run(planned, played, duds, policy)
