"""Delegated webhooks: claimed by the shop's shim before its module works, and completed afterwards."""

from __future__ import annotations

from dataclasses import dataclass, replace

import structlog

from bridge.domain.cart import CartRef
from bridge.domain.errors import BridgeError, LeaseHeld, MollieTimeout, ShopDown
from bridge.domain.records import Delivery
from bridge.domain.settlement import SettlementDecision, Update
from bridge.ports.clock import Clock
from bridge.services.backoff import reason_of
from bridge.services.changes import Changes
from bridge.services.endings import Endings
from bridge.services.intake import Intake
from bridge.services.leases import Lease, Leases
from bridge.services.matching import Matching
from bridge.services.observing import Observing
from bridge.services.settings import WebhookLimits
from bridge.services.settlement import Settlement
from bridge.services.verification import Verifier

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What the shim is to do: let its module work (`process`), under `lease` where there is one, or answer 200 itself.

    There is no lease to complete for a cart that is not guarded.
    """

    decision: SettlementDecision
    cart: CartRef | None
    process: bool = False
    lease: Lease | None = None


class Claims:
    """Gives a webhook's cart to the shim, and takes it back."""

    def __init__(
        self,
        *,
        leases: Leases,
        matching: Matching,
        settlement: Settlement,
        observing: Observing,
        verifier: Verifier,
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
        self._verifier = verifier
        self._intake = intake
        self._endings = endings
        self._changes = changes
        self._clock = clock
        self._limits = limits

    def claim(self, transaction_id: str) -> Claim:
        """Decide about a webhook that reached the shop, within `claim_within` seconds.

        Raises `LeaseHeld` while somebody else works on the cart, `TooManyUnknown`, and what asking Mollie raises. The
        delivery is stored in any case, and the inbox goes on with what the shim does not complete. Where no cart is
        guarded nothing is raised: the module works, whatever the bridge can not find out.
        """
        until = self._clock.monotonic() + self._limits.claim_within
        try:
            self._intake.check(transaction_id)
            return self._taken(transaction_id, until)
        except BridgeError as error:
            if not self._observing.watches_all:
                raise
            return self._let_through(transaction_id, None, error)

    def _taken(self, transaction_id: str, until: float) -> Claim:
        delivery = self._intake.take(transaction_id, source="shim", rest=self._limits.delegated_rest)
        try:
            return self._claim(delivery, until)
        except Exception as error:
            if self._observing.watches_all:
                # The module works on it now; the inbox is not to have it called again.
                self._endings.close(delivery, None)
            else:
                self._endings.put_back(delivery, error)
            raise

    def _claim(self, delivery: Delivery, until: float) -> Claim:
        cart = self._matching.find_cart(delivery, timeout=self._left(until))
        if not isinstance(cart, CartRef):
            self._endings.close(delivery, cart)
            return Claim(decision=cart, cart=None, process=self._observing.watches_all)
        if self._observing.only_watches(cart):
            return self._watch(cart, replace(delivery, cart=cart), until)
        wait = min(self._limits.claim_wait, self._left(until))
        lease = self._leases.take(cart, purpose=f"webhook:{delivery.id}", timeout=wait, keep=False)
        if lease is None:
            raise LeaseHeld(f"{cart} is being worked on")
        passes_on = False
        try:
            observed = self._matching.hear(cart, delivery, timeout=self._left(until))
            decided = self._settlement.decide(lease, delivery, observed)
            passes_on = decided.passes_on
            if not passes_on:
                self._endings.close(delivery, decided.decision)
        finally:
            if not passes_on:
                self._leases.give_back(lease)
                self._changes.announce(cart)
        return Claim(decision=decided.decision, cart=cart, process=passes_on, lease=lease if passes_on else None)

    def _watch(self, cart: CartRef, delivery: Delivery, until: float) -> Claim:
        """The cart is not guarded: the module works on it as it would without the bridge, also while Mollie is away."""
        try:
            observed = self._matching.observe(cart, delivery.transaction_id, timeout=self._left(until))
            decision = self._observing.webhook(cart, delivery, observed)
        except BridgeError as error:
            self._endings.close(delivery, None)
            return self._let_through(delivery.transaction_id, cart, error)
        self._endings.close(delivery, decision)
        return Claim(decision=decision, cart=cart, process=True)

    def _let_through(self, transaction_id: str, cart: CartRef | None, error: BridgeError) -> Claim:
        log.warning(
            "settlement.not_observed",
            transaction_id=transaction_id,
            cart_id=cart.cart_id if cart else None,
            error=reason_of(error),
        )
        return Claim(decision=Update(), cart=cart, process=True)

    def _left(self, until: float) -> float:
        """Seconds left for the claim. The shim does not wait longer, and would not know of a lease given later."""
        left = until - self._clock.monotonic()
        if left <= 0:
            raise MollieTimeout("the claim took too long; the webhook will be worked on")
        return left

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
                self._endings.close(delivery, None)
            else:
                self._endings.put_back(delivery, ShopDown("; ".join(mismatches) or f"the module answered {status}"))
            return mismatches
        finally:
            self._leases.give_back(lease)
            self._changes.announce(lease.cart)

    def _find_delivery_of(self, lease: Lease) -> Delivery | None:
        """The delivery that the lease was taken for; None when it was taken for something else."""
        kind, _, delivery_id = lease.purpose.partition(":")
        return self._intake.find(delivery_id) if kind == "webhook" else None
