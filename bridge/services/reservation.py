"""The request for a payment, and the reservation that answers it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bridge.domain.attempt import Attempt, AttemptState
from bridge.domain.cart import CartRef
from bridge.domain.errors import CartNotFound, ForeignCart
from bridge.domain.money import Money
from bridge.domain.records import IdempotencyRecord, KeyState
from bridge.domain.shop import ShopView
from bridge.ports.mollie import NewPayment
from bridge.services.creation import as_stored
from bridge.services.ids import new_id
from bridge.services.settings import KeyLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class InitiationRequest:
    """`key` is the idempotency key in `scope`, `fingerprint` a hash of all that the caller asked for.

    `patience`: seconds after which the caller no longer waits for the decision, where that is less than the gate's own
    limit. With `creation` the bridge makes the payment at Mollie itself.
    """

    cart: CartRef
    customer_id: int
    money: Money
    key: str
    scope: str
    fingerprint: str
    method: str | None = None
    basket_hash: str | None = None
    creation: NewPayment | None = None
    patience: float | None = None


def owned_view(view: ShopView | None, request: InitiationRequest) -> ShopView:
    """The shop's view of the cart. Raises `CartNotFound` or `ForeignCart` unless the cart is the customer's."""
    if view is None:
        raise CartNotFound(f"the shop has no {request.cart}")
    if view.customer_id != request.customer_id:
        raise ForeignCart(f"{request.cart} belongs to another customer")
    return view


def new_reservation(request: InitiationRequest, now: datetime) -> Attempt:
    """The attempt that reserves the cart for the request."""
    attempt = Attempt(
        id=new_id(),
        cart=request.cart,
        state=AttemptState.RESERVED,
        money=request.money,
        customer_id=request.customer_id,
        created_at=now,
        updated_at=now,
        method=request.method,
        basket_hash=request.basket_hash,
    )
    if request.creation is None:
        return attempt
    return replace(attempt, mollie_key=new_id(), mollie_request=as_stored(request.creation, attempt))


def key_record(request: InitiationRequest, attempt: Attempt, limits: KeyLimits, now: datetime) -> IdempotencyRecord:
    """The idempotency key's row: done with the reservation, unless the payment is still to be made at Mollie."""
    waits = request.creation is not None
    return IdempotencyRecord(
        scope=request.scope,
        key=request.key,
        fingerprint=request.fingerprint,
        state=KeyState.RUNNING if waits else KeyState.DONE,
        attempt_id=attempt.id,
        expires_at=now + limits.lifetime,
        locked_until=now + limits.running if waits else None,
        status=None if waits else 201,
    )
