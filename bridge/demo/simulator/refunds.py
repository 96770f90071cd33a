"""When Mollie gives money back, and when it refuses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from bridge.demo.simulator.amounts import Amount
from bridge.demo.simulator.errors import ApiError
from bridge.demo.simulator.records import Payment, PaymentStatus, Refund

# Mollie takes a second refund of the same amount on the same payment within this time for a mistake.
DUPLICATE_WINDOW = timedelta(hours=1)


def check_refund(payment: Payment, earlier: Iterable[Refund], amount: Amount, now: datetime, allowance: int) -> None:
    """Raise the ApiError with which Mollie refuses to refund `amount`, if it does.

    `allowance` is how many minor units above the payment's amount may go back (Mollie: up to 25.00 EUR).

    | case | answer |
    |---|---|
    | not paid | 422 |
    | other currency | 422 `amount.currency` |
    | zero | 422 `amount.value` |
    | same amount within the hour | 409 "duplicate refund" |
    | more than is left | 422 `amount.value` |
    """
    if payment.status is not PaymentStatus.PAID:
        raise ApiError(422, "The payment is not paid and can not be refunded")
    if amount.currency != payment.amount.currency:
        raise ApiError(422, "The refund must be in the currency of the payment", field="amount.currency")
    if amount.minor == 0:
        raise ApiError(422, "The amount is lower than the minimum", field="amount.value")
    for refund in earlier:
        if refund.counts and refund.amount == amount and now < refund.created_at + DUPLICATE_WINDOW:
            raise ApiError(409, "A duplicate refund has been detected")
    if payment.refunded >= payment.amount.minor + allowance:
        raise ApiError(422, "The payment has already been refunded", field="amount.value")
    if amount.minor > payment.amount.minor + allowance - payment.refunded:
        raise ApiError(422, "The amount is higher than what can still be refunded", field="amount.value")
