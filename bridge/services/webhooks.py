"""Routed webhooks: worked on here and passed to the shop, under the cart's lease.

A delivery is stored before anything else. What is answered with success is done or needs nothing; all else is tried
again, by Mollie and by the inbox.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from bridge.domain.cart import CartRef
from bridge.domain.errors import BridgeError, LeaseHeld, LeaseLost, ShopDown
from bridge.domain.observed import ObservedPayment
from bridge.domain.records import Delivery, DeliveryState
from bridge.domain.settlement import SettlementDecision
from bridge.ports.clock import Clock
from bridge.ports.shop import ShopWebhook
from bridge.services.changes import Changes
from bridge.services.deliveries import ids_of
from bridge.services.endings import Endings
from bridge.services.intake import Intake
from bridge.services.leases import Lease, Leases
from bridge.services.matching import Matching
from bridge.services.settings import WebhookLimits
from bridge.services.settlement import Decided, Settlement
from bridge.services.verification import Verification, Verifier

log = structlog.get_logger()

WORKED_BEFORE = frozenset({405})
"""What the module answers when the cart has its order already: its work is verified like any other."""


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
        shop_webhook: ShopWebhook,
        matching: Matching,
        settlement: Settlement,
        verifier: Verifier,
        intake: Intake,
        endings: Endings,
        changes: Changes,
        clock: Clock,
        limits: WebhookLimits,
    ) -> None:
        self._leases = leases
        self._shop_webhook = shop_webhook
        self._matching = matching
        self._settlement = settlement
        self._verifier = verifier
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
            return self._work(delivery)
        except Exception as error:
            # A fault of ours is a failure like any other to the delivery; it is told apart in the log alone.
            put_back = self._endings.put_back(delivery, error)
            if not isinstance(error, (BridgeError, OSError)):
                raise
            return Worked(delivery=put_back, decision=None)

    def _work(self, delivery: Delivery) -> Worked:
        cart = self._matching.find_cart(delivery)
        if not isinstance(cart, CartRef):
            return Worked(delivery=self._endings.close(delivery, cart), decision=cart)
        lease = self._take_lease(cart, delivery)
        try:
            observed = self._matching.observe(cart, delivery.transaction_id)
            decided = self._settlement.decide(lease, delivery, observed)
            verification = Verification()
            if decided.passes_on and isinstance(observed, ObservedPayment):
                verification = self._pass_on(lease, self._endings.reread(delivery), observed)
            return self._ended(lease, delivery, decided, verification)
        finally:
            self._leases.give_back(lease)
            self._changes.announce(cart)

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

    def _pass_on(self, lease: Lease, delivery: Delivery, observed: ObservedPayment) -> Verification:
        """Let the shop's module work on it, once more if its result does not verify and the lease lasts for that."""
        verification = self._pass_on_once(lease, delivery, observed)
        time_left = lease.expires_at - self._clock.now()
        if verification.mismatches and time_left.total_seconds() > self._limits.shop_timeout:
            verification = self._pass_on_once(lease, delivery, observed)
        return verification

    def _pass_on_once(self, lease: Lease, delivery: Delivery, observed: ObservedPayment) -> Verification:
        """What the shop answers is not believed, either way: its order, where one was to be made, is looked at."""
        refusal = self._deliver(lease, delivery, observed)
        verification = self._verifier.verify(lease, delivery, hopes=refusal is not None)
        if refusal is not None and verification.took is None:
            raise refusal
        return verification

    def _deliver(self, lease: Lease, delivery: Delivery, observed: ObservedPayment) -> ShopDown | None:
        """Call the shop; what stands against taking its answer for success.

        Raises `ShopDown` when there is no answer: the shop may still be at work.
        """
        if observed.webhook_url is None:
            log.warning("webhook.no_url", **ids_of(lease, delivery))
            return None
        if self._clock.now() >= lease.expires_at:
            raise LeaseLost("the lease ended before the shop was called")
        answer = self._shop_webhook.deliver(
            lease.cart,
            delivery.transaction_id,
            observed.webhook_url,
            timeout=self._limits.shop_timeout,
            until=lease.expires_at,
        )
        log.info("webhook.passed_on", status=answer.status, **ids_of(lease, delivery))
        if 200 <= answer.status < 300 or answer.status in WORKED_BEFORE:
            return None
        return ShopDown(f"the shop answered {answer.status}")
