"""Between the domain's records and the tables' rows, both ways and nothing else."""

from __future__ import annotations

import json
from typing import Any

from bridge.adapters.packed_rows import AnyRow
from bridge.domain.attempt import Attempt, AttemptState
from bridge.domain.cart import CartLease, CartRef, CartState, OrderPhase
from bridge.domain.money import Money
from bridge.domain.records import (
    AuditEntry,
    Delivery,
    DeliveryState,
    IdempotencyRecord,
    KeyState,
    Refund,
    RefundKind,
    RefundState,
)

Values = dict[str, Any]
"""The values of a row by column name; what a driver takes is not ours to type."""


def present(values: Values) -> Values:
    """The values of an insert without those that are NULL anyway: the driver turns each into text in Python."""
    return {name: value for name, value in values.items() if value is not None}


def cart_values(state: CartState) -> Values:
    """The row of a cart."""
    lease = state.lease
    return {
        "id_shop": state.cart.shop_id,
        "id_cart": state.cart.cart_id,
        "fence": state.fence,
        "live_attempt_id": state.live_attempt_id,
        "settled_transaction_id": state.settled_transaction_id,
        "order_phase": state.order_phase.value,
        "lease_token": lease and lease.token,
        "lease_purpose": lease and lease.purpose,
        "lease_holder": lease and lease.holder,
        "lease_taken_at": lease and lease.taken_at,
        "lease_expires_at": lease and lease.expires_at,
        "version": state.version,
    }


def to_state(row: AnyRow) -> CartState:
    """A cart from its row."""
    return CartState(
        cart=CartRef(shop_id=row.id_shop, cart_id=row.id_cart),
        fence=row.fence,
        live_attempt_id=row.live_attempt_id,
        settled_transaction_id=row.settled_transaction_id,
        order_phase=OrderPhase(row.order_phase),
        lease=_to_lease(row),
        version=row.version,
    )


def _to_lease(row: AnyRow) -> CartLease | None:
    if row.lease_token is None:
        return None
    return CartLease(
        token=row.lease_token,
        purpose=row.lease_purpose,
        holder=row.lease_holder,
        taken_at=row.lease_taken_at,
        expires_at=row.lease_expires_at,
    )


def attempt_values(attempt: Attempt) -> Values:
    """The row of an attempt; `live_cart_id` is what lets the database allow one live attempt per cart."""
    return {
        "id": attempt.id,
        "id_shop": attempt.cart.shop_id,
        "id_cart": attempt.cart.cart_id,
        "live_cart_id": attempt.cart.cart_id if attempt.is_live else None,
        "state": attempt.state.value,
        "transaction_id": attempt.transaction_id,
        "amount_minor": attempt.money.minor,
        "currency": attempt.money.currency,
        "charged_minor": attempt.charged.minor if attempt.charged else None,
        "charged_currency": attempt.charged.currency if attempt.charged else None,
        "id_customer": attempt.customer_id,
        "method": attempt.method,
        "basket_hash": attempt.basket_hash,
        "checkout_url": attempt.checkout_url,
        "mollie_key": attempt.mollie_key,
        "mollie_request": attempt.mollie_request,
        "created_at": attempt.created_at,
        "updated_at": attempt.updated_at,
        "expires_at": attempt.expires_at,
        "processed_at": attempt.processed_at,
        "version": attempt.version,
    }


def to_attempt(row: AnyRow) -> Attempt:
    """An attempt from its row."""
    return Attempt(
        id=row.id,
        cart=CartRef(shop_id=row.id_shop, cart_id=row.id_cart),
        state=AttemptState(row.state),
        money=Money(currency=row.currency, minor=row.amount_minor),
        charged=_charged(row),
        customer_id=row.id_customer,
        created_at=row.created_at,
        updated_at=row.updated_at,
        method=row.method,
        basket_hash=row.basket_hash,
        transaction_id=row.transaction_id,
        checkout_url=row.checkout_url,
        mollie_key=row.mollie_key,
        mollie_request=row.mollie_request,
        expires_at=row.expires_at,
        processed_at=row.processed_at,
        version=row.version,
    )


def _charged(row: AnyRow) -> Money | None:
    if row.charged_minor is None:
        return None
    return Money(currency=row.charged_currency, minor=row.charged_minor)


def key_values(record: IdempotencyRecord) -> Values:
    """The row of an idempotency key."""
    return {
        "scope": record.scope,
        "idempotency_key": record.key,
        "fingerprint": record.fingerprint,
        "state": record.state.value,
        "attempt_id": record.attempt_id,
        "status": record.status,
        "body": record.body,
        "locked_until": record.locked_until,
        "expires_at": record.expires_at,
    }


def to_key(row: AnyRow) -> IdempotencyRecord:
    """An idempotency key from its row."""
    return IdempotencyRecord(
        scope=row.scope,
        key=row.idempotency_key,
        fingerprint=row.fingerprint,
        state=KeyState(row.state),
        attempt_id=row.attempt_id,
        expires_at=row.expires_at,
        locked_until=row.locked_until,
        status=row.status,
        body=row.body,
    )


def delivery_values(delivery: Delivery) -> Values:
    """The row of a delivery."""
    return {
        "id": delivery.id,
        "transaction_id": delivery.transaction_id,
        "source": delivery.source,
        "state": delivery.state.value,
        **cart_columns(delivery.cart),
        "query": delivery.query,
        "tries": delivery.tries,
        "next_try_at": delivery.next_try_at,
        "seen_id": delivery.seen_id,
        "seen_status": delivery.seen_status,
        "seen_refunded": delivery.seen_refunded,
        "seen_charged_back": delivery.seen_charged_back,
        "decision": delivery.decision,
        "passed_on": int(delivery.passed_on),
        "last_error": delivery.last_error,
        "received_at": delivery.received_at,
        "updated_at": delivery.updated_at,
    }


def to_delivery(row: AnyRow) -> Delivery:
    """A delivery from its row."""
    return Delivery(
        id=row.id,
        transaction_id=row.transaction_id,
        source=row.source,
        state=DeliveryState(row.state),
        received_at=row.received_at,
        updated_at=row.updated_at,
        next_try_at=row.next_try_at,
        cart=to_cart(row),
        query=row.query,
        tries=row.tries,
        seen_id=row.seen_id,
        seen_status=row.seen_status,
        seen_refunded=row.seen_refunded,
        seen_charged_back=row.seen_charged_back,
        decision=row.decision,
        passed_on=bool(row.passed_on),
        last_error=row.last_error,
    )


def refund_values(refund: Refund) -> Values:
    """The row of a refund."""
    return {
        "id": refund.id,
        **cart_columns(refund.cart),
        "attempt_id": refund.attempt_id,
        "transaction_id": refund.transaction_id,
        "amount_minor": refund.money.minor,
        "currency": refund.money.currency,
        "reason": refund.reason,
        "idempotency_key": refund.key,
        "state": refund.state.value,
        "mollie_refund_id": refund.mollie_refund_id,
        "last_error": refund.last_error,
        "created_at": refund.created_at,
        "updated_at": refund.updated_at,
        "kind": refund.kind.value,
        "tries": refund.tries,
        "next_try_at": refund.next_try_at,
        "taken_at": refund.taken_at,
    }


def to_refund(row: AnyRow) -> Refund:
    """A refund from its row."""
    return Refund(
        id=row.id,
        cart=CartRef(shop_id=row.id_shop, cart_id=row.id_cart),
        attempt_id=row.attempt_id,
        transaction_id=row.transaction_id,
        money=Money(currency=row.currency, minor=row.amount_minor),
        reason=row.reason,
        key=row.idempotency_key,
        state=RefundState(row.state),
        created_at=row.created_at,
        updated_at=row.updated_at,
        kind=RefundKind(row.kind),
        tries=row.tries,
        next_try_at=row.next_try_at,
        mollie_refund_id=row.mollie_refund_id,
        last_error=row.last_error,
        taken_at=row.taken_at,
    )


def audit_values(entry: AuditEntry) -> Values:
    """The row of an audit entry; its detail is JSON with sorted names, the same text on every database."""
    return {
        "at": entry.at,
        "event": entry.event,
        **cart_columns(entry.cart),
        "attempt_id": entry.attempt_id,
        "transaction_id": entry.transaction_id,
        "detail": json.dumps(dict(entry.detail), sort_keys=True),
    }


def to_audit(row: AnyRow) -> AuditEntry:
    """An audit entry from its row."""
    return AuditEntry(
        at=row.at,
        event=row.event,
        cart=to_cart(row),
        attempt_id=row.attempt_id,
        transaction_id=row.transaction_id,
        detail=json.loads(row.detail),
    )


def cart_columns(cart: CartRef | None) -> Values:
    """The two columns of a cart, where there is one."""
    return {"id_shop": cart and cart.shop_id, "id_cart": cart and cart.cart_id}


def to_cart(row: AnyRow) -> CartRef | None:
    """The cart that a row is about, where it is about one."""
    return None if row.id_cart is None else CartRef(shop_id=row.id_shop, cart_id=row.id_cart)
