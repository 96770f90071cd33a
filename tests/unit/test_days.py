"""Figures by the day: windows, sums, percentiles, and days that are over."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.attempt import LIVE, AttemptState
from bridge.domain.days import (
    Begun,
    Decided,
    GivenBack,
    Ordered,
    Window,
    day_figures,
    day_payments,
    day_times,
    first_of_each,
    midnight,
    percentile,
    summed,
)
from bridge.domain.errors import StoreDown
from bridge.services.past_days import PastDays
from tests.contract.ledger_backends import at_once

pytestmark = pytest.mark.req("B13")

NOW = datetime(2026, 3, 1, 12, 34, tzinfo=UTC)
TODAY = date(2026, 3, 1)
YESTERDAY = TODAY - timedelta(days=1)
WINDOW = Window.of(NOW, 30)


def surplus(transaction_id: str, day: date = TODAY, count: int = 1) -> Decided:
    return Decided(day=day, decision="Surplus", count=count, transaction_id=transaction_id)


def asked(decision: str, day: date = TODAY, count: int = 1) -> Decided:
    return Decided(day=day, decision=decision, count=count)


# Windows


def test_thirty_days_are_whole_days_the_last_of_them_today() -> None:
    assert WINDOW.days[-1] == TODAY
    assert len(WINDOW.days) == 30
    assert WINDOW.since == datetime(2026, 1, 31, tzinfo=UTC)
    assert WINDOW.until == datetime(2026, 3, 2, tzinfo=UTC)


def test_a_day_is_a_day_in_utc_wherever_the_clock_stands() -> None:
    late_in_new_york = datetime(2026, 2, 28, 23, tzinfo=timezone(timedelta(hours=-5)))

    assert Window.of(late_in_new_york, 30).days[-1] == TODAY


@pytest.mark.parametrize(
    ("at", "over"),
    [((0, 0), -6), ((0, 59), -6), ((5, 59), -1), ((6, 0), 0), ((6, 59), 0), ((12, 34), 6), ((23, 59), 17)],
)
def test_an_hour_is_over_when_nothing_can_be_written_of_it_any_more(at: tuple[int, int], over: int) -> None:
    now = midnight(TODAY) + timedelta(hours=at[0], minutes=at[1])

    assert Window.of(now, 30).over == midnight(TODAY) + timedelta(hours=over)


def test_of_a_single_day_nothing_before_it_is_read() -> None:
    window = Window.of(midnight(TODAY), 1)

    assert window.since == window.over == midnight(TODAY)


# Counts


@pytest.mark.parametrize("decision", ["AlreadyOrdered", "AlreadyPaid", "Deny"])
def test_who_was_sent_elsewhere_without_a_payment_was_prevented_from_paying_twice(decision: str) -> None:
    assert day_figures(WINDOW, [asked(decision, count=3)], [], {})[-1].prevented == 3


@pytest.mark.parametrize("decision", ["Proceed", "InProgress", "Replay", "Settle"])
def test_other_decisions_are_in_no_figure(decision: str) -> None:
    today = day_figures(WINDOW, [asked(decision)], [], {})[-1]

    assert (today.prevented, today.resumed, today.superseded, today.surplus) == (0, 0, 0, 0)


def test_a_surplus_payment_counts_once_on_the_day_of_its_first_delivery() -> None:
    days = day_figures(WINDOW, [surplus("tr_1"), surplus("tr_1", YESTERDAY, 5), surplus("tr_2")], [], {})

    assert [day.surplus for day in days[-2:]] == [1, 1]


def test_money_of_one_currency_is_never_added_to_that_of_another() -> None:
    money = {"tr_1": ("EUR", 1440), "tr_2": ("JPY", 700), "tr_3": ("EUR", 60)}
    back = [GivenBack(day=TODAY, currency="JPY", count=2, minor=700)]

    today = day_figures(WINDOW, [surplus(name) for name in [*money, "tr_unknown"]], back, money)[-1]

    assert today.surplus == 4
    assert today.surplus_money == {"EUR": 1500, "JPY": 700}
    assert (today.refunded, today.refunded_money) == (2, {"JPY": 700})


def test_sums_are_in_the_order_of_the_alphabet() -> None:
    assert list(summed([("USD", 1), ("EUR", 2), ("USD", 3)]).items()) == [("EUR", 2), ("USD", 4)]


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(0, 29), st.sampled_from(["a", "b", "c"]), st.integers(1, 3)), max_size=20))
def test_each_surplus_payment_is_kept_once_on_its_first_day(given_days: list[tuple[int, str, int]]) -> None:
    decided = [surplus(name, WINDOW.days[day], count) for day, name, count in given_days]

    kept = first_of_each(decided)

    firsts = {name: min(one.day for one in decided if one.transaction_id == name) for _, name, _ in given_days}
    assert sorted((one.transaction_id, one.day) for one in kept) == sorted(firsts.items())


# What became of payments


@pytest.mark.parametrize("state", AttemptState)
def test_every_state_of_a_payment_is_paid_ended_or_open(state: AttemptState) -> None:
    today = day_payments(WINDOW, [Begun(day=TODAY, state=state, count=2)])[-1]

    assert sorted([today.paid, today.ended, today.open]) == [0, 0, 2]
    assert (today.open == 2) == (state in LIVE)
    assert today.begun == 2


def test_money_that_was_given_back_had_been_paid() -> None:
    assert day_payments(WINDOW, [Begun(day=TODAY, state=AttemptState.REFUNDED, count=1)])[-1].paid == 1


def test_a_day_outside_of_the_window_is_left_out() -> None:
    before = Begun(day=WINDOW.days[0] - timedelta(days=1), state=AttemptState.PAID, count=1)

    assert sum(day.begun for day in day_payments(WINDOW, [before])) == 0


@pytest.mark.req("P10")
def test_the_ratio_of_pending_to_completed_payments_needs_a_completed_one() -> None:
    begun = [Begun(day=TODAY, state=AttemptState.OPEN, count=1), Begun(day=TODAY, state=AttemptState.PAID, count=4)]

    assert day_payments(WINDOW, begun)[-1].open_per_paid == 0.25
    assert day_payments(WINDOW, begun[:1])[-1].open_per_paid is None


# How long orders took


@pytest.mark.req("P10")
@given(st.lists(st.integers(0, 1000), min_size=1, max_size=60), st.integers(1, 100))
def test_a_percentile_is_the_least_time_within_which_so_many_came(times: list[int], percent: int) -> None:
    ordered = [Ordered(day=TODAY, seconds=seconds, count=count) for seconds, count in Counter(times).items()]

    found = percentile(ordered, percent)

    assert found is not None
    within = sum(seconds <= found for seconds in times)
    assert within * 100 >= percent * len(times)
    assert sum(seconds < found for seconds in times) * 100 < percent * len(times)


def test_a_day_without_orders_has_no_times() -> None:
    days = day_times(WINDOW, [Ordered(day=TODAY, seconds=20, count=3)])

    assert (days[-1].orders, days[-1].p50, days[-1].p95) == (3, 20, 20)
    assert (days[-2].orders, days[-2].p50, days[-2].p95) == (0, None, None)


# Days that are over


class Trail:
    """Notes what is read of it; each read gives its beginning. `broken`: a day that can not be read."""

    def __init__(self, *, broken: datetime | None = None) -> None:
        self.read: list[tuple[datetime, datetime]] = []
        self.broken = broken

    def __call__(self, since: datetime, until: datetime) -> tuple[datetime, ...]:
        if since == self.broken:
            raise StoreDown("gone")
        self.read.append((since, until))
        return (since,)


RUNNING = (WINDOW.over, WINDOW.until)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DAYS_OVER = [(midnight(day), midnight(day) + DAY) for day in WINDOW.days[:-1]]
HOURS_OVER = [(midnight(TODAY) + number * HOUR, midnight(TODAY) + (number + 1) * HOUR) for number in range(6)]
OVER = [*DAYS_OVER, *HOURS_OVER]


def test_days_and_hours_that_are_over_are_read_once_and_the_rest_each_time() -> None:
    trail = Trail()
    past = PastDays(trail)

    first, second = past.rows(WINDOW), past.rows(WINDOW)

    assert first == second == (*(since for since, _ in OVER), WINDOW.over)
    assert trail.read == [*OVER, RUNNING, RUNNING]


@given(st.integers(0, 24 * 60 * 3), st.integers(1, 5))
def test_every_moment_of_a_window_is_read_and_none_twice(minutes: int, days: int) -> None:
    trail = Trail()
    window = Window.of(NOW + timedelta(minutes=minutes), days)

    PastDays(trail).rows(window)

    assert (trail.read[0][0], trail.read[-1][1]) == (window.since, window.until)
    assert all(before[1] == after[0] for before, after in pairwise(trail.read))


def test_an_hour_later_one_hour_more_is_over_and_only_that_is_read() -> None:
    trail = Trail()
    past = PastDays(trail)
    past.rows(WINDOW)
    trail.read.clear()

    later = Window.of(NOW + HOUR, 30)
    past.rows(later)

    assert trail.read == [(WINDOW.over, later.over), (later.over, later.until)]


def test_a_day_that_has_become_over_is_read_whole_and_its_hours_are_forgotten() -> None:
    trail = Trail()
    past = PastDays(trail)
    past.rows(WINDOW)
    trail.read.clear()

    tomorrow = Window.of(NOW + DAY, 30)
    found = past.rows(tomorrow)

    assert trail.read[0] == (midnight(TODAY), midnight(TODAY) + DAY)
    assert len(trail.read) == 1 + 6 + 1
    assert found == (*(midnight(day) for day in tomorrow.days), *(since + DAY + HOUR for since, _ in HOURS_OVER))


def test_what_was_read_stays_when_the_next_day_can_not_be_read() -> None:
    trail = Trail(broken=DAYS_OVER[20][0])
    past = PastDays(trail)
    with pytest.raises(StoreDown):
        past.rows(WINDOW)
    assert trail.read == DAYS_OVER[:20]

    trail.broken = None
    past.rows(WINDOW)

    assert trail.read == [*OVER, RUNNING]


def test_who_catches_up_reads_a_stretch_at_a_time_the_newest_first_and_only_what_is_over() -> None:
    trail = Trail()
    past = PastDays(trail)

    for _ in range(len(OVER) + 2):
        past.catch_up(WINDOW)

    assert trail.read == OVER[::-1]
    assert past.rows(WINDOW) == (*(since for since, _ in OVER), WINDOW.over)


def test_of_several_who_come_at_once_one_reads_the_past() -> None:
    trail = Trail()
    others = Event()

    def slowly(since: datetime, until: datetime) -> tuple[datetime, ...]:
        others.wait(0.001)  # never set: whoever wants to read the same day has the time to begin
        return trail(since, until)

    past = PastDays(slowly)
    at_once(4, lambda _: past.rows(WINDOW))

    assert sorted(trail.read) == sorted([*OVER, *[RUNNING] * 4])
