"""What Mollie says of a payment, reduced to what decisions need."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from bridge.domain.attempt import AttemptState
from bridge.domain.money import Money


class PaymentStatus(StrEnum):
    """Mollie's payment statuses. Refunds and chargebacks do not change them."""

    OPEN = "open"
    PENDING = "pending"
    AUTHORIZED = "authorized"
    PAID = "paid"
    CANCELED = "canceled"
    EXPIRED = "expired"
    FAILED = "failed"


ENDED = frozenset({PaymentStatus.CANCELED, PaymentStatus.EXPIRED, PaymentStatus.FAILED})
"""Statuses of payments that brought no money, or let go of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedPayment:
    """A payment (`tr_`) or order (`ord_`) at Mollie as it was a moment ago.

    `cart_id` and `attempt_id` come from its metadata; `checkout_url` is there only while it can be paid. `word` is the
    status as Mollie words it where that tells more than `status` (an order is `completed` after it was `paid`).
    `captured_minor` is what was taken of money that was reserved, where Mollie says so.
    `order_id` is the order (`ord_`) that a payment (`tr_`) of the Orders API belongs to, where payments are listed.
    """

    transaction_id: str
    status: PaymentStatus
    money: Money
    refunded_minor: int = 0
    charged_back_minor: int = 0
    captured_minor: int | None = None
    cart_id: int | None = None
    attempt_id: str | None = None
    method: str | None = None
    checkout_url: str | None = None
    is_cancelable: bool = False
    created_at: datetime | None = None
    expires_at: datetime | None = None
    webhook_url: str | None = None
    word: str | None = None
    order_id: str | None = None

    @property
    def money_in(self) -> bool:
        """Whether the shopper's money is taken or reserved, and not all of it given back."""
        if self.status is PaymentStatus.AUTHORIZED:
            return True
        return self.status is PaymentStatus.PAID and self.refundable_minor > 0

    @property
    def is_captured_in_part(self) -> bool:
        """Whether a part of the reserved money was taken, and the rest let go of."""
        return self.status is PaymentStatus.PAID and 0 < (self.captured_minor or 0) < self.money.minor

    @property
    def taken_minor(self) -> int:
        """What was taken of the shopper, or reserved, in minor units."""
        return (self.captured_minor or 0) if self.is_captured_in_part else self.money.minor

    @property
    def refundable_minor(self) -> int:
        """What can still be given back, in minor units.

        What was taken less refunds and chargebacks; Mollie's own `amountRemaining` may exceed what was paid.
        """
        return max(0, self.taken_minor - self.refunded_minor - self.charged_back_minor)

    @property
    def is_live(self) -> bool:
        """Whether it may still be paid."""
        return self.status in (PaymentStatus.OPEN, PaymentStatus.PENDING)

    @property
    def state(self) -> AttemptState:
        """The attempt state that this status speaks for, the cart left aside."""
        match self.status:
            case PaymentStatus.OPEN:
                return AttemptState.OPEN
            case PaymentStatus.PENDING:
                return AttemptState.PENDING
            case PaymentStatus.AUTHORIZED:
                return AttemptState.AUTHORIZED
            case PaymentStatus.PAID:
                return AttemptState.PAID if self.refundable_minor else AttemptState.REFUNDED
            case PaymentStatus.CANCELED:
                return AttemptState.CANCELED
            case PaymentStatus.EXPIRED:
                return AttemptState.EXPIRED
            case PaymentStatus.FAILED:
                return AttemptState.FAILED
            case _:
                assert_never(self.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class StrangePayment:
    """A payment in Mollie's list whose status, `word`, this version does not know: nothing is decided about it.

    One of the Orders API goes by its order's id.
    """

    transaction_id: str
    word: str
    money: Money
    cart_id: int | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """Mollie knows no such payment (404): of another account or mode, or never made."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Mollie was asked and did not answer in time."""


Observation = ObservedPayment | Gone | Unanswered
"""All that asking Mollie can bring."""
