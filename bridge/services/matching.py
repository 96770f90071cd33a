"""Which cart a payment belongs to, and how it stands at Mollie."""

from __future__ import annotations

from bridge.domain.cart import CartRef
from bridge.domain.errors import MollieUnauthorized
from bridge.domain.observed import Gone, ObservedPayment
from bridge.domain.records import OWN_QUESTIONS, Delivery
from bridge.domain.settlement import Unknown, Unmatched
from bridge.ports.ledger import Ledger
from bridge.ports.mollie import MollieAccounts


class Matching:
    """From the database first, from Mollie's metadata when the database does not know the payment."""

    def __init__(self, *, ledger: Ledger, accounts: MollieAccounts) -> None:
        self._ledger = ledger
        self._accounts = accounts

    def find_cart(self, delivery: Delivery, *, timeout: float | None = None) -> CartRef | Unknown | Unmatched:
        """The delivery's cart; `timeout` bounds what is asked of Mollie, in seconds."""
        attempt = self._ledger.find_attempt_by_transaction(delivery.transaction_id)
        if attempt is not None:
            return attempt.cart
        found = self._ledger.shop.find_cart_of(delivery.transaction_id)
        if found is not None:
            return found
        observed = self._find_at_mollie(delivery.transaction_id, timeout)
        if observed is None:
            return Unknown()
        cart = self._ledger.shop.find_cart(observed.cart_id) if observed.cart_id is not None else None
        return cart or Unmatched()

    def observe(self, cart: CartRef, transaction_id: str, *, timeout: float | None = None) -> ObservedPayment | Gone:
        """The payment at Mollie, by the key of its cart's shop. Raises Mollie's errors."""
        return self._accounts.of(cart.shop_id).find_payment(transaction_id, timeout=timeout) or Gone()

    def hear(self, cart: CartRef, delivery: Delivery, *, timeout: float | None = None) -> ObservedPayment | Gone:
        """As `observe`, for a delivery of a payment that the shop has made or the ledger has written down.

        Payments do not vanish at Mollie. Who is told that there is none asks with the key of another account or mode,
        perhaps for minutes only; so news of it is not done. Raises `MollieUnauthorized`. A question of the bridge's own
        is asked again anyhow.
        """
        observed = self.observe(cart, delivery.transaction_id, timeout=timeout)
        if isinstance(observed, Gone) and delivery.source not in OWN_QUESTIONS:
            raise MollieUnauthorized(
                "Mollie knows no such payment under this shop's key, and the shop has made it: "
                "is the key a test key, or another account's?"
            )
        return observed

    def _find_at_mollie(self, transaction_id: str, timeout: float | None) -> ObservedPayment | None:
        """The payment, by the key of whichever shop of a multishop knows it; None when every account says no.

        A shop without a key has no account and so no payment, but somebody must have been asked.
        """
        asked = False
        unasked: MollieUnauthorized | None = None
        for shop_id in self._ledger.shop.shop_ids():
            try:
                observed = self._accounts.of(shop_id).find_payment(transaction_id, timeout=timeout)
            except MollieUnauthorized as error:
                if error.has_key or unasked is None:
                    unasked = error
                continue
            asked = True
            if observed is not None:
                return observed
        if unasked is not None and (unasked.has_key or not asked):
            # It may be a payment of the account that could not be asked: not unknown, only not yet known.
            raise unasked
        return None
