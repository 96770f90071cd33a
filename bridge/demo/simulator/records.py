"""What Mollie remembers: payments, refunds, orders. Records are immutable; a change makes a new one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from bridge.demo.simulator.amounts import Amount


class PaymentStatus(StrEnum):
    """A payment's status; refunds and chargebacks do not change it."""

    OPEN = "open"
    PENDING = "pending"
    AUTHORIZED = "authorized"
    PAID = "paid"
    CANCELED = "canceled"
    EXPIRED = "expired"
    FAILED = "failed"


class RefundStatus(StrEnum):
    """How far a refund has come: queued -> pending -> refunded, or canceled while queued, or failed."""

    QUEUED = "queued"
    PENDING = "pending"
    REFUNDED = "refunded"
    CANCELED = "canceled"
    FAILED = "failed"


class OrderStatus(StrEnum):
    """The status of an `ord_...`; a failed or canceled payment leaves its order `created`."""

    CREATED = "created"
    AUTHORIZED = "authorized"
    PAID = "paid"
    CANCELED = "canceled"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One `tr_...`. `method` is None until chosen; `history` holds when each status was reached."""

    id: str
    mode: str
    created_at: datetime
    expires_at: datetime
    amount: Amount
    description: str
    method: str | None
    redirect_url: str | None
    cancel_url: str | None
    webhook_url: str | None
    locale: str | None
    sequence_type: str
    metadata: Any
    cancelable: bool
    order_id: str | None = None
    status: PaymentStatus = PaymentStatus.OPEN
    history: tuple[tuple[PaymentStatus, datetime], ...] = ()
    refunded: int = 0
    charged_back: int = 0

    @property
    def payable(self) -> bool:
        """Whether its checkout page still takes money."""
        return self.status is PaymentStatus.OPEN

    def reached(self, status: PaymentStatus) -> datetime | None:
        """When it last reached `status`, or None."""
        return next((at for seen, at in reversed(self.history) if seen is status), None)

    def moved(self, status: PaymentStatus, at: datetime) -> Self:
        """The same payment in `status`, from `at` on."""
        return replace(self, status=status, history=(*self.history, (status, at)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """One `re_...` of a payment."""

    id: str
    payment_id: str
    amount: Amount
    description: str
    metadata: Any
    created_at: datetime
    status: RefundStatus = RefundStatus.QUEUED

    @property
    def counts(self) -> bool:
        """Whether its amount is taken from the payment."""
        return self.status not in (RefundStatus.CANCELED, RefundStatus.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chargeback:
    """One `chb_...` of a payment."""

    id: str
    payment_id: str
    amount: Amount
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One `ord_...` of the Orders API, with the body it was made from and the ids of its payments, oldest first."""

    id: str
    mode: str
    created_at: datetime
    expires_at: datetime
    amount: Amount
    body: dict[str, Any]
    payment_ids: tuple[str, ...] = ()
    status: OrderStatus = OrderStatus.CREATED
    status_at: datetime | None = None

    def moved(self, status: OrderStatus, at: datetime) -> Self:
        """The same order in `status`, from `at` on."""
        return replace(self, status=status, status_at=at)

    def with_payment(self, payment_id: str) -> Self:
        """The same order with another payment."""
        return replace(self, payment_ids=(*self.payment_ids, payment_id))
