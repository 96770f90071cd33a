"""Mollie, as far as the bridge talks to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bridge.domain.money import Money
from bridge.domain.observed import ObservedPayment, StrangePayment


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPayment:
    """What is sent to create a payment. The same under the same key, to the letter, however often it is sent."""

    money: Money
    description: str
    redirect_url: str
    webhook_url: str | None = None
    method: str | None = None
    locale: str | None = None
    metadata: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedRefund:
    """A refund at Mollie: `status` is queued, pending, processing, refunded, failed or canceled.

    `key` is the Idempotency-Key that it was made under, from its metadata: without one it is none of ours.
    """

    refund_id: str
    status: str
    money: Money
    key: str | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentPage:
    """Payments, newest first; `next_id` is the first one of the next page, None at the end.

    `strange` are those among them whose status is not known.
    """

    payments: tuple[ObservedPayment, ...]
    next_id: str | None
    strange: tuple[StrangePayment, ...] = ()


class Mollie(Protocol):
    """Mollie's API with the key of one shop.

    Every method raises `MollieUnauthorized`, `MollieRefused`, `MollieUnavailable` (not done, or a read that failed) or
    `MollieTimeout` (a write whose outcome is not known). `timeout` bounds the whole call in seconds.
    """

    def find_payment(self, transaction_id: str, *, timeout: float | None = None) -> ObservedPayment | None:
        """The payment (`tr_`) or order (`ord_`); None when Mollie knows no such one.

        A `tr_` that belongs to an order of the Orders API is answered as that order, as the module does.
        """
        ...

    def create_payment(self, payment: NewPayment, *, key: str) -> ObservedPayment:
        """Create a payment under an Idempotency-Key; the same key within the hour gives the same payment."""
        ...

    def cancel_payment(self, transaction_id: str, *, timeout: float | None = None) -> bool:
        """Cancel it; False when Mollie does not allow it (any more)."""
        ...

    def create_refund(self, transaction_id: str, money: Money, *, key: str, description: str) -> ObservedRefund:
        """Refund part or all of a payment under an Idempotency-Key.

        Raises `MollieDuplicateRefund` when Mollie saw the same refund within the hour under another key.
        """
        ...

    def refunds_of(self, transaction_id: str) -> tuple[ObservedRefund, ...]:
        """The refunds of a payment, as Mollie lists them."""
        ...

    def list_payments(self, *, begin: str | None = None, limit: int = 250) -> PaymentPage:
        """A page of all payments, newest first, from `begin` on; `limit` is 250 at most. There is no filter."""
        ...

    def release_authorization(self, transaction_id: str, *, key: str) -> None:
        """Give an authorised amount back without capturing it."""
        ...


class MollieAccounts(Protocol):
    """Mollie by shop: each shop of a multishop may have an account of its own."""

    def of(self, shop_id: int) -> Mollie:
        """The API with that shop's key. Raises `MollieUnauthorized` when the shop has none."""
        ...
