"""What the shop's back office shows: how the bridge is set, and what it did in the last days."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta

from bridge.domain.rollout import Rollout
from bridge.ports.clock import Clock
from bridge.ports.ledger import Ledger
from bridge.ports.queues import Tally

DAYS = 30
"""The time over which the figures count."""

FRESH_FOR = 30.0
"""Seconds that figures are answered again: counting a month of the audit trail takes longer than reading a page."""

PREVENTED = ("AlreadyOrdered", "AlreadyPaid", "Deny")
"""Decisions that kept a second payment from being made and sent the shopper elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Counts of the last `days`, and what waits for a person now.

    `prevented`: payments not made because the cart was paid, ordered or being paid; `resumed`: shoppers sent back to
    their open page; `superseded`: old payments set aside for a changed cart; `surplus`: payments for a cart that was
    paid already; `refunded`: of those, refunds that the policy or an admin made.
    """

    rollout: Rollout
    days: int
    prevented: int
    resumed: int
    superseded: int
    surplus: int
    refunded: int
    awaiting_approval: int
    dead_deliveries: int


class StatusReport:
    """Counts, and keeps what it counted for a while."""

    def __init__(self, *, ledger: Ledger, clock: Clock, rollout: Rollout) -> None:
        self._ledger = ledger
        self._clock = clock
        self._rollout = rollout
        self._mutex = threading.Lock()
        self._counted: tuple[float, Status] | None = None

    def now(self) -> Status:
        """The status, half a minute old at most. Raises `StoreDown`."""
        with self._mutex:
            if self._counted is None or self._clock.monotonic() - self._counted[0] >= FRESH_FOR:
                self._counted = self._clock.monotonic(), self._count()
            return self._counted[1]

    def _count(self) -> Status:
        now = self._clock.now()
        tally = self._ledger.queues.tally(now - timedelta(days=DAYS))
        figures = self._ledger.queues.figures(now)
        return Status(
            rollout=self._rollout,
            days=DAYS,
            prevented=sum(_initiations(tally, decision) for decision in PREVENTED),
            resumed=_initiations(tally, "Resume"),
            superseded=_initiations(tally, "Supersede"),
            surplus=tally.surplus,
            refunded=tally.surplus_refunded,
            awaiting_approval=figures.refunds.get("proposed", 0),
            dead_deliveries=figures.deliveries.get("dead", 0),
        )


def _initiations(tally: Tally, decision: str) -> int:
    return tally.initiations.get(decision, 0)
