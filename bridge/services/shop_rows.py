"""Keeping the shop's payment rows true where its module is not to hear of a payment."""

from __future__ import annotations

import structlog

from bridge.domain.errors import BridgeError
from bridge.domain.observed import ENDED, ObservedPayment, PaymentStatus
from bridge.ports.ledger import Ledger

log = structlog.get_logger()

SURPLUS = "surplus payment: the cart was paid already"
RETURNED = "given back; the cart is not paid with it"
STALE = "another payment settled the cart"


class ShopRows:
    """Writes Mollie's word into the module's row of a payment that was not passed on."""

    def __init__(self, *, ledger: Ledger) -> None:
        self._ledger = ledger

    def show_surplus(self, observed: ObservedPayment) -> None:
        """The row of a surplus payment says that money came in, or that it is all back."""
        if observed.status is PaymentStatus.AUTHORIZED:
            self._correct(observed.transaction_id, "authorized", SURPLUS)
        elif observed.money_in:
            self._correct(observed.transaction_id, "paid", SURPLUS)
        elif observed.status is PaymentStatus.PAID:
            self.show_returned(observed.transaction_id)

    def show_returned(self, transaction_id: str) -> None:
        """The row of a payment whose money is all back and that settles nothing."""
        self._correct(transaction_id, "refunded", RETURNED)

    def show_ended(self, observed: ObservedPayment) -> None:
        """The row of a payment that ended beside the one that settled the cart."""
        if observed.status in ENDED:
            self._correct(observed.transaction_id, observed.status.value, STALE)

    def _correct(self, transaction_id: str, bank_status: str, reason: str) -> None:
        """Nothing depends on it but what people see: when it can not be written, that is no reason to stop."""
        try:
            row = self._ledger.shop.find_payment(transaction_id)
            if row is None or row.bank_status == bank_status:
                return
            self._ledger.shop.correct_payment(transaction_id, bank_status=bank_status, reason=reason)
        except BridgeError as error:
            log.error("shop.row_not_corrected", transaction_id=transaction_id, error=str(error))
            return
        log.info("shop.row_corrected", transaction_id=transaction_id, bank_status=bank_status)
