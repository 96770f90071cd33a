"""Deliveries: what comes in from Mollie, and what the bridge delivers to itself."""

from __future__ import annotations

from datetime import datetime

from bridge.domain.attempt import Attempt, AttemptState
from bridge.domain.records import (
    COUNTS_AS_REFUNDED,
    UNFINISHED,
    Delivery,
    DeliveryState,
    Refund,
    RefundKind,
    RefundState,
)
from bridge.domain.surplus import SURPLUS_KEY
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
    """A refund has ended and may have left money of its payment here: have the payment decided again.

    | payment | decided again | because |
    |---|---|---|
    | held | when none of its refunds is on its way any more | it has waited for this |
    | surplus, nobody has settled the cart | the same | it may be what settles it, or made the shop's order |
    | surplus | when a refund that was asked for was not made | the policy has to say what becomes of its amount |
    | any | when a release has ended for good | of its end there may be no other news |
    """
    attempt = next(each for each in tx.attempts() if each.id == ended.attempt_id)
    if attempt.transaction_id is None:
        return
    surplus = attempt.state is AttemptState.SURPLUS
    free = tx.state.settled_transaction_id is None or find_made_with(tx) == attempt.transaction_id
    waits = attempt.state is AttemptState.HELD or (surplus and free)
    let_go = ended.kind is RefundKind.RELEASE and ended.next_try_at is None
    asked_for = ended.kind is RefundKind.REFUND and not ended.key.startswith(SURPLUS_KEY)
    not_made = surplus and asked_for and ended.state is not RefundState.REFUNDED
    if let_go or not_made or (waits and not _waits_for_refund(tx, attempt.transaction_id)):
        tx.save_delivery(new_delivery(attempt.transaction_id, source="refund", now=now))


def wake_surplus(tx: CartTransaction, now: datetime) -> None:
    """Have surplus money that is not on its way back decided again: the payment that settled the cart gave way."""
    for attempt in tx.attempts():
        surplus = attempt.state is AttemptState.SURPLUS
        if surplus and attempt.transaction_id is not None and not _is_going_back(tx, attempt, attempt.transaction_id):
            tx.save_delivery(new_delivery(attempt.transaction_id, source="surplus", now=now))


def _waits_for_refund(tx: CartTransaction, transaction_id: str) -> bool:
    """Whether its refund is not known to have ended; of a release Mollie itself brings the news."""
    refunds = tx.refunds(transaction_id)
    released = any(r.kind is RefundKind.RELEASE and r.state is RefundState.REFUNDED for r in refunds)
    return released or any(refund.state in UNFINISHED for refund in refunds)


def _is_going_back(tx: CartTransaction, attempt: Attempt, transaction_id: str) -> bool:
    """Whether all of it went back or is on its way: what the policy gives back is all that was left."""
    going = [refund for refund in tx.refunds(transaction_id) if refund.state in COUNTS_AS_REFUNDED]
    is_all = any(each.kind is RefundKind.RELEASE or each.key.startswith(SURPLUS_KEY) for each in going)
    return is_all or sum(each.money.minor for each in going) >= (attempt.charged or attempt.money).minor


def ids_of(lease: Lease, delivery: Delivery) -> dict[str, str | int]:
    """The fields that every log line about a delivery carries."""
    return {
        "cart_id": lease.cart.cart_id,
        "shop_id": lease.cart.shop_id,
        "transaction_id": delivery.transaction_id,
        "delivery_id": delivery.id,
    }
