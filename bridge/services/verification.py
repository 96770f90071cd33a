"""Verifying, after the shop has worked, that its order, payment and invoice are what Mollie took the money for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bridge.domain.attempt import MONEY_IN, Attempt, AttemptState
from bridge.domain.cart import OrderPhase
from bridge.domain.consistency import find_mismatches
from bridge.domain.observed import ObservedPayment, PaymentStatus
from bridge.domain.records import AuditEntry, Delivery
from bridge.ports.clock import Clock
from bridge.ports.ledger import CartTransaction, Ledger
from bridge.services.deliveries import ids_of, new_delivery
from bridge.services.leases import Lease, check_fence
from bridge.services.made_with import find_made_with
from bridge.telemetry import METRICS

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """`mismatches` is empty when all is well; `took` is the time from attempt to order, once per order."""

    mismatches: tuple[str, ...] = ()
    took: timedelta | None = None


class Verifier:
    """Closes the order phase of a cart whose order fits its payment."""

    def __init__(self, *, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def verify(self, lease: Lease, delivery: Delivery, *, hopes: bool = False) -> Verification:
        """Compare the shop's order with what Mollie took; nothing to verify is nothing wrong.

        With `hopes` the shop has said that it failed: an order that is right all the same is welcome, one that does not
        fit is no news.

        Only money that settles the cart is verified, and only until it once was right: later refunds change the order
        as they should. Raises `LeaseLost` with nothing written.
        """
        found = self._ledger.in_cart(lease.cart, lambda tx: self._verify(tx, lease, delivery, hopes=hopes))
        if found.took is not None:
            METRICS.payment_to_order.observe(found.took.total_seconds())
        if found.mismatches and not hopes:
            METRICS.mismatches.inc()
            log.error("order.mismatch", mismatches=found.mismatches, **ids_of(lease, delivery))
        return found

    def _verify(self, tx: CartTransaction, lease: Lease, delivery: Delivery, *, hopes: bool) -> Verification:
        state = check_fence(tx, lease.fence)
        attempt = next((a for a in tx.attempts() if a.transaction_id == delivery.subject), None)
        settles = state.settled_transaction_id == delivery.subject and state.order_phase is OrderPhase.STARTED
        if attempt is None or not settles:
            return Verification()
        mismatches = self._compare(tx, attempt, delivery) if attempt.state in MONEY_IN else ()
        if mismatches and hopes:
            return Verification(mismatches=mismatches)
        now = self._clock.now()
        detail: dict[str, str | int | bool | None] = {"mismatches": "; ".join(mismatches)[:500] or None}
        tx.audit(
            AuditEntry(
                at=now,
                event="order.mismatch" if mismatches else "order.verified",
                cart=state.cart,
                attempt_id=attempt.id,
                transaction_id=delivery.subject,
                detail=detail,
            )
        )
        if mismatches:
            self._ask_about_the_orders_own(tx, now)
            return Verification(mismatches=mismatches)
        tx.save_state(replace(state, order_phase=OrderPhase.DONE))
        return Verification(took=now - attempt.created_at)

    def _ask_about_the_orders_own(self, tx: CartTransaction, now: datetime) -> None:
        """The shop made the order with another payment of the cart: have it decided whether that one settles it."""
        made_with = find_made_with(tx)
        if made_with is not None and any(attempt.transaction_id == made_with for attempt in tx.attempts()):
            tx.save_delivery(new_delivery(made_with, source="surplus", now=now))

    def _compare(self, tx: CartTransaction, attempt: Attempt, delivery: Delivery) -> tuple[str, ...]:
        observed = ObservedPayment(
            transaction_id=delivery.subject,
            status=PaymentStatus.AUTHORIZED if attempt.state is AttemptState.AUTHORIZED else PaymentStatus.PAID,
            money=attempt.charged or attempt.money,
        )
        record = tx.shop.find_record(tx.state.cart)
        return find_mismatches(observed, record, tx.shop.find_payment(delivery.subject))
