"""Records as Mollie's JSON; `base` is the server's own URL without a trailing slash, and every link begins with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bridge.demo.simulator.records import (
    Chargeback,
    Order,
    OrderStatus,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
)

PROFILE_ID = "pfl_simulated1"
HAL = "application/hal+json"

_MOMENTS = {
    PaymentStatus.AUTHORIZED: "authorizedAt",
    PaymentStatus.PAID: "paidAt",
    PaymentStatus.CANCELED: "canceledAt",
    PaymentStatus.EXPIRED: "expiredAt",
    PaymentStatus.FAILED: "failedAt",
}


def moment(at: datetime) -> str:
    """ISO 8601 in whole seconds, as Mollie writes it."""
    return at.isoformat(timespec="seconds")


def link(href: str, kind: str = HAL) -> dict[str, str]:
    """One entry of `_links`."""
    return {"href": href, "type": kind}


def render_payment(
    payment: Payment,
    base: str,
    *,
    refunds: Sequence[Refund] | None = None,
    chargebacks: Sequence[Chargeback] | None = None,
    allowance: int = 0,
) -> dict[str, Any]:
    """The payment object; `refunds` and `chargebacks` are embedded when given."""
    body: dict[str, Any] = {
        "resource": "payment",
        "id": payment.id,
        "mode": payment.mode,
        "createdAt": moment(payment.created_at),
        "amount": payment.amount.to_json(),
        "description": payment.description,
        "method": payment.method,
        "metadata": payment.metadata,
        "status": payment.status.value,
        "locale": payment.locale,
        "profileId": PROFILE_ID,
        "sequenceType": payment.sequence_type,
        "redirectUrl": payment.redirect_url,
        "cancelUrl": payment.cancel_url,
        "webhookUrl": payment.webhook_url,
        "details": _details(payment),
        "settlementAmount": None,
        "customerId": None,
        "mandateId": None,
        "orderId": payment.order_id,
    }
    body |= {name: moment(at) for status, name in _MOMENTS.items() if (at := payment.reached(status)) is not None}
    if payment.status in (PaymentStatus.OPEN, PaymentStatus.PENDING):
        body["expiresAt"] = moment(payment.expires_at)
        body["isCancelable"] = payment.payable and payment.cancelable
    if payment.status is PaymentStatus.PAID:
        body |= _money(payment, allowance)
    body["_links"] = _payment_links(payment, base)
    embedded: dict[str, Any] = {}
    if refunds is not None:
        embedded["refunds"] = [render_refund(each, base) for each in refunds]
    if chargebacks is not None:
        embedded["chargebacks"] = [render_chargeback(each, base) for each in chargebacks]
    if embedded:
        body["_embedded"] = embedded
    return body


def render_refund(refund: Refund, base: str) -> dict[str, Any]:
    """The refund object."""
    payment = f"{base}/v2/payments/{refund.payment_id}"
    return {
        "resource": "refund",
        "id": refund.id,
        "mode": "test",
        "amount": refund.amount.to_json(),
        "status": refund.status.value,
        "createdAt": moment(refund.created_at),
        "description": refund.description,
        "metadata": refund.metadata,
        "paymentId": refund.payment_id,
        "settlementAmount": {"currency": refund.amount.currency, "value": f"-{refund.amount.value}"}
        if refund.status is RefundStatus.REFUNDED
        else None,
        "_links": {"self": link(f"{payment}/refunds/{refund.id}"), "payment": link(payment)},
    }


def render_chargeback(chargeback: Chargeback, base: str) -> dict[str, Any]:
    """The chargeback object."""
    payment = f"{base}/v2/payments/{chargeback.payment_id}"
    return {
        "resource": "chargeback",
        "id": chargeback.id,
        "amount": chargeback.amount.to_json(),
        "settlementAmount": {"currency": chargeback.amount.currency, "value": f"-{chargeback.amount.value}"},
        "createdAt": moment(chargeback.created_at),
        "reversedAt": None,
        "paymentId": chargeback.payment_id,
        "_links": {"self": link(f"{payment}/chargebacks/{chargeback.id}"), "payment": link(payment)},
    }


def render_order(
    order: Order, payments: Sequence[Payment], base: str, *, embed: bool = False, allowance: int = 0
) -> dict[str, Any]:
    """The order object; its payments are embedded when asked for."""
    refunded = sum(each.refunded for each in payments)
    body: dict[str, Any] = {
        **order.body,
        "resource": "order",
        "id": order.id,
        "profileId": PROFILE_ID,
        "mode": order.mode,
        "method": payments[-1].method if payments else None,
        "amount": order.amount.to_json(),
        "amountCaptured": order.amount.to_json() if order.status is OrderStatus.PAID else None,
        "amountRefunded": order.amount.with_minor(refunded).to_json() if refunded else None,
        "status": order.status.value,
        "isCancelable": order.status in (OrderStatus.CREATED, OrderStatus.AUTHORIZED),
        "createdAt": moment(order.created_at),
        "expiresAt": moment(order.expires_at),
        "_links": {"self": link(f"{base}/v2/orders/{order.id}")},
    }
    body.pop("payment", None)
    if order.status_at is not None:
        body[f"{order.status.value}At"] = moment(order.status_at)
    payable = next((each for each in reversed(payments) if each.payable), None)
    if payable is not None and order.status is OrderStatus.CREATED:
        body["_links"]["checkout"] = link(f"{base}/checkout/{payable.id}", "text/html")
    if embed:
        body["_embedded"] = {"payments": [render_payment(each, base, allowance=allowance) for each in payments]}
    return body


def _money(payment: Payment, allowance: int) -> dict[str, Any]:
    amount = payment.amount
    left = max(0, amount.minor + allowance - payment.refunded - payment.charged_back)
    body = {
        "amountRefunded": amount.with_minor(payment.refunded).to_json(),
        "amountRemaining": amount.with_minor(left).to_json(),
    }
    if payment.charged_back:
        body["amountChargedBack"] = amount.with_minor(payment.charged_back).to_json()
    return body


def _details(payment: Payment) -> dict[str, str] | None:
    if payment.status is not PaymentStatus.PAID:
        return None
    if payment.method == "creditcard":
        return {"cardHolder": "T. TEST", "cardNumber": "6787", "cardLabel": "Mastercard", "cardSecurity": "normal"}
    return {"consumerName": "T. TEST", "consumerAccount": "NL53INGB0654422370", "consumerBic": "INGBNL2A"}


def _payment_links(payment: Payment, base: str) -> dict[str, Any]:
    own = f"{base}/v2/payments/{payment.id}"
    links = {"self": link(own), "dashboard": link(f"{base}/_sim/payments/{payment.id}", "text/html")}
    if payment.payable:
        links["checkout"] = link(f"{base}/checkout/{payment.id}", "text/html")
    if payment.refunded:
        links["refunds"] = link(f"{own}/refunds")
    if payment.charged_back:
        links["chargebacks"] = link(f"{own}/chargebacks")
    if payment.order_id:
        links["order"] = link(f"{base}/v2/orders/{payment.order_id}")
    return links
