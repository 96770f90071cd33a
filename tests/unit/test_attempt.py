"""An attempt's states: every pair of states, and what can never happen whatever the order of the news."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.attempt import DEAD, LIVE, MONEY_IN, TRANSITIONS, AttemptState, advance
from tests.fakes.clock import START
from tests.unit.builders import an_attempt

S = AttemptState
news = st.lists(st.sampled_from(S), max_size=8)

COLUMNS = [S.RESERVED, S.UNCERTAIN, S.OPEN, S.PENDING, S.SUPERSEDED, S.RELEASED, S.CANCELED, S.EXPIRED, S.FAILED]
COLUMNS += [S.HELD, S.AUTHORIZED, S.PAID, S.SURPLUS, S.REFUNDED]

# From the state in front, "x" to the states that may follow, in the order of COLUMNS:
#             res unc opn pen sup rel can exp fai hel aut pai sur ref
TABLE = {
    "reserved": ". x x x x x x x x x x x x .",
    "uncertain": ". . x x x x x x x x x x x .",
    "open": ". . . x x . x x x x x x x x",
    "pending": ". . . . x . x x x x x x x x",
    "superseded": ". . . . . . x x x x x x x x",
    "released": ". . x x x . x x x x x x x x",
    "canceled": ". . . . . . . . . x x x x x",
    "expired": ". . . . . . . . . x x x x x",
    "failed": ". . . . . . . . . x x x x x",
    "held": ". . . . . . x x x . x x x x",
    "authorized": ". . . . . . x x x . . x x x",
    "paid": ". . . . . . . . . . . . x x",
    "surplus": ". . . . . . x x x x x x . x",
    "refunded": ". . . . . . . . . x . x x .",
}

AFTER_A_REFUND = MONEY_IN | {S.REFUNDED, S.CANCELED, S.EXPIRED, S.FAILED}
"""What may become of an attempt whose refund failed: never one that may still be paid by its shopper."""

PAIRS = [
    (S(name), target, mark == "x")
    for name, marks in TABLE.items()
    for target, mark in zip(COLUMNS, marks.split(), strict=True)
]


def test_the_table_names_every_state() -> None:
    assert set(TRANSITIONS) == set(S) == set(COLUMNS) == {S(name) for name in TABLE}


@pytest.mark.parametrize(("current", "target", "allowed"), PAIRS, ids=str)
def test_news_moves_a_state_only_where_the_table_says_so(
    current: AttemptState, target: AttemptState, allowed: bool
) -> None:
    assert advance(current, target) is (target if allowed else current)


@given(st.sampled_from(S))
def test_the_same_news_again_changes_nothing(state: AttemptState) -> None:
    assert advance(state, state) is state


@given(news)
@pytest.mark.req("B5")
def test_no_stale_news_takes_a_paid_attempt_back(later: list[AttemptState]) -> None:
    state = S.PAID
    for item in later:
        state = advance(state, item)

    assert state is S.PAID or state in AFTER_A_REFUND


@given(news)
def test_only_money_that_is_here_again_follows_a_refund(later: list[AttemptState]) -> None:
    state = S.REFUNDED
    for item in later:
        assert advance(state, item) in {state, item}
        state = advance(state, item)

    assert state in AFTER_A_REFUND


@pytest.mark.req("P3")
@pytest.mark.parametrize("here_again", [S.PAID, S.SURPLUS, S.HELD])
def test_a_refund_that_failed_in_the_end_brings_the_money_back(here_again: AttemptState) -> None:
    assert advance(S.REFUNDED, here_again) is here_again


@given(st.sampled_from(sorted(MONEY_IN | DEAD - {S.RELEASED} | {S.SUPERSEDED})), news)
def test_what_left_the_live_states_never_stands_in_the_way_again(
    state: AttemptState, later: list[AttemptState]
) -> None:
    for item in later:
        state = advance(state, item)

    assert state not in LIVE


@pytest.mark.parametrize("late", [S.CANCELED, S.EXPIRED, S.FAILED])
def test_late_money_brings_back_what_had_ended(late: AttemptState) -> None:
    assert advance(late, S.PAID) is S.PAID


@pytest.mark.parametrize("state", S)
def test_an_attempt_is_live_while_it_may_still_be_paid_by_its_shopper(state: AttemptState) -> None:
    assert an_attempt(state).is_live is (state in {S.RESERVED, S.OPEN, S.PENDING, S.UNCERTAIN})


@pytest.mark.req("L11")
def test_the_first_money_is_when_an_attempt_was_processed() -> None:
    later = START + timedelta(minutes=1)

    authorized = an_attempt(S.OPEN).moved(S.AUTHORIZED, START)
    paid = authorized.moved(S.PAID, later)

    assert paid.processed_at == START
    assert paid.updated_at == later


def test_stale_news_leaves_an_attempt_untouched() -> None:
    paid = an_attempt(S.PAID)

    assert paid.moved(S.EXPIRED, START) is paid
