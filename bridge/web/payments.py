"""`/v1/payments`: initiation, and what can be done with one payment."""

from __future__ import annotations

import re
from typing import Final

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from bridge.domain.cart import CartRef
from bridge.domain.errors import PaymentNotFound
from bridge.domain.money import Money
from bridge.ports.mollie import NewPayment
from bridge.services.container import Services
from bridge.services.refunds import RefundRequest
from bridge.services.reservation import InitiationRequest
from bridge.web import kinds
from bridge.web.answers import (
    ConfirmReply,
    ExistingPaymentReply,
    ExistingRefundReply,
    NewPaymentReply,
    NotConfirmedReply,
    PaymentReply,
    RefundReply,
    ReleasedReply,
    confirm_reply,
    payment_reply,
    refund_reply,
)
from bridge.web.auth import Scope, route
from bridge.web.keys import fingerprint_of, read_key
from bridge.web.prefer import read_patience
from bridge.web.schemas import BindBody, ConfirmBody, InitiateBody, PaymentPath, RefundBody, ReleaseBody

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_GATE: Final = (
    kinds.KEY_MISSING,
    kinds.KEYS_DIFFER,
    kinds.FOREIGN_CART,
    kinds.CART_NOT_FOUND,
    kinds.KEY_IN_PROGRESS,
    kinds.LEASE_LOST,
    kinds.INVALID_MONEY,
    kinds.KEY_REUSED,
    kinds.LOCK_TIMEOUT,
    kinds.LOCK_BACKEND_DOWN,
)
_AT_MOLLIE: Final = (
    kinds.MOLLIE_REFUSED,
    kinds.UNAVAILABLE,
    kinds.MOLLIE_UNAVAILABLE,
    kinds.MOLLIE_TIMEOUT,
    kinds.MOLLIE_UNAUTHORIZED,
)


def payment_routes(services: Services) -> APIBlueprint:
    """The routes of payments."""
    api = APIBlueprint("payments", __name__, abp_tags=[Tag(name="payments", description="One payment per cart")])

    @api.post(
        "/v1/payments",
        summary="Ask whether a cart may be paid now",
        responses={201: NewPaymentReply, 409: ExistingPaymentReply},
    )
    @route(*_GATE, *_AT_MOLLIE)
    def initiate(body: InitiateBody) -> Response:
        """201 to exactly one request: the cart is reserved for it. With `mollie` the bridge creates the payment too.

        The Idempotency-Key may stand in the header Idempotency-Key or X-Idempotency-Key or in the body. A caller that
        waits for less than the gate's own limit says so with the header `Prefer: wait=<seconds>`.
        """
        answer = services.initiation.initiate(_initiation(body))
        return payment_reply(answer, 201 if answer.is_new else 409)

    @api.get("/v1/payments/<payment_id>", summary="Look a payment up", responses={200: PaymentReply})
    @route(kinds.PAYMENT_NOT_FOUND)
    def find(path: PaymentPath) -> Response:
        """The payment as it stands, with order and invoice where they exist."""
        return payment_reply(services.payments.get(_known(path)))

    @api.post(
        "/v1/payments/<payment_id>/bind",
        summary="Say which transaction the shop made",
        responses={200: PaymentReply},
    )
    @route(kinds.PAYMENT_NOT_FOUND, kinds.CONFLICT)
    def bind(path: PaymentPath, body: BindBody) -> Response:
        """Without a transaction id the newest row of the Mollie module that no payment knows is taken."""
        return payment_reply(
            services.payments.bind(_known(path), transaction_id=body.transaction_id, checkout_url=body.checkout_url)
        )

    @api.post(
        "/v1/payments/<payment_id>/release",
        summary="Say that the shop did not make the payment",
        responses={200: ReleasedReply},
    )
    @route(kinds.PAYMENT_NOT_FOUND)
    def release(path: PaymentPath, body: ReleaseBody) -> Response:
        """The cart is free again. A payment that has a transaction is left as it is: its page exists."""
        return payment_reply(services.payments.release(_known(path), reason=body.reason))

    @api.post(
        "/v1/payments/<payment_id>/confirm",
        summary="Verify a payment at Mollie and settle its cart",
        responses={200: ConfirmReply, 409: NotConfirmedReply},
    )
    @route(kinds.PAYMENT_NOT_FOUND, kinds.CONFLICT, *_AT_MOLLIE)
    def confirm(path: PaymentPath, body: ConfirmBody) -> Response:
        """200 to the request that settled the cart; 409 when that is done already, or the payment is not paid."""
        answer = services.payments.confirm(_known(path), transaction_id=body.transaction_id)
        return confirm_reply(answer, 200 if answer.is_new else 409)

    @api.post(
        "/v1/payments/<payment_id>/refund",
        summary="Refund part or all of a payment",
        responses={201: RefundReply, 409: ExistingRefundReply},
    )
    @route(
        kinds.KEY_MISSING,
        kinds.KEYS_DIFFER,
        kinds.PAYMENT_NOT_FOUND,
        kinds.INVALID_MONEY,
        kinds.KEY_REUSED,
        *_AT_MOLLIE,
        scope=Scope.ADMIN,
    )
    def refund(path: PaymentPath, body: RefundBody) -> Response:
        """Needs an idempotency key: a repeat with the same key never refunds twice."""
        asked = RefundRequest(
            payment_id=_known(path), amount=body.amount, reason=body.reason, key=read_key(body.idempotency_key)
        )
        return refund_reply(services.refunds.refund(asked))

    return api


def _known(path: PaymentPath) -> str:
    """The payment's id. What is no id of ours names no payment, and no database needs to be asked for that."""
    payment_id = path.payment_id.lower()
    if not _UUID.fullmatch(payment_id):
        raise PaymentNotFound("no such payment: a payment_id is the UUID that the bridge answered with")
    return payment_id


def _initiation(body: InitiateBody) -> InitiationRequest:
    key = read_key(body.idempotency_key)
    money = Money.parse(body.amount, body.currency)
    return InitiationRequest(
        cart=CartRef(shop_id=body.shop_id, cart_id=body.cart_id),
        customer_id=body.customer_id,
        money=money,
        key=key,
        scope=f"payments:{body.shop_id}",
        fingerprint=fingerprint_of(body, amount=money.value),
        method=body.method,
        basket_hash=body.basket_hash,
        creation=_creation(body, money),
        patience=read_patience(),
    )


def _creation(body: InitiateBody, money: Money) -> NewPayment | None:
    asked = body.mollie
    if asked is None:
        return None
    return NewPayment(
        money=money,
        description=asked.description,
        redirect_url=asked.redirect_url,
        webhook_url=asked.webhook_url,
        method=asked.method or body.method,
        locale=asked.locale,
        metadata=asked.metadata,
    )
