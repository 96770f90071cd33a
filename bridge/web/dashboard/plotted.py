"""Which plots the first page has, and what each says."""

from __future__ import annotations

from typing import Final

from bridge.domain.days import DayFigures
from bridge.domain.scales import round_ticks, time_ticks
from bridge.services.dashboard import Overview
from bridge.web.dashboard import words
from bridge.web.dashboard.plots import Look, Plot, Series, beside, from_to, stacked

MOST_CURRENCIES: Final = 4
"""Plots of money; a shop with more currencies finds the others in the reports."""


def plots_of(overview: Overview) -> tuple[Plot, ...]:
    """All of them, in the order in which they are read."""
    return (_decided(overview), *_money(overview), _payments(overview), _times(overview))


def currencies_of(daily: tuple[DayFigures, ...]) -> tuple[str, ...]:
    """The currencies in which anything was surplus or given back."""
    return tuple(sorted({currency for day in daily for currency in (*day.surplus_money, *day.refunded_money)}))


def _decided(overview: Overview) -> Plot:
    status = overview.status
    series = (
        Series(name="prevented", look="one", values=tuple(day.prevented for day in status.daily)),
        Series(name="resumed", look="two", values=tuple(day.resumed for day in status.daily)),
        Series(name="surplus", look="bad", values=tuple(day.surplus for day in status.daily)),
    )
    look = Look(
        id="decided",
        title="Second payments, by day",
        unit="",
        ticks=round_ticks,
        text=words.number,
        beside=words.number,
    )
    says = (
        f"In {status.days} days {words.counted(status.prevented, 'second payment')} prevented, "
        f"{words.counted(status.resumed, 'shopper')} sent back to the open page, "
        f"{words.counted(status.surplus, 'surplus payment')} taken."
    )
    return stacked(look, tuple(day.day for day in status.daily), series, says=says)


def _money(overview: Overview) -> tuple[Plot, ...]:
    return tuple(_money_in(overview, currency) for currency in currencies_of(overview.status.daily)[:MOST_CURRENCIES])


def _money_in(overview: Overview, currency: str) -> Plot:
    status = overview.status
    series = (
        Series(name="surplus", look="bad", values=tuple(day.surplus_money.get(currency, 0) for day in status.daily)),
        Series(
            name="given back", look="good", values=tuple(day.refunded_money.get(currency, 0) for day in status.daily)
        ),
    )
    look = Look(
        id=f"money-{currency.lower()}",
        title=f"Surplus money, by day, in {currency}",
        unit=currency,
        ticks=round_ticks,
        text=lambda minor: words.amount(currency, minor),
        beside=lambda minor: words.axis_amount(currency, minor),
    )
    taken, back = status.surplus_money.get(currency, 0), status.refunded_money.get(currency, 0)
    says = f"{words.money(currency, taken)} taken too much, {words.money(currency, back)} given back."
    return beside(look, tuple(day.day for day in status.daily), series, says=says)


def _payments(overview: Overview) -> Plot:
    days = overview.payments
    series = (
        Series(name="paid", look="good", values=tuple(day.paid for day in days)),
        Series(name="ended unpaid", look="dim", values=tuple(day.ended for day in days)),
        Series(name="still open", look="two", values=tuple(day.open for day in days)),
    )
    look = Look(
        id="payments",
        title="Payments begun, by day, and what came of them",
        unit="",
        ticks=round_ticks,
        text=words.number,
        beside=words.number,
    )
    live, completed = overview.live, overview.completed
    ratio = f": {live / completed:.2f} open for each paid one" if completed else ""
    says = f"Now {words.number(live)} open; {words.number(completed)} paid in the last 24 hours{ratio}."
    return stacked(look, tuple(day.day for day in days), series, says=says)


def _times(overview: Overview) -> Plot:
    days = overview.times
    low = Series(name="half within", look="one", values=tuple(day.p50 for day in days))
    high = Series(name="95 % within", look="soft", values=tuple(day.p95 for day in days))
    look = Look(
        id="times",
        title="From payment to order, by day",
        unit="",
        ticks=time_ticks,
        text=words.seconds,
        beside=words.axis_seconds,
    )
    orders = sum(day.orders for day in days)
    says = f"{words.counted(orders, 'order')} verified: from the making of the payment to the order that fits it."
    return from_to(look, tuple(day.day for day in days), low, high, says=says)
