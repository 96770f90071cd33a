"""Payments by the day of their beginning: counted again where one has changed, and only there."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from bridge.domain.attempt import AttemptState
from bridge.domain.days import Begun, Window
from bridge.domain.errors import StoreDown
from bridge.services.begun_days import ANEW, LATE, BegunDays

pytestmark = pytest.mark.req("B13")

NOW = datetime(2026, 3, 1, 12, 34, tzinfo=UTC)
WINDOW = Window.of(NOW, 30)
LATER = NOW + timedelta(minutes=1)
SECOND = timedelta(seconds=1)


class Payments:
    """One payment of each day, whose number is that of its changes. `counted`: the days that were asked about."""

    def __init__(self) -> None:
        self.numbers: dict[date, int] = {}
        self.changes: list[tuple[datetime, date]] = []
        self.counted: list[date] = []
        self.broken: date | None = None

    def change(self, day: date, at: datetime) -> None:
        self.numbers[day] = self.numbers.get(day, 0) + 1
        self.changes.append((at, day))

    def begun(self, since: datetime, until: datetime) -> tuple[Begun, ...]:
        assert until - since == timedelta(days=1)
        if since.date() == self.broken:
            raise StoreDown("gone")
        self.counted.append(since.date())
        return (Begun(day=since.date(), state=AttemptState.PAID, count=self.numbers.get(since.date(), 0)),)

    def changed(self, since: datetime) -> frozenset[date]:
        return frozenset(day for at, day in self.changes if at >= since)


@pytest.fixture
def payments() -> Payments:
    return Payments()


@pytest.fixture
def days(payments: Payments) -> BegunDays:
    return BegunDays(begun=payments.begun, changed=payments.changed)


def counts(rows: tuple[Begun, ...]) -> dict[date, int]:
    return {one.day: one.count for one in rows if one.count}


def test_the_first_look_counts_every_day_and_the_next_those_that_have_changed(
    days: BegunDays, payments: Payments
) -> None:
    refunded, today = WINDOW.days[3], WINDOW.days[-1]
    payments.change(refunded, NOW - timedelta(days=20))
    assert counts(days.rows(WINDOW, NOW)) == {refunded: 1}
    assert payments.counted == list(WINDOW.days)

    payments.counted.clear()
    payments.change(refunded, LATER)
    payments.change(today, LATER)

    assert counts(days.rows(WINDOW, LATER)) == {refunded: 2, today: 1}
    assert payments.counted == [refunded, today]


def test_where_nothing_has_changed_nothing_is_counted(days: BegunDays, payments: Payments) -> None:
    first = days.rows(WINDOW, NOW)
    payments.counted.clear()

    assert days.rows(WINDOW, LATER) == first
    assert payments.counted == []


def test_a_change_that_is_stored_after_its_time_is_noticed(days: BegunDays, payments: Payments) -> None:
    days.rows(WINDOW, NOW)
    payments.change(WINDOW.days[5], NOW - LATE)
    payments.change(WINDOW.days[6], NOW - LATE - SECOND)

    assert counts(days.rows(WINDOW, LATER)) == {WINDOW.days[5]: 1}


def test_once_an_hour_all_is_counted_anew_and_finds_also_what_was_not_noticed(
    days: BegunDays, payments: Payments
) -> None:
    days.catch_up(WINDOW, NOW)
    payments.change(WINDOW.days[6], NOW - LATE - SECOND)

    days.catch_up(WINDOW, NOW + ANEW - SECOND)
    assert counts(days.rows(WINDOW, NOW + ANEW - SECOND)) == {}

    days.catch_up(WINDOW, NOW + ANEW)
    assert counts(days.rows(WINDOW, NOW + ANEW)) == {WINDOW.days[6]: 1}


def test_the_next_day_is_new_and_the_oldest_is_forgotten(days: BegunDays, payments: Payments) -> None:
    days.rows(WINDOW, NOW)
    payments.counted.clear()
    tomorrow = Window.of(NOW + timedelta(days=1), 30)

    found = days.rows(tomorrow, NOW + timedelta(days=1))

    assert [one.day for one in found] == list(tomorrow.days)
    assert payments.counted == [tomorrow.days[-1]]


def test_after_a_failure_no_change_is_lost(days: BegunDays, payments: Payments) -> None:
    days.rows(WINDOW, NOW)
    for day in WINDOW.days[1:3]:
        payments.change(day, LATER)
    payments.broken = WINDOW.days[2]
    with pytest.raises(StoreDown):
        days.rows(WINDOW, LATER)

    payments.broken = None
    much_later = LATER + 2 * LATE

    assert counts(days.rows(WINDOW, much_later)) == dict.fromkeys(WINDOW.days[1:3], 1)
