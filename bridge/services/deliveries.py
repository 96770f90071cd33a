"""Deliveries: what comes in from Mollie, and what the bridge delivers to itself."""

from __future__ import annotations

from datetime import datetime

from bridge.domain.attempt import AttemptState
from bridge.domain.records import (
    COUNTS_AS_REFUNDED,
    UNFINISHED,
    Delivery,
    DeliveryState,
    Refund,
    RefundKind,
    RefundState,
)
from bridge.ports.ledger import CartTransaction
from bridge.services.attempts import find_live
from bridge.services.ids import new_id
from bridge.services.leases import Lease
from bridge.services.made_with import find_made_with


def new_delivery(transaction_id: str, *, source: str, now: datetime, query: str | None = None) -> Delivery:
    """A delivery that has just come in (or that the bridge makes to itself), due at once."""
    return Delivery(
        id=new_id(),
        transaction_id=transaction_id,
        source=source,
        state=DeliveryState.RECEIVED,
        received_at=now,
        updated_at=now,
        next_try_at=now,
        query=query,
    )


def wake_held(tx: CartTransaction, now: datetime) -> None:
    """Have held money decided again, once no live attempt stands against it (any more).

    Money whose refund is on its way waits for the refund's end, which wakes it (`wake_kept`).
    """
    if find_live(tx) is not None:
        return
    for attempt in tx.attempts():
        held = attempt.state is AttemptState.HELD
        if held and attempt.transaction_id is not None and not _waits_for_refund(tx, attempt.transaction_id):
            tx.save_delivery(new_delivery(attempt.transaction_id, source="held", now=now))


def wake_kept(tx: CartTransaction, ended: Refund, now: datetime) -> None:
    """A refund has ended and left money of the attempt here: have it decided again where nobody has settled the cart.

    Surplus money that no longer goes back may be what settles it, or what the shop made its order with; held money has
    waited for this.
    """
    attempt = next(each for each in tx.attempts() if each.id == ended.attempt_id)
    free = tx.state.settled_transaction_id is None or find_made_with(tx) == attempt.transaction_id
    waits = attempt.state is AttemptState.HELD or (free and attempt.state is AttemptState.SURPLUS)
    if waits and attempt.transaction_id is not None and not _waits_for_refund(tx, attempt.transaction_id):
        tx.save_delivery(new_delivery(attempt.transaction_id, source="refund", now=now))


def wake_surplus(tx: CartTransaction, now: datetime) -> None:
    """Have surplus money that is not on its way back decided again: the payment that settled the cart gave way."""
    for attempt in tx.attempts():
        surplus = attempt.state is AttemptState.SURPLUS
        if surplus and attempt.transaction_id is not None and not _is_going_back(tx, attempt.transaction_id):
            tx.save_delivery(new_delivery(attempt.transaction_id, source="surplus", now=now))


def _waits_for_refund(tx: CartTransaction, transaction_id: str) -> bool:
    """Whether its refund is not known to have ended; of a release Mollie itself brings the news."""
    refunds = tx.refunds(transaction_id)
    released = any(r.kind is RefundKind.RELEASE and r.state is RefundState.REFUNDED for r in refunds)
    return released or any(refund.state in UNFINISHED for refund in refunds)


def _is_going_back(tx: CartTransaction, transaction_id: str) -> bool:
    return any(refund.state in COUNTS_AS_REFUNDED for refund in tx.refunds(transaction_id))


def ids_of(lease: Lease, delivery: Delivery) -> dict[str, str | int]:
    """The fields that every log line about a delivery carries."""
    return {
        "cart_id": lease.cart.cart_id,
        "shop_id": lease.cart.shop_id,
        "transaction_id": delivery.transaction_id,
        "delivery_id": delivery.id,
    }
