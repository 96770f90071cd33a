"""`/v1/carts`: what stands in a cart's way, and settling it without a webhook."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from bridge.domain.cart import CartRef
from bridge.domain.errors import CartNotFound, InvalidRequest, PaymentNotFound
from bridge.domain.money import Money
from bridge.domain.records import AuditEntry
from bridge.services.container import Services
from bridge.web import kinds
from bridge.web.answers import PaymentReply, payment_data, payment_reply, reply
from bridge.web.auth import Scope, route
from bridge.web.cart_answers import (
    AuditData,
    AuditReply,
    AuditRow,
    CanPayData,
    CanPayReply,
    ExpireData,
    ExpireReply,
    SettleData,
    SettleReply,
)
from bridge.web.schemas import AuditQuery, CanPayQuery, CartPath, CartQuery


def cart_routes(services: Services) -> APIBlueprint:
    """The routes of carts."""
    api = APIBlueprint("carts", __name__, abp_tags=[Tag(name="carts", description="Questions about a cart")])

    @api.get("/v1/carts/<int:cart_id>/payment", summary="The cart's payment", responses={200: PaymentReply})
    @route(kinds.CART_NOT_FOUND, kinds.PAYMENT_NOT_FOUND)
    def find_payment(path: CartPath, query: CartQuery) -> Response:
        """The payment that settled the cart, else the live one, else the newest."""
        cart = _find_cart(services, path, query)
        answer = services.payments.find_of_cart(cart)
        if answer is None:
            raise PaymentNotFound(f"the bridge knows no payment of {cart}")
        return payment_reply(answer)

    @api.get(
        "/v1/carts/<int:cart_id>/can-pay", summary="Whether the cart may be paid now", responses={200: CanPayReply}
    )
    @route(kinds.CART_NOT_FOUND, kinds.INVALID_MONEY)
    def can_pay(path: CartPath, query: CanPayQuery) -> Response:
        """Decides as an initiation would, and reserves nothing. `payment` is what stands in the way."""
        money = _money(query)
        found = services.deduplication.can_create_payment(_find_cart(services, path, query), money)
        blocking = payment_data(found.answer) if found.answer else None
        message = found.answer.message if found.answer else "A payment may be made"
        return reply(CanPayReply(data=CanPayData(allowed=found.allowed, payment=blocking), message=message))

    @api.post("/v1/carts/<int:cart_id>/expire", summary="Close payments that are dead", responses={200: ExpireReply})
    @route(kinds.CART_NOT_FOUND, kinds.LEASE_LOST, kinds.LOCK_TIMEOUT, kinds.LOCK_BACKEND_DOWN)
    def expire(path: CartPath, query: CartQuery) -> Response:
        """Ends what Mollie calls dead and reservations that nothing came of; never what can still be paid."""
        ended = services.deduplication.cancel_expired_payments(_find_cart(services, path, query))
        message = f"{len(ended)} {'payment' if len(ended) == 1 else 'payments'} ended"
        return reply(ExpireReply(data=ExpireData(ended=ended), message=message))

    @api.post("/v1/carts/<int:cart_id>/settle", summary="The shopper is back", responses={200: SettleReply})
    @route(kinds.CART_NOT_FOUND)
    def settle(path: CartPath, query: CartQuery) -> Response:
        """Asks Mollie and settles what is paid; waits up to two seconds for it and goes on behind."""
        has_order = services.inbox.settle(_find_cart(services, path, query))
        message = "The cart has its order" if has_order else "The cart has no order yet"
        return reply(SettleReply(data=SettleData(has_order=has_order), message=message))

    @api.get("/v1/carts/<int:cart_id>/audit", summary="What was decided and why", responses={200: AuditReply})
    @route(kinds.CART_NOT_FOUND, scope=Scope.ADMIN)
    def audit(path: CartPath, query: AuditQuery) -> Response:
        """The newest entries of the cart's audit trail, oldest first."""
        found = services.ledger.audit_of(_find_cart(services, path, query), query.limit)
        message = f"{len(found)} {'entry' if len(found) == 1 else 'entries'}"
        return reply(AuditReply(data=AuditData(entries=tuple(_row(entry) for entry in found)), message=message))

    return api


def _find_cart(services: Services, path: CartPath, query: CartQuery) -> CartRef:
    """The cart, in the shop that the shop's own table names. Raises `CartNotFound`, also for another shop's cart."""
    cart = services.ledger.shop.find_cart(path.cart_id)
    if cart is None or query.shop_id not in (None, cart.shop_id):
        where = f" in shop {query.shop_id}" if query.shop_id is not None else ""
        raise CartNotFound(f"there is no cart {path.cart_id}{where}")
    return cart


def _money(query: CanPayQuery) -> Money | None:
    if query.amount is None and query.currency is None:
        return None
    if query.amount is None or query.currency is None:
        raise InvalidRequest("amount and currency belong together: send both or neither")
    return Money.parse(query.amount, query.currency)


def _row(entry: AuditEntry) -> AuditRow:
    return AuditRow(
        at=entry.at,
        event=entry.event,
        payment_id=entry.attempt_id,
        transaction_id=entry.transaction_id,
        detail=dict(entry.detail),
    )
