"""Passing a delivery on to the shop's own webhook, and looking at what came of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from bridge.domain.cart import CartRef
from bridge.domain.errors import LeaseLost, ShopDown, ShopSilent
from bridge.domain.observed import ObservedPayment
from bridge.domain.records import Delivery
from bridge.ports.clock import Clock
from bridge.ports.shop import ShopWebhook
from bridge.services.leases import Lease
from bridge.services.settings import WebhookLimits
from bridge.services.verification import Verification, Verifier

log = structlog.get_logger()

WORKED_BEFORE = frozenset({405})
"""What the module answers when the cart has its order already: its work is verified like any other."""


GAVE_UP = frozenset({504, 524})
"""What a proxy answers that would not wait any longer: the script behind it goes on."""


class PassingOn:
    """Calls the shop; what it answers is not believed, either way: its order, where one is to be, is looked at."""

    def __init__(self, *, shop_webhook: ShopWebhook, verifier: Verifier, clock: Clock, limits: WebhookLimits) -> None:
        self._shop_webhook = shop_webhook
        self._verifier = verifier
        self._clock = clock
        self._limits = limits

    def under(self, lease: Lease, delivery: Delivery, observed: ObservedPayment) -> Verification:
        """Let the shop's module work on it, once more if its result does not verify and the lease lasts for that.

        Raises `ShopDown` when the shop did not do it, `ShopSilent` when it may still be at it, and `LeaseLost`.
        """
        verification = self._once(lease, delivery, observed)
        time_left = lease.expires_at - self._clock.now()
        if verification.mismatches and time_left.total_seconds() > self._limits.shop_timeout:
            verification = self._once(lease, delivery, observed)
        return verification

    def unguarded(self, cart: CartRef, delivery: Delivery, observed: ObservedPayment) -> None:
        """Let the shop's module work on it without a lease, as it would without the bridge. Raises `ShopDown`."""
        until = self._clock.now() + timedelta(seconds=self._limits.shop_timeout)
        refusal = self._deliver(cart, delivery, observed, until)
        if refusal is not None:
            raise refusal

    def _once(self, lease: Lease, delivery: Delivery, observed: ObservedPayment) -> Verification:
        if self._clock.now() >= lease.expires_at:
            raise LeaseLost("the lease ended before the shop was called")
        refusal = self._deliver(lease.cart, delivery, observed, lease.expires_at)
        verification = self._verifier.verify(lease, delivery, hopes=refusal is not None)
        if refusal is not None and verification.took is None:
            raise refusal
        return verification

    def _deliver(
        self, cart: CartRef, delivery: Delivery, observed: ObservedPayment, until: datetime
    ) -> ShopDown | None:
        """Call the shop; what stands against taking its answer for success.

        Raises `ShopDown` when there is no answer, `ShopSilent` when an order may still be made.
        """
        ids = {"cart_id": cart.cart_id, "transaction_id": delivery.transaction_id, "delivery_id": delivery.id}
        if observed.webhook_url is None:
            log.warning("webhook.no_url", **ids)
            return None
        try:
            answer = self._shop_webhook.deliver(
                cart, delivery.transaction_id, observed.webhook_url, timeout=self._limits.shop_timeout, until=until
            )
        except ShopSilent as error:
            raise _no_answer(observed, str(error)) from error
        log.info("webhook.passed_on", status=answer.status, **ids)
        if 200 <= answer.status < 300 or answer.status in WORKED_BEFORE:
            return None
        text = f"the shop answered {answer.status}"
        return _no_answer(observed, text) if answer.status in GAVE_UP else ShopDown(text)


def _no_answer(observed: ObservedPayment, text: str) -> ShopDown:
    """Without money that is in there is no order that a script could make behind our back."""
    return ShopSilent(text) if observed.money_in else ShopDown(text)
