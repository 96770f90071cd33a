"""Routed webhooks: worked on here and passed to the shop, under the cart's lease.

A delivery is stored before anything else. What is answered with success is done or needs nothing; all else is tried
again, by Mollie and by the inbox.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import structlog

from bridge.domain.cart import CartRef
from bridge.domain.errors import BridgeError, LeaseHeld, ShopDown, ShopSilent
from bridge.domain.observed import ObservedPayment
from bridge.domain.records import OWN_QUESTIONS, Delivery, DeliveryState
from bridge.domain.settlement import SettlementDecision
from bridge.ports.clock import Clock
from bridge.services.changes import Changes
from bridge.services.endings import Endings
from bridge.services.intake import Intake
from bridge.services.leases import Lease, Leases
from bridge.services.matching import Matching
from bridge.services.observing import Observing
from bridge.services.passing_on import PassingOn
from bridge.services.settings import WebhookLimits
from bridge.services.settlement import Decided, Settlement
from bridge.services.verification import Verification

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """How a delivery ended for now. `closed_order`: this work was the first to find the cart's order right."""

    delivery: Delivery
    decision: SettlementDecision | None
    mismatches: tuple[str, ...] = ()
    closed_order: bool = False

    @property
    def done(self) -> bool:
        """Whether nothing is left to do for it."""
        return self.delivery.state is DeliveryState.DONE


class Webhooks:
    """Works on deliveries: lease, ask, decide, pass on, verify."""

    def __init__(
        self,
        *,
        leases: Leases,
        matching: Matching,
        settlement: Settlement,
        observing: Observing,
        passing_on: PassingOn,
        intake: Intake,
        endings: Endings,
        changes: Changes,
        clock: Clock,
        limits: WebhookLimits,
    ) -> None:
        self._leases = leases
        self._matching = matching
        self._settlement = settlement
        self._observing = observing
        self._passing_on = passing_on
        self._intake = intake
        self._endings = endings
        self._changes = changes
        self._clock = clock
        self._limits = limits

    def take(self, transaction_id: str, *, source: str, query: str | None = None) -> Delivery:
        """Store a delivery, already taken for working on it."""
        return self._intake.take(transaction_id, source=source, query=query)

    def work_due(self, due: Delivery) -> Worked | None:
        """Take a due delivery and work on it; None when somebody else has it.

        One whose worker died is worked on at once for the first time only. Perhaps it is what kills its workers: from
        then on it rests as after any failure, and is dead after as many tries.
        """
        delivery = self._intake.take_up(due)
        if delivery is None:
            return None
        if due.state is DeliveryState.WORKING and due.tries > 1:
            error = ShopDown("the process that worked on it died, more than once")
            return Worked(delivery=self._endings.put_back(delivery, error), decision=None)
        return self.work(delivery)

    def work(self, delivery: Delivery) -> Worked:
        """Work on a delivery that is taken. Failures leave it due again."""
        try:
            cart = self._matching.find_cart(delivery)
            if not isinstance(cart, CartRef):
                return Worked(delivery=self._endings.close(delivery, cart), decision=cart)
            delivery = replace(delivery, cart=cart)
            return self._watch(cart, delivery) if self._observing.only_watches(cart) else self._work(cart, delivery)
        except Exception as error:
            # A fault of ours is a failure like any other to the delivery; it is told apart in the log alone.
            put_back = self._endings.put_back(delivery, error)
            if not isinstance(error, (BridgeError, OSError)):
                raise
            return Worked(delivery=put_back, decision=None)

    def _work(self, cart: CartRef, delivery: Delivery) -> Worked:
        lease = self._take_lease(cart, delivery)
        end = self._leases.give_back
        try:
            return self._under(lease, delivery)
        except ShopSilent as error:
            # A second script beside the first, on another web server, would make a second order. While the lease is
            # shown nobody begins one.
            end = self._leases.leave
            error.retry_after = max(1.0, (lease.expires_at - self._clock.now()).total_seconds())
            raise
        finally:
            end(lease)
            self._changes.announce(cart)

    def _under(self, lease: Lease, delivery: Delivery) -> Worked:
        observed = self._matching.hear(lease.cart, delivery)
        decided = self._settlement.decide(lease, delivery, observed)
        verification = Verification()
        if decided.passes_on and isinstance(observed, ObservedPayment):
            verification = self._passing_on.under(lease, self._endings.reread(delivery), observed)
        return self._ended(lease, delivery, decided, verification)

    def _watch(self, cart: CartRef, delivery: Delivery) -> Worked:
        """The cart is not guarded: the shop hears of it as it would without the bridge.

        So it does not hear of what the bridge asked by itself: that call could meet Mollie's own.
        """
        observed = self._matching.observe(cart, delivery.transaction_id)
        decision = self._observing.webhook(cart, delivery, observed)
        announced = delivery.source not in OWN_QUESTIONS
        if isinstance(observed, ObservedPayment) and announced:
            self._passing_on.unguarded(cart, delivery, observed)
        # An older one that failed has news that the shop is still to hear.
        return Worked(delivery=self._endings.close(delivery, decision, covers=announced), decision=decision)

    def _take_lease(self, cart: CartRef, delivery: Delivery) -> Lease:
        purpose = f"webhook:{delivery.id}"
        lease = self._leases.take(cart, purpose=purpose, timeout=self._limits.lease_wait, keep=True)
        if lease is None:
            raise LeaseHeld(f"{cart} is being worked on")
        return lease

    def _ended(self, lease: Lease, delivery: Delivery, decided: Decided, verification: Verification) -> Worked:
        if not verification.mismatches:
            closed = self._endings.close(delivery, decided.decision)
            return Worked(delivery=closed, decision=decided.decision, closed_order=verification.took is not None)
        put_back = self._endings.put_back_unverified(delivery, verification.mismatches)
        return Worked(delivery=put_back, decision=decided.decision, mismatches=verification.mismatches)
