"""What is answered about the queues: deliveries and refunds."""

from __future__ import annotations

from bridge.domain.records import Delivery, Refund
from bridge.web import examples
from bridge.web.answers import Answer, Moment
from bridge.web.schemas import with_openapi


class DeliveryRow(Answer):
    """A delivery, and how far its work is."""

    delivery_id: str
    transaction_id: str
    shop_id: int | None
    cart_id: int | None
    source: str
    state: str
    decision: str | None
    tries: int
    received_at: Moment
    next_try_at: Moment | None
    last_error: str | None


class DeliveriesData(Answer):
    """Deliveries, oldest first."""

    deliveries: tuple[DeliveryRow, ...]


class DeliveriesReply(Answer):
    """Deliveries in a state, or those that will be worked on again."""

    model_config = with_openapi(example=examples.DELIVERIES)

    data: DeliveriesData
    message: str


class RefundRow(Answer):
    """A refund, and how far it is. `kind`: `release` lets go of what was only reserved."""

    refund_id: str
    payment_id: str
    transaction_id: str
    shop_id: int
    cart_id: int
    kind: str
    amount: str
    currency: str
    reason: str
    status: str
    tries: int
    created_at: Moment
    next_try_at: Moment | None
    last_error: str | None
    mollie_refund_id: str | None


class RefundsData(Answer):
    """Refunds, oldest first."""

    refunds: tuple[RefundRow, ...]


class RefundsReply(Answer):
    """Refunds in the asked states."""

    model_config = with_openapi(example=examples.REFUNDS)

    data: RefundsData
    message: str


class OneRefundReply(Answer):
    """A refund after an admin's word."""

    model_config = with_openapi(example=examples.APPROVED)

    data: RefundRow
    message: str


def delivery_row(delivery: Delivery) -> DeliveryRow:
    """The delivery's shape; never its query, which holds the shop's own token."""
    return DeliveryRow(
        delivery_id=delivery.id,
        transaction_id=delivery.transaction_id,
        shop_id=delivery.cart.shop_id if delivery.cart else None,
        cart_id=delivery.cart.cart_id if delivery.cart else None,
        source=delivery.source,
        state=delivery.state.value,
        decision=delivery.decision,
        tries=delivery.tries,
        received_at=delivery.received_at,
        next_try_at=delivery.next_try_at,
        last_error=delivery.last_error,
    )


def refund_row(refund: Refund) -> RefundRow:
    """The refund's shape."""
    return RefundRow(
        refund_id=refund.id,
        payment_id=refund.attempt_id,
        transaction_id=refund.transaction_id,
        shop_id=refund.cart.shop_id,
        cart_id=refund.cart.cart_id,
        kind=refund.kind.value,
        amount=refund.money.value,
        currency=refund.money.currency,
        reason=refund.reason,
        status=refund.state.value,
        tries=refund.tries,
        created_at=refund.created_at,
        next_try_at=refund.next_try_at,
        last_error=refund.last_error,
        mollie_refund_id=refund.mollie_refund_id,
    )
