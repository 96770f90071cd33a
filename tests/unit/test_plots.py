"""Axes of round numbers, and bars that stand where their numbers say."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.scales import MOST_STEPS, round_ticks, time_ticks
from bridge.web.dashboard import words
from bridge.web.dashboard.plots import (
    BOTTOM,
    HEIGHT,
    LEAST_BAR,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Look,
    Series,
    beside,
    from_to,
    stacked,
)

pytestmark = pytest.mark.req("B13")

DAYS = tuple(date(2026, 2, 1) + timedelta(days=number) for number in range(30))
LOOK = Look(id="x", title="X", unit="", ticks=round_ticks, text=words.number, beside=words.number)
FLOOR = HEIGHT - BOTTOM


def series(name: str, *last: int | None) -> Series:
    """A series that is nothing but at its end."""
    values: tuple[int | None, ...] = (*([0] * (len(DAYS) - len(last))), *last)
    return Series(name=name, look=name, values=values)


# Axes


@given(st.integers(1, 10**12))
def test_an_axis_begins_at_nothing_reaches_the_highest_and_has_few_even_steps(highest: int) -> None:
    for ticks in (round_ticks(highest), time_ticks(highest)):
        step = ticks[1]
        assert ticks[0] == 0
        assert ticks[-2] < highest <= ticks[-1]
        assert ticks == tuple(step * number for number in range(len(ticks)))
        assert len(ticks) <= MOST_STEPS + 1


@given(st.integers(1, 10**9))
def test_steps_of_numbers_are_one_two_or_five_times_a_power_of_ten(highest: int) -> None:
    assert str(round_ticks(highest)[1]).rstrip("0") in {"1", "2", "5"}


@pytest.mark.parametrize(
    ("highest", "labels"),
    [
        (1, ["0 s", "1 s"]),
        (45, ["0 s", "15 s", "30 s", "45 s"]),
        (100, ["0 s", "30 s", "1 min", "90 s", "2 min"]),
        (3_000, ["0 s", "15 min", "30 min", "45 min", "1 h"]),
        (200_000, ["0 s", "1 d", "2 d", "3 d"]),
    ],
)
def test_steps_of_times_are_a_clocks(highest: int, labels: list[str]) -> None:
    assert [words.axis_seconds(tick) for tick in time_ticks(highest)] == labels


# Bars


def test_bars_stand_on_each_other_and_none_leaves_the_frame() -> None:
    plot = stacked(LOOK, DAYS, (series("a", 3), series("b", 7)), says="")

    low, high = plot.marks
    assert low.y + low.height == pytest.approx(FLOOR, abs=0.1)
    assert high.y + high.height == pytest.approx(low.y, abs=0.11)
    assert high.y == pytest.approx(TOP, abs=0.1)
    assert high.height / low.height == pytest.approx(7 / 3, rel=0.01)
    assert low.x + low.width <= WIDTH - RIGHT


def test_bars_beside_each_other_do_not_overlap() -> None:
    one, other = beside(LOOK, DAYS, (series("a", 5), series("b", 10)), says="").marks

    assert one.x + one.width <= other.x + 0.11
    assert one.y > other.y


def test_one_payment_beside_a_thousand_is_seen() -> None:
    small = beside(LOOK, DAYS, (series("a", 1, 10_000),), says="").marks[0]

    assert small.height == LEAST_BAR


def test_a_span_reaches_from_half_to_nearly_all() -> None:
    nothing = (None,) * (len(DAYS) - 2)
    half = Series(name="half", look="half", values=(*nothing, 10, None))
    most = Series(name="most", look="most", values=(*nothing, 40, None))

    plot = from_to(LOOK, DAYS, half, most, says="")

    span, middle = plot.marks
    assert span.y == pytest.approx(TOP, abs=0.1)
    assert middle.y < span.y + span.height <= middle.y + middle.height
    assert span.says == "1 Mar: half 10, most 40"


def test_a_plot_of_nothing_is_empty_and_has_an_axis_all_the_same() -> None:
    plot = stacked(LOOK, DAYS, (series("a"),), says="")

    assert plot.is_empty
    assert [line.text for line in plot.lines] == ["0", "1"]


def test_a_day_of_each_week_is_named_the_last_of_them_today() -> None:
    plot = stacked(LOOK, DAYS, (series("a", 1),), says="")

    assert [day.text for day in plot.days] == ["2 Feb", "9 Feb", "16 Feb", "23 Feb", "2 Mar"]
    assert (plot.days[-1].at, plot.days[-1].anchor) == (WIDTH - RIGHT, "end")
    assert plot.days[0].at > LEFT


def test_the_table_has_every_number_the_newest_day_first() -> None:
    plot = stacked(LOOK, DAYS, (series("a", 1, 2), series("b", None, 1_234)), says="")

    assert plot.head == ("day (UTC)", "a", "b")
    assert plot.rows[:2] == (("2026-03-02", "2", "1,234"), ("2026-03-01", "1", ""))
    assert len(plot.rows) == 30


# Words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (90, "1 min 30 s"),
        (3_601, "1 h"),
        (3_660, "1 h 1 min"),
        (180_000, "2 d 2 h"),
    ],
)
def test_times_have_two_units_at_most(value: int, text: str) -> None:
    assert words.seconds(value) == text


@pytest.mark.parametrize(
    ("currency", "minor", "text"),
    [
        ("EUR", 1440, "14.40 EUR"),
        ("JPY", 1440, "1,440 JPY"),
        ("EUR", 123_456_789, "1,234,567.89 EUR"),
        ("EUR", 5, "0.05 EUR"),
    ],
)
def test_money_has_the_places_of_its_currency(currency: str, minor: int, text: str) -> None:
    assert words.money(currency, minor) == text


def test_names_in_a_text_are_set_as_code_and_nothing_else_is_markup() -> None:
    assert words.marked("`a_b` is <b>") == "<code>a_b</code> is &lt;b&gt;"
    assert words.marked("`<i>`") == "<code>&lt;i&gt;</code>"
