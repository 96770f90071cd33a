"""How the bridge is set, and what it did in the last days: the one source of the figures, for back office and page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bridge.domain.days import DayFigures, Decided, MinorByCurrency, Window, day_figures, summed
from bridge.domain.rollout import Rollout
from bridge.ports.clock import Clock
from bridge.ports.figures import FigureSource
from bridge.ports.ledger import Ledger
from bridge.ports.queues import Figures
from bridge.services.kept import Kept
from bridge.services.past_days import PastDays

DAYS: Final = 30
"""The days over which the figures count, today among them."""

COMPLETED_OVER: Final = timedelta(hours=24)
"""The time over which payments count as completed, as in the metric of the pending payments' ratio."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Counts of the last `days`, and what waits for a person now.

    `prevented`: payments not made because the cart was paid, ordered or being paid; `resumed`: shoppers sent back to
    their open page; `superseded`: old payments set aside for a changed cart; `surplus`: payments for a cart that was
    paid already; `refunded`: of those, refunds that the policy or an admin made. `daily` has each day of them, so the
    counts are its sums; `queues` is what stands in the queues now.
    """

    rollout: Rollout
    daily: tuple[DayFigures, ...]
    queues: Figures

    @property
    def days(self) -> int:
        """How many days are counted."""
        return len(self.daily)

    @property
    def prevented(self) -> int:
        """Second payments that were not made."""
        return sum(day.prevented for day in self.daily)

    @property
    def resumed(self) -> int:
        """Shoppers who were sent back to their open page."""
        return sum(day.resumed for day in self.daily)

    @property
    def superseded(self) -> int:
        """Payments set aside for a changed cart."""
        return sum(day.superseded for day in self.daily)

    @property
    def surplus(self) -> int:
        """Payments for carts that were paid already."""
        return sum(day.surplus for day in self.daily)

    @property
    def refunded(self) -> int:
        """Refunds of those."""
        return sum(day.refunded for day in self.daily)

    @property
    def surplus_money(self) -> MinorByCurrency:
        """What the surplus payments took, by currency."""
        return summed(amount for day in self.daily for amount in day.surplus_money.items())

    @property
    def refunded_money(self) -> MinorByCurrency:
        """What was given back of it, by currency."""
        return summed(amount for day in self.daily for amount in day.refunded_money.items())

    @property
    def awaiting_approval(self) -> int:
        """Refunds that wait for an admin's word."""
        return self.queues.refunds.get("proposed", 0)

    @property
    def dead_deliveries(self) -> int:
        """Deliveries that were given up."""
        return self.queues.deliveries.get("dead", 0)


class StatusReport:
    """Counts, and keeps what it counted for a while."""

    def __init__(self, *, ledger: Ledger, figures: FigureSource, clock: Clock, rollout: Rollout) -> None:
        self._ledger = ledger
        self._figures = figures
        self._clock = clock
        self._rollout = rollout
        self._decided: PastDays[Decided] = PastDays(figures.decided)
        self._kept = Kept(self._count, clock)

    def now(self) -> Status:
        """The status, half a minute old at most. Raises `StoreDown`."""
        return self._kept.value()

    def catch_up(self) -> None:
        """Read a day that is over ahead of whoever asks. Raises `StoreDown`."""
        self._decided.catch_up(Window.of(self._clock.now(), DAYS))

    def _count(self) -> Status:
        now = self._clock.now()
        window = Window.of(now, DAYS)
        decided = self._decided.rows(window)
        surplus = {one.transaction_id for one in decided if one.transaction_id is not None}
        money = self._figures.money_of(surplus) if surplus else {}
        return Status(
            rollout=self._rollout,
            daily=day_figures(window, decided, self._figures.given_back(window.since), money),
            queues=self._ledger.queues.figures(now - COMPLETED_OVER),
        )
