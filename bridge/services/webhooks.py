"""Webhooks, both ways: worked on here and passed to the shop (routed), or claimed by the shop's shim (delegated).

A delivery is stored before anything else. What is answered with success is done or needs nothing; all else is tried
again, by Mollie and by the inbox.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import structlog

from bridge.domain.cart import CartRef
from bridge.domain.errors import BridgeError, LeaseHeld, LeaseLost, MollieUnauthorized, ShopDown
from bridge.domain.observed import Gone, ObservedPayment
from bridge.domain.records import Delivery, DeliveryState
from bridge.domain.settlement import PASSED_ON, SettlementDecision, Unknown, Unmatched
from bridge.ports.clock import Clock
from bridge.ports.ledger import Ledger
from bridge.ports.mollie import MollieAccounts
from bridge.ports.shop import ShopWebhook
from bridge.services.backoff import next_try
from bridge.services.changes import Changes
from bridge.services.deliveries import ids_of, new_delivery
from bridge.services.leases import Lease, Leases
from bridge.services.settings import WebhookLimits
from bridge.services.settlement import Settlement
from bridge.services.verification import Verification, Verifier

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What the shim is to do: let its module work under `lease`, or answer 200 itself (no lease)."""

    decision: SettlementDecision
    cart: CartRef | None
    lease: Lease | None


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
    """Takes deliveries in and works on them."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        leases: Leases,
        accounts: MollieAccounts,
        shop_webhook: ShopWebhook,
        settlement: Settlement,
        verifier: Verifier,
        changes: Changes,
        clock: Clock,
        limits: WebhookLimits,
    ) -> None:
        self._ledger = ledger
        self._leases = leases
        self._accounts = accounts
        self._shop_webhook = shop_webhook
        self._settlement = settlement
        self._verifier = verifier
        self._changes = changes
        self._clock = clock
        self._limits = limits

    # --- routed ---------------------------------------------------------------------------------------------------

    def store(self, transaction_id: str, *, source: str, query: str | None = None) -> Delivery:
        """Store a delivery, already taken for working on it: a worker that dies leaves it due again."""
        now = self._clock.now()
        delivery = new_delivery(transaction_id, source=source, now=now, query=query)
        taken = replace(delivery, state=DeliveryState.WORKING, next_try_at=now + self._limits.working)
        self._ledger.save_delivery(taken)
        return taken

    def work_due(self, delivery_id: str) -> Worked | None:
        """Take a due delivery and work on it; None when somebody else has it."""
        now = self._clock.now()
        delivery = self._ledger.claim_delivery(delivery_id, now, now + self._limits.working)
        return self.work(delivery) if delivery is not None else None

    def work(self, delivery: Delivery) -> Worked:
        """Work on a delivery that is taken: lease, ask, decide, pass on, verify. Failures leave it due again."""
        try:
            return self._work(delivery)
        except (BridgeError, OSError) as error:
            return self._put_back(delivery, error)

    def _work(self, delivery: Delivery) -> Worked:
        cart = self._find_cart(delivery)
        if not isinstance(cart, CartRef):
            return self._close(delivery, cart)
        lease = self._take(cart, delivery, timeout=self._limits.lease_wait, keep=True)
        try:
            decision, observed = self._decide(lease, delivery)
            if not isinstance(decision, PASSED_ON):
                return self._close(delivery, decision)
            verification = self._pass_on(lease, delivery, observed)
            if verification.mismatches:
                error = ShopDown(f"the shop's result does not verify: {'; '.join(verification.mismatches)}")
                worked = self._put_back(delivery, error)
                return replace(worked, decision=decision, mismatches=verification.mismatches)
            return replace(self._close(delivery, decision), closed_order=verification.took is not None)
        finally:
            self._leases.give_back(lease)
            self._changes.announce(cart)

    def _decide(self, lease: Lease, delivery: Delivery) -> tuple[SettlementDecision, ObservedPayment | Gone]:
        observed = self._accounts.of(lease.cart.shop_id).find_payment(delivery.transaction_id) or Gone()
        return self._settlement.decide(lease, delivery, observed), observed

    def _pass_on(self, lease: Lease, delivery: Delivery, observed: ObservedPayment | Gone) -> Verification:
        """Let the shop's module work on it, once more if its result does not verify and the lease lasts for that."""
        delivery = self._reread(delivery)
        self._deliver(lease, delivery, observed)
        verification = self._verifier.verify(lease, delivery)
        time_left = lease.expires_at - self._clock.now()
        if verification.mismatches and time_left.total_seconds() > self._limits.shop_timeout:
            self._deliver(lease, delivery, observed)
            verification = self._verifier.verify(lease, delivery)
        return verification

    def _deliver(self, lease: Lease, delivery: Delivery, observed: ObservedPayment | Gone) -> None:
        url = observed.webhook_url if isinstance(observed, ObservedPayment) else None
        if url is None:
            log.warning("webhook.no_url", **ids_of(lease, delivery))
            return
        if self._clock.now() >= lease.expires_at:
            raise LeaseLost("the lease ended before the shop was called")
        answer = self._shop_webhook.deliver(
            lease.cart,
            delivery.transaction_id,
            url,
            timeout=self._limits.shop_timeout,
            until=lease.expires_at,
        )
        log.info("webhook.passed_on", status=answer.status, **ids_of(lease, delivery))
        if not 200 <= answer.status < 300:
            raise ShopDown(f"the shop answered {answer.status}")

    # --- delegated ------------------------------------------------------------------------------------------------

    def claim(self, transaction_id: str) -> Claim:
        """Decide about a webhook that reached the shop. Raises `LeaseHeld` while somebody else works on the cart."""
        now = self._clock.now()
        delivery = replace(
            new_delivery(transaction_id, source="shim", now=now), next_try_at=now + self._limits.delegated_rest
        )
        self._ledger.save_delivery(delivery)
        cart = self._find_cart(delivery)
        if not isinstance(cart, CartRef):
            self._close(delivery, cart)
            return Claim(decision=cart, cart=None, lease=None)
        lease = self._take(cart, delivery, timeout=self._limits.claim_wait, keep=False)
        try:
            decision, _ = self._decide(lease, delivery)
        except BaseException:
            self._leases.give_back(lease)
            raise
        if isinstance(decision, PASSED_ON):
            return Claim(decision=decision, cart=cart, lease=lease)
        self._close(delivery, decision)
        self._leases.give_back(lease)
        self._changes.announce(cart)
        return Claim(decision=decision, cart=cart, lease=None)

    def complete(self, token: str, *, succeeded: bool, status: int | None) -> tuple[str, ...]:
        """End a claim: verify what the module did. Returns what does not fit; raises `LeaseLost`.

        A lease that was not taken for a webhook just ends.
        """
        lease = self._leases.find(token)
        delivery = self._find_delivery_of(lease)
        try:
            if delivery is None:
                return ()
            mismatches = self._verifier.verify(lease, delivery).mismatches
            if succeeded and not mismatches:
                self._close(delivery, None)
            else:
                self._put_back(delivery, ShopDown("; ".join(mismatches) or f"the module answered {status}"))
            return mismatches
        finally:
            self._leases.give_back(lease)
            self._changes.announce(lease.cart)

    def _find_delivery_of(self, lease: Lease) -> Delivery | None:
        """The delivery that the lease was taken for; None when it was taken for something else."""
        state = self._ledger.find_leased(lease.token)
        purpose = state.lease.purpose if state and state.lease else ""
        return self._ledger.find_delivery(purpose.removeprefix("webhook:")) if purpose.startswith("webhook:") else None

    # --- both -----------------------------------------------------------------------------------------------------

    def _take(self, cart: CartRef, delivery: Delivery, *, timeout: float, keep: bool) -> Lease:
        lease = self._leases.take(cart, purpose=f"webhook:{delivery.id}", timeout=timeout, keep=keep)
        if lease is None:
            raise LeaseHeld(f"{cart} is being worked on")
        return lease

    def _find_cart(self, delivery: Delivery) -> CartRef | Unknown | Unmatched:
        """The cart: from the database first, from Mollie's metadata when the database does not know the payment."""
        attempt = self._ledger.find_attempt_by_transaction(delivery.transaction_id)
        if attempt is not None:
            return attempt.cart
        found = self._ledger.shop.find_cart_of(delivery.transaction_id)
        if found is not None:
            return found
        observed = self._find_at_mollie(delivery.transaction_id)
        if observed is None:
            return Unknown()
        cart = self._ledger.shop.find_cart(observed.cart_id) if observed.cart_id is not None else None
        return cart or Unmatched()

    def _find_at_mollie(self, transaction_id: str) -> ObservedPayment | None:
        """The payment, by the key of whichever shop of a multishop knows it."""
        unasked: MollieUnauthorized | None = None
        for shop_id in self._ledger.shop.shop_ids():
            try:
                observed = self._accounts.of(shop_id).find_payment(transaction_id)
            except MollieUnauthorized as error:
                unasked = error
                continue
            if observed is not None:
                return observed
        if unasked is not None:
            # It may be a payment of the account that could not be asked: not unknown, only not yet known.
            raise unasked
        return None

    def _close(self, delivery: Delivery, decision: SettlementDecision | None) -> Worked:
        """Nothing is left to do. A delivery without a cart is kept with that decision, for the reports."""
        delivery = self._reread(delivery)
        closed = replace(
            delivery,
            state=DeliveryState.DONE,
            decision=type(decision).__name__ if decision else delivery.decision,
            updated_at=self._clock.now(),
            next_try_at=None,
            last_error=None,
        )
        self._ledger.save_delivery(closed)
        return Worked(delivery=closed, decision=decision)

    def _put_back(self, delivery: Delivery, error: Exception) -> Worked:
        """Leave it to the inbox, with its reason; after too many tries it is dead and needs a person."""
        delivery = self._reread(delivery)
        put_back = next_try(delivery, error, self._clock.now(), self._limits)
        self._ledger.save_delivery(put_back)
        log.warning(
            "webhook.not_done",
            transaction_id=delivery.transaction_id,
            delivery_id=delivery.id,
            state=put_back.state.value,
            error=put_back.last_error,
        )
        return Worked(delivery=put_back, decision=None)

    def _reread(self, delivery: Delivery) -> Delivery:
        return self._ledger.find_delivery(delivery.id) or delivery
