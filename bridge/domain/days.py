"""Figures by the day: what was decided, what money came and went, how payments ended, how long orders took.

A day is a day in UTC. Money is added up for each currency apart and never across them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from bridge.domain.attempt import LIVE, MONEY_IN, AttemptState

PREVENTED = frozenset({"AlreadyOrdered", "AlreadyPaid", "Deny"})
"""Decisions that kept a second payment from being made and sent the shopper elsewhere."""

RESUMED = "Resume"
SUPERSEDED = "Supersede"

MinorByCurrency = Mapping[str, int]
"""Sums in minor units by currency."""


LAST_WRITTEN = timedelta(hours=6)
"""An entry is written within a minute of its time; the rest is for a host that stood still with one on its way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Whole days, today the last of them. `over`: where the time begins of which entries may still come."""

    since: datetime
    over: datetime
    until: datetime

    @classmethod
    def of(cls, now: datetime, days: int) -> Window:
        """The last `days` days; an hour is over once nothing can be written of it any more (`LAST_WRITTEN`)."""
        now = now.astimezone(UTC)
        today = midnight(now.date())
        since = today - timedelta(days=days - 1)
        over = (now - LAST_WRITTEN).replace(minute=0, second=0, microsecond=0)
        return cls(since=since, over=max(since, over), until=today + timedelta(days=1))

    @property
    def days(self) -> tuple[date, ...]:
        """The days, oldest first."""
        first = self.since.date()
        return tuple(first + timedelta(days=number) for number in range((self.until - self.since).days))


def midnight(day: date) -> datetime:
    """Where a day begins."""
    return datetime.combine(day, time(), UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """How often something stood in the way of a payment that was asked for, on a day; or a surplus payment came in.

    `transaction_id` is a surplus payment's, each of which stands by itself, and else None.
    """

    day: date
    decision: str
    count: int
    transaction_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBack:
    """Refunds of surplus payments that were made on a day, in one currency."""

    day: date
    currency: str
    count: int
    minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """How many of the payments that were begun on a day are in a state now."""

    day: date
    state: AttemptState
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """How many orders of a day were verified so many seconds after their payment was begun."""

    day: date
    seconds: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFigures:
    """What the bridge did on a day: counts as in `bridge.services.status.Status`, and the money in minor units."""

    day: date
    prevented: int = 0
    resumed: int = 0
    superseded: int = 0
    surplus: int = 0
    refunded: int = 0
    surplus_money: MinorByCurrency = field(default_factory=dict)
    refunded_money: MinorByCurrency = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPayments:
    """What became of the payments that were begun on a day: `paid`, not paid and over (`ended`), or still `open`."""

    day: date
    paid: int = 0
    ended: int = 0
    open: int = 0

    @property
    def begun(self) -> int:
        """All of them."""
        return self.paid + self.ended + self.open

    @property
    def open_per_paid(self) -> float | None:
        """Payments still pending for each completed one; None where none was completed."""
        return self.open / self.paid if self.paid else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTimes:
    """From payment to order, in seconds: half of the day's orders took `p50` at most, 95 of a hundred `p95`."""

    day: date
    orders: int = 0
    p50: int | None = None
    p95: int | None = None


def first_of_each(decided: Iterable[Decided]) -> tuple[Decided, ...]:
    """Without the repeats of surplus payments: each counts on the day of its first."""
    seen: set[str] = set()
    kept = []
    for one in sorted(decided, key=lambda one: one.day):
        if one.transaction_id is not None and one.transaction_id in seen:
            continue
        if one.transaction_id is not None:
            seen.add(one.transaction_id)
        kept.append(one)
    return tuple(kept)


def day_figures(
    window: Window,
    decided: Iterable[Decided],
    given_back: Iterable[GivenBack],
    money_of: Mapping[str, tuple[str, int]],
) -> tuple[DayFigures, ...]:
    """The figures of each day of the window. `money_of`: currency and minor units of each surplus payment."""
    by_day: dict[date, list[Decided]] = {}
    for one in first_of_each(decided):
        by_day.setdefault(one.day, []).append(one)
    back: dict[date, list[GivenBack]] = {}
    for refund in given_back:
        back.setdefault(refund.day, []).append(refund)
    return tuple(_day(day, by_day.get(day, []), back.get(day, []), money_of) for day in window.days)


def _day(
    day: date, decided: list[Decided], back: list[GivenBack], money_of: Mapping[str, tuple[str, int]]
) -> DayFigures:
    asked = [one for one in decided if one.transaction_id is None]
    surplus = [one.transaction_id for one in decided if one.transaction_id is not None]
    return DayFigures(
        day=day,
        prevented=sum(one.count for one in asked if one.decision in PREVENTED),
        resumed=sum(one.count for one in asked if one.decision == RESUMED),
        superseded=sum(one.count for one in asked if one.decision == SUPERSEDED),
        surplus=len(surplus),
        refunded=sum(one.count for one in back),
        surplus_money=summed(money_of[each] for each in surplus if each in money_of),
        refunded_money=summed((one.currency, one.minor) for one in back),
    )


def summed(amounts: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Sums by currency, the currencies in alphabetical order."""
    sums: dict[str, int] = {}
    for currency, minor in amounts:
        sums[currency] = sums.get(currency, 0) + minor
    return dict(sorted(sums.items()))


def day_payments(window: Window, begun: Iterable[Begun]) -> tuple[DayPayments, ...]:
    """What became of each day's payments."""
    counts: dict[date, dict[str, int]] = {day: {} for day in window.days}
    for one in begun:
        if one.day in counts:
            name = "open" if one.state in LIVE else "paid" if one.state in _PAID else "ended"
            counts[one.day][name] = counts[one.day].get(name, 0) + one.count
    return tuple(DayPayments(day=day, **found) for day, found in counts.items())


_PAID = MONEY_IN | {AttemptState.REFUNDED}


def day_times(window: Window, ordered: Iterable[Ordered]) -> tuple[DayTimes, ...]:
    """How long each day's orders took."""
    by_day: dict[date, list[Ordered]] = {}
    for one in ordered:
        by_day.setdefault(one.day, []).append(one)
    return tuple(
        DayTimes(
            day=day,
            orders=sum(one.count for one in by_day.get(day, [])),
            p50=percentile(by_day.get(day, []), 50),
            p95=percentile(by_day.get(day, []), 95),
        )
        for day in window.days
    )


def percentile(ordered: Iterable[Ordered], percent: int) -> int | None:
    """The least number of seconds within which so many percent of the orders came; None of no order."""
    found = sorted(ordered, key=lambda one: one.seconds)
    total = sum(one.count for one in found)
    passed = 0
    for one in found:
        passed += one.count
        if passed * 100 >= total * percent:
            return one.seconds
    return None
