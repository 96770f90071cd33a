"""What is answered: one model for each shape. The documentation and the answers come from the same models."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Annotated, Literal

from flask import Response
from pydantic import BaseModel, ConfigDict, PlainSerializer

from bridge.services.answers import Action, PaymentAnswer
from bridge.services.refunds import RefundAnswer
from bridge.web import examples
from bridge.web.schemas import with_openapi


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(_written, return_type=str)]
"""A time in UTC, such as `2026-03-01T12:00:00Z`."""


class Answer(BaseModel):
    """Part of an answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PaymentData(Answer):
    """A payment. `type`: whether this request made it. `retry_after` is in seconds, there with `retry_later`."""

    type: Literal["new", "existing"]
    payment_id: str | None
    transaction_id: str | None
    status: str | None
    action: Action
    checkout_url: str | None
    has_order: bool
    order_id: int | None
    order_reference: str | None
    invoice_number: int | None
    retry_after: int | None


class ConfirmData(PaymentData):
    """A confirmed payment; `mismatches` says what in the shop's order does not fit the payment."""

    mismatches: tuple[str, ...]


class PaymentReply(Answer):
    """A payment, and a sentence for people."""

    model_config = with_openapi(example=examples.OPEN)

    data: PaymentData
    message: str


class NewPaymentReply(PaymentReply):
    """The payment may be made (`create`), or the bridge made it (`resume`)."""

    model_config = with_openapi(
        examples={
            "shop_creates": {"summary": "The shop may create the payment now", "value": examples.NEW},
            "bridge_created": {"summary": "The bridge created the payment", "value": examples.CREATED},
        }
    )


class ExistingPaymentReply(PaymentReply):
    """Something stands in the way; `action` says what to do."""

    model_config = with_openapi(
        examples={
            "resume": {"summary": "Send the shopper back to the open page", "value": examples.OPEN},
            "retry_later": {"summary": "Another request is creating it", "value": examples.CREATING},
            "show_order": {"summary": "The cart has become an order", "value": examples.ORDERED},
        }
    )


class ReleasedReply(PaymentReply):
    """The cart is free again."""

    model_config = with_openapi(example=examples.RELEASED)


class ConfirmReply(Answer):
    """This request confirmed the payment."""

    model_config = with_openapi(example=examples.CONFIRMED)

    data: ConfirmData
    message: str


class NotConfirmedReply(ConfirmReply):
    """Confirmed before, or not paid."""

    model_config = with_openapi(example=examples.CONFIRMED_ALREADY)


class RefundData(Answer):
    """Money on its way back."""

    type: Literal["new", "existing"]
    refund_id: str
    payment_id: str
    transaction_id: str
    amount: str
    currency: str
    reason: str
    status: str
    mollie_refund_id: str | None


class RefundReply(Answer):
    """This request made the refund."""

    model_config = with_openapi(example=examples.REFUNDED)

    data: RefundData
    message: str


class ExistingRefundReply(RefundReply):
    """The refund of this idempotency key, made before."""

    model_config = with_openapi(example=examples.REFUNDED_ALREADY)


def reply(body: BaseModel, status: int = 200, *, retry_after: int | None = None) -> Response:
    """The body as JSON."""
    response = Response(body.model_dump_json(), status, mimetype="application/json")
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def payment_data(answer: PaymentAnswer) -> PaymentData:
    """The payment's shape."""
    return PaymentData(
        type="new" if answer.is_new else "existing",
        payment_id=answer.payment_id,
        transaction_id=answer.transaction_id,
        status=answer.status,
        action=answer.action,
        checkout_url=answer.checkout_url,
        has_order=answer.has_order,
        order_id=answer.order_id,
        order_reference=answer.order_reference,
        invoice_number=answer.invoice_number,
        retry_after=None if answer.retry_after is None else max(1, math.ceil(answer.retry_after)),
    )


def payment_reply(answer: PaymentAnswer, status: int = 200) -> Response:
    """The payment, with Retry-After where the caller is to come again."""
    data = payment_data(answer)
    return reply(PaymentReply(data=data, message=answer.message), status, retry_after=data.retry_after)


def confirm_reply(answer: PaymentAnswer, status: int) -> Response:
    """The payment with what does not fit."""
    data = ConfirmData(**dict(payment_data(answer)), mismatches=answer.mismatches)
    return reply(ConfirmReply(data=data, message=answer.message), status, retry_after=data.retry_after)


def refund_reply(answer: RefundAnswer) -> Response:
    """The refund: 201 when this request made it, else 409."""
    refund = answer.refund
    data = RefundData(
        type="new" if answer.is_new else "existing",
        refund_id=refund.id,
        payment_id=refund.attempt_id,
        transaction_id=refund.transaction_id,
        amount=refund.money.value,
        currency=refund.money.currency,
        reason=refund.reason,
        status=refund.state.value,
        mollie_refund_id=refund.mollie_refund_id,
    )
    message = "Refund sent" if answer.is_new else "Refund made already"
    return reply(RefundReply(data=data, message=message), 201 if answer.is_new else 409)
