"""Records for ledger tests: everything that a test does not speak of has a value."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bridge.domain.attempt import Attempt, AttemptState
from bridge.domain.cart import CartLease, CartRef
from bridge.domain.money import Money
from bridge.domain.notices import Notice, NoticeKind
from bridge.domain.records import (
    AuditEntry,
    Delivery,
    DeliveryState,
    IdempotencyRecord,
    KeyState,
    Refund,
    RefundState,
)
from bridge.ports.ledger import CartTransaction, Ledger
from bridge.services.ids import new_id

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
LATER = NOW + HOUR
CART = CartRef(shop_id=1, cart_id=42)
OTHER_CART = CartRef(shop_id=1, cart_id=43)

_NUMBERS = itertools.count(1)


def an_attempt(cart: CartRef = CART, state: AttemptState = AttemptState.RESERVED, **changes: Any) -> Attempt:
    """An attempt, live unless told otherwise; each is a moment younger than the one before."""
    at = NOW + timedelta(microseconds=next(_NUMBERS))
    attempt = Attempt(
        id=new_id(),
        cart=cart,
        state=state,
        money=Money(currency="EUR", minor=1440),
        customer_id=7,
        created_at=at,
        updated_at=at,
    )
    return replace(attempt, **changes)


def a_dead_attempt(cart: CartRef = CART, **changes: Any) -> Attempt:
    """An attempt that stands in nobody's way."""
    return an_attempt(cart, AttemptState.CANCELED, **changes)


def a_key(key: str = "key-1", fingerprint: str = "f" * 64, **changes: Any) -> IdempotencyRecord:
    """An idempotency key whose first request is running, valid for five minutes."""
    record = IdempotencyRecord(
        scope="payments",
        key=key,
        fingerprint=fingerprint,
        state=KeyState.RUNNING,
        attempt_id=new_id(),
        expires_at=NOW + timedelta(minutes=5),
        locked_until=NOW + timedelta(seconds=30),
    )
    return replace(record, **changes)


def a_delivery(**changes: Any) -> Delivery:
    """A delivery that is due now."""
    delivery = Delivery(
        id=new_id(),
        transaction_id="tr_first",
        source="mollie",
        state=DeliveryState.RECEIVED,
        received_at=NOW,
        updated_at=NOW,
        next_try_at=NOW,
    )
    return replace(delivery, **changes)


def a_refund(**changes: Any) -> Refund:
    """A refund of five euros that waits to be sent."""
    refund = Refund(
        id=new_id(),
        cart=CART,
        attempt_id=new_id(),
        transaction_id="tr_first",
        money=Money(currency="EUR", minor=500),
        reason="surplus",
        key=new_id(),
        state=RefundState.QUEUED,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(refund, **changes)


def a_notice(case: str = "surplus:tr_1", channel: str = "mail", **changes: Any) -> Notice:
    """A notice that is due now."""
    notice = Notice(
        id=new_id(), case=case, channel=channel, kind=NoticeKind.SURPLUS, at=NOW, cart=CART, next_try_at=NOW
    )
    return replace(notice, **changes)


def an_entry(event: str = "payment.reserved", cart: CartRef | None = CART, **changes: Any) -> AuditEntry:
    """An audit entry."""
    return replace(AuditEntry(at=NOW, event=event, cart=cart), **changes)


def a_lease(token: str = "t" * 36, **changes: Any) -> CartLease:
    """A lease of one minute."""
    lease = CartLease(
        token=token, purpose="webhook", holder="host:123", taken_at=NOW, expires_at=NOW + timedelta(minutes=1)
    )
    return replace(lease, **changes)


def add(ledger: Ledger, *attempts: Attempt) -> None:
    """Store attempts, each in a transaction of its own."""
    for attempt in attempts:
        store(ledger, attempt)


def store(ledger: Ledger, attempt: Attempt) -> None:
    """Store one attempt."""
    ledger.in_cart(attempt.cart, adding(attempt))


def adding(*attempts: Attempt) -> Callable[[CartTransaction], None]:
    """Work that adds these attempts in one transaction."""

    def work(tx: CartTransaction) -> None:
        for attempt in attempts:
            tx.add_attempt(attempt)

    return work


def auditing(*entries: AuditEntry) -> Callable[[CartTransaction], None]:
    """Work that writes these entries in one transaction."""

    def work(tx: CartTransaction) -> None:
        for entry in entries:
            tx.audit(entry)

    return work


def find_key(ledger: Ledger, key: str = "key-1", scope: str = "payments") -> IdempotencyRecord | None:
    """The key as the cart finds it, now."""
    return ledger.in_cart(CART, lambda tx: tx.find_key(scope, key, NOW))


def save_key(ledger: Ledger, record: IdempotencyRecord) -> None:
    """Store a key of the cart."""
    ledger.in_cart(CART, lambda tx: tx.save_key(record))


def save_deliveries(ledger: Ledger, *deliveries: Delivery) -> None:
    """Store deliveries."""
    for delivery in deliveries:
        ledger.save_delivery(delivery)


def stored(ledger: Ledger, delivery: Delivery) -> Delivery:
    """The delivery as it stands now."""
    found = ledger.find_delivery(delivery.id)
    assert found is not None
    return found


def save_refunds(ledger: Ledger, *refunds: Refund) -> None:
    """Store refunds of the cart, each in a transaction of its own."""
    for refund in refunds:
        ledger.in_cart(CART, lambda tx, refund=refund: tx.save_refund(refund))  # type: ignore[misc]


def raise_fence(tx: CartTransaction) -> int:
    """Take the cart's next fence."""
    fence = tx.state.fence + 1
    tx.save_state(replace(tx.state, fence=fence))
    return fence
