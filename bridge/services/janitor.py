"""The janitor: looks for what a crash, a lost webhook or a shopper who never came back left lying.

| left lying | put right by |
|---|---|
| an order begun and not verified, with no delivery for it | a delivery of the bridge's own |
| a payment that may have been paid or have ended, and nobody told | asking Mollie; a delivery of the bridge's own |
| a refund that Mollie took and that came to nothing there | a look at Mollie's list (`bridge.services.doubts`) |
| what waits for another year, as a clock that was wrong had planned | making it due |
| a reservation that nothing came of | binding it to the module's row where there is one, else releasing it |
| expired idempotency keys, old audit entries and finished deliveries | removing them |

With several sidecars one works at a time: the task stands in the database with who has it and until when. Everything
it does may be done twice, though; the task only saves work.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog

from bridge.domain.attempt import Attempt
from bridge.domain.errors import BridgeError, Conflict, LockTimeout, MollieError
from bridge.domain.observed import ObservedPayment
from bridge.ports.clock import Clock
from bridge.ports.ledger import CartTransaction, Ledger
from bridge.ports.mollie import MollieAccounts
from bridge.services.attempts import bound
from bridge.services.deduplication import Deduplication
from bridge.services.doubts import Doubts
from bridge.services.ids import new_id
from bridge.services.inbox import Inbox
from bridge.services.leases import shown_lease
from bridge.services.payments import Payments
from bridge.services.settings import JanitorLimits
from bridge.telemetry import METRICS

log = structlog.get_logger()

TASK = "janitor"
CARTS_AT_ONCE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What one pass did: orders taken up again, payments asked about, refunds looked after, plans of a wrong clock made
    due, rows removed; and which steps failed.
    """

    orders: int = 0
    payments: int = 0
    refunds: int = 0
    strays: int = 0
    removed: int = 0
    failed: tuple[str, ...] = ()


class Janitor:
    """Makes passes; `measure` fills the gauges, in every sidecar."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        accounts: MollieAccounts,
        inbox: Inbox,
        payments: Payments,
        deduplication: Deduplication,
        doubts: Doubts,
        clock: Clock,
        limits: JanitorLimits,
    ) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._inbox = inbox
        self._payments = payments
        self._deduplication = deduplication
        self._doubts = doubts
        self._clock = clock
        self._limits = limits
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{new_id()}"

    def round(self) -> None:
        """One round of the server's: measure, and sweep unless another sidecar does. Raises `StoreDown`."""
        self.measure()
        self.sweep()

    def sweep(self) -> Sweep | None:
        """One pass; None when another sidecar is at it. A step that fails does not keep the others from their turn."""
        now = self._clock.now()
        if not self._ledger.queues.take_task(TASK, self._holder, now, now + self._limits.holds):
            return None
        try:
            return self._sweep()
        finally:
            self._ledger.queues.end_task(TASK, self._holder, self._clock.now())

    def _sweep(self) -> Sweep:
        steps: dict[str, Callable[[], int]] = {
            "orders": self._take_up_orders,
            "payments": self._check_payments,
            "refunds": self._look_after_refunds,
            "strays": self._hasten_strays,
            "removed": self._prune,
        }
        done, failed = dict.fromkeys(steps, 0), []
        for name, step in steps.items():
            try:
                done[name] = step()
            except BridgeError as error:
                failed.append(name)
                log.warning("janitor.step_failed", step=name, error=str(error))
        if any(done.values()):
            log.info("janitor.swept", **done)
        return Sweep(**done, failed=tuple(failed))

    def _take_up_orders(self) -> int:
        taken = 0
        for state in self._ledger.queues.unfinished_carts(CARTS_AT_ONCE):
            if state.settled_transaction_id and not shown_lease(state, self._clock.now()):
                self._inbox.ask_later(state.settled_transaction_id, source="janitor")
                taken += 1
        return taken

    def _check_payments(self) -> int:
        """Ask Mollie about the payments that have been silent the longest; a Mollie that is down ends the round."""
        now, limits = self._clock.now(), self._limits
        end = now + limits.holds / 2
        checked = 0
        for attempt in self._ledger.queues.unchecked_attempts(
            quiet_since=now - limits.quiet,
            silent_since=now - limits.silent,
            made_after=now - limits.gives_up,
            now=now,
            limit=limits.checks,
        ):
            if self._clock.now() >= end:
                break
            checked += self._check(attempt)
        return checked

    def _look_after_refunds(self) -> int:
        end = self._clock.now() + self._limits.holds / 4
        return self._doubts.look_due(self._limits.looks, end)

    def _check(self, attempt: Attempt) -> bool:
        try:
            if attempt.transaction_id is None:
                self._end_reservation(attempt)
            else:
                self._ask(attempt, attempt.transaction_id)
        except (MollieError, LockTimeout, Conflict) as error:
            # This one waits for the next round; another cart, or another shop's account, may do better.
            log.warning("janitor.not_checked", payment_id=attempt.id, cart_id=attempt.cart.cart_id, error=str(error))
            self._let_wait(attempt)
            return False
        return True

    def _ask(self, attempt: Attempt, transaction_id: str) -> None:
        observed = self._accounts.of(attempt.cart.shop_id).find_payment(transaction_id)
        if observed is None:
            self._deduplication.cancel_expired_payments(attempt.cart)
            self._touch(attempt, None)
        elif observed.is_live:
            self._touch(attempt, observed)
        else:
            self._inbox.ask_later(transaction_id, source="janitor")
            # Not again at the next pass: what makes the delivery fail may last, and each question hurries it.
            self._let_wait(attempt)

    def _end_reservation(self, attempt: Attempt) -> None:
        """The news of its payment may have been lost on the way: its row in the shop is taken for it."""
        try:
            self._payments.bind(attempt.id, transaction_id=None, checkout_url=None)
        except Conflict:
            self._deduplication.cancel_expired_payments(attempt.cart)
            self._touch(attempt, None)

    def _let_wait(self, attempt: Attempt) -> None:
        """Put it behind the others: what fails each time would else take every turn there is."""
        # Changed by somebody else at this very moment, it is behind the others already.
        with suppress(Conflict):
            self._touch(attempt, None)

    def _touch(self, attempt: Attempt, observed: ObservedPayment | None) -> None:
        """It was asked about and stays as it is: others have their turn before it is asked about again."""
        self._ledger.in_cart(attempt.cart, lambda tx: self._write_touched(tx, attempt, observed))

    def _write_touched(self, tx: CartTransaction, attempt: Attempt, observed: ObservedPayment | None) -> None:
        known = next((each for each in tx.attempts() if each.id == attempt.id), None)
        if known is None or known.state is not attempt.state:
            return
        now = self._clock.now()
        tx.save_attempt(replace(known, updated_at=now) if observed is None else bound(known, observed, now))

    def _hasten_strays(self) -> int:
        return self._ledger.queues.hasten_strays(self._clock.now())

    def _prune(self) -> int:
        now, limits = self._clock.now(), self._limits
        return self._ledger.queues.prune(
            now, audit_before=now - limits.keep_audit, deliveries_before=now - limits.keep_deliveries
        )

    def measure(self) -> None:
        """Fill the gauges from the database."""
        figures = self._ledger.queues.figures(self._clock.now() - self._limits.ratio_over)
        METRICS.pending_payments.set(figures.live)
        METRICS.completed_payments.set(figures.completed)
        METRICS.pending_ratio.set(figures.live / figures.completed if figures.completed else figures.live)
        METRICS.show(METRICS.delivery_queue, figures.deliveries)
        METRICS.show(METRICS.refund_queue, figures.refunds)
        METRICS.show(METRICS.notice_queue, figures.notices)
