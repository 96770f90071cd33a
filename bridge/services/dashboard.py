"""What the merchant's page shows at a glance: what waits, what needs a person, and the figures by the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from bridge.domain.cart import CartRef, CartState
from bridge.domain.days import DayPayments, DayTimes, Ordered, Window, day_payments, day_times
from bridge.domain.errors import LockBackendDown
from bridge.domain.records import AuditEntry, Delivery, DeliveryState, RefundState
from bridge.ports.advice import Advice, Advisor
from bridge.ports.clock import Clock
from bridge.ports.figures import FigureSource, News, Unreturned
from bridge.ports.ledger import Ledger
from bridge.ports.locks import CartLocks, HeldLock
from bridge.services.begun_days import BegunDays
from bridge.services.kept import Kept
from bridge.services.past_days import PastDays
from bridge.services.refund_waits import RefundWaits
from bridge.services.status import DAYS, Status, StatusReport

log = structlog.get_logger()

WAITING: Final = frozenset({DeliveryState.RECEIVED, DeliveryState.WORKING, DeliveryState.FAILED})
"""Deliveries that the inbox works on by itself."""

LISTED: Final = 200
"""Rows that one page lists."""

ENTRIES: Final = 500
"""Entries of a cart's audit trail that one page shows, the newest."""

CATCHES_UP: Final = 2.0
"""Seconds between two steps of reading ahead: a month takes a minute, and who stops the server waits for one step."""

TRYING: Final = timedelta(minutes=5)
"""So long an order may take to verify before it is looked at, as in the report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """How much there is of what nobody but a person can put right. `refunds_unsent` wait in the queue for too long."""

    dead_deliveries: int
    refunds_proposed: int
    refunds_failed: int
    refunds_uncertain: int
    refunds_unsent: int
    notices_dead: int
    unverified_orders: int
    unreturned: tuple[Unreturned, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """Deliveries that are not done, and the oldest of them that is not given up."""

    waiting: int
    oldest: Delivery | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Locks as their backend shows them (None: it does not answer), and carts with a lease in their row."""

    locks: tuple[HeldLock, ...] | None
    leased: tuple[CartState, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The page, made at `at`; its figures may be half a minute older."""

    at: datetime
    status: Status
    needs: Needs
    inbox: Inbox
    held: Held
    news: News | None
    payments: tuple[DayPayments, ...]
    times: tuple[DayTimes, ...]

    @property
    def mollie_trouble(self) -> str | None:
        """What Mollie answered to the delivery that waits the longest, if it is Mollie that it waits for."""
        error = self.inbox.oldest.last_error if self.inbox.oldest else None
        return error if error and error.startswith("Mollie") else None

    @property
    def live(self) -> int:
        """Payments that may still be paid."""
        return self.status.queues.live

    @property
    def completed(self) -> int:
        """Payments that brought money in within the last day."""
        return self.status.queues.completed


class Dashboard:
    """Reads for the page; writes nothing."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        locks: CartLocks,
        figures: FigureSource,
        status: StatusReport,
        waits: RefundWaits,
        advisor: Advisor,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._locks = locks
        self._figures = figures
        self._status = status
        self._waits = waits
        self._advisor = advisor
        self._clock = clock
        self._ordered: PastDays[Ordered] = PastDays(figures.ordered)
        self._begun = BegunDays(begun=figures.begun, changed=figures.changed)
        self._by_day: Kept[tuple[tuple[DayPayments, ...], tuple[DayTimes, ...]]] = Kept(self._count, clock)

    def overview(self) -> Overview:
        """All that the first page shows. Raises `StoreDown`."""
        status = self._status.now()
        payments, times = self._by_day.value()
        return Overview(
            at=self._clock.now(),
            status=status,
            needs=self._needs(status),
            inbox=self._inbox(status),
            held=self.held(),
            news=self._figures.find_news(),
            payments=payments,
            times=times,
        )

    def catch_up(self) -> None:
        """Take a step of reading ahead of whoever asks, for the status, too. Raises `StoreDown`."""
        self._status.catch_up()
        now = self._clock.now()
        window = Window.of(now, DAYS)
        self._ordered.catch_up(window)
        self._begun.catch_up(window, now)

    def held(self) -> Held:
        """What is held now; a lock backend that is down is a fact to be shown, and the rest is shown with it."""
        try:
            locks: tuple[HeldLock, ...] | None = self._locks.held()
        except LockBackendDown as error:
            log.warning("dashboard.locks_unseen", error=str(error))
            locks = None
        return Held(locks=locks, leased=self._ledger.leased())

    def deliveries(self, states: frozenset[DeliveryState]) -> tuple[Delivery, ...]:
        """Deliveries in these states, oldest first, `LISTED` at most."""
        return self._ledger.queues.deliveries_in(states, LISTED)

    def find_cart(self, cart_id: int) -> CartRef | None:
        """The cart of that number, by the shop's own table."""
        found = self._ledger.shop.find_cart(cart_id)
        return None if found is None else CartRef(shop_id=found.shop_id, cart_id=cart_id)

    def trail_of(self, cart: CartRef) -> tuple[AuditEntry, ...]:
        """What was decided about a cart, oldest first."""
        return self._ledger.audit_of(cart, ENTRIES)

    def advice(self, report: str) -> Advice:
        """What the report's own file says about its rows."""
        return self._advisor(report)

    def _count(self) -> tuple[tuple[DayPayments, ...], tuple[DayTimes, ...]]:
        now = self._clock.now()
        window = Window.of(now, DAYS)
        return day_payments(window, self._begun.rows(window, now)), day_times(window, self._ordered.rows(window))

    def _needs(self, status: Status) -> Needs:
        refunds = status.queues.refunds
        return Needs(
            dead_deliveries=status.dead_deliveries,
            refunds_proposed=status.awaiting_approval,
            refunds_failed=refunds.get(RefundState.FAILED.value, 0),
            refunds_uncertain=refunds.get(RefundState.UNCERTAIN.value, 0),
            refunds_unsent=len(self._waits.find(LISTED)) if refunds.get(RefundState.QUEUED.value, 0) else 0,
            notices_dead=status.queues.notices.get("dead", 0),
            unverified_orders=self._figures.unverified(self._clock.now() - TRYING),
            unreturned=self._figures.unreturned(),
        )

    def _inbox(self, status: Status) -> Inbox:
        waiting = sum(status.queues.deliveries.get(state.value, 0) for state in WAITING)
        oldest = self._ledger.queues.deliveries_in(WAITING, 1)
        return Inbox(waiting=max(waiting, len(oldest)), oldest=oldest[0] if oldest else None)
