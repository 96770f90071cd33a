"""What is answered about carts."""

from __future__ import annotations

from bridge.web import examples
from bridge.web.answers import Answer, Moment, PaymentData
from bridge.web.schemas import with_openapi


class CanPayData(Answer):
    """`payment`: what stands in the way, when a payment is not allowed."""

    allowed: bool
    payment: PaymentData | None


class CanPayReply(Answer):
    """Whether a payment may be made."""

    model_config = with_openapi(example=examples.MAY_PAY)

    data: CanPayData
    message: str


class ExpireData(Answer):
    """The ids of the payments that ended."""

    ended: tuple[str, ...]


class ExpireReply(Answer):
    """What was closed."""

    model_config = with_openapi(example=examples.EXPIRED)

    data: ExpireData
    message: str


class SettleData(Answer):
    """Whether the cart has its order now."""

    has_order: bool


class SettleReply(Answer):
    """How the cart stands for the shopper who is back."""

    model_config = with_openapi(example=examples.SETTLED)

    data: SettleData
    message: str


class AuditRow(Answer):
    """One decision or event."""

    at: Moment
    event: str
    payment_id: str | None
    transaction_id: str | None
    detail: dict[str, str | int | bool | None]


class AuditData(Answer):
    """Entries, oldest first."""

    entries: tuple[AuditRow, ...]


class AuditReply(Answer):
    """The audit trail of a cart."""

    model_config = with_openapi(example=examples.AUDIT)

    data: AuditData
    message: str
