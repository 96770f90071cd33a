"""Why a refund is not sent after all, and what its end brings with it; each inside the cart's transaction."""

from __future__ import annotations

from datetime import timedelta

from bridge.domain.attempt import AttemptState
from bridge.domain.notices import NoticeKind
from bridge.domain.observed import ObservedPayment, PaymentStatus
from bridge.domain.records import AuditEntry, Refund, RefundKind, RefundState
from bridge.domain.refunding import left_of
from bridge.domain.surplus import SURPLUS_KEY
from bridge.ports.ledger import CartTransaction
from bridge.ports.mollie import ObservedRefund
from bridge.services.made_with import find_made_with
from bridge.services.notices import Case

UNDONE_AT_MOLLIE = frozenset({"failed", "canceled"})
"""Statuses of refunds at Mollie that gave nothing back."""

DUPLICATE_WITHIN = timedelta(hours=1)
"""Mollie takes a second refund of one amount for a mistake for so long, and says so (409 "duplicate refund")."""


def is_in_place_of(seen: ObservedRefund, refund: Refund) -> bool:
    """Whether a refund at Mollie, made by hand, may be meant for the same as one of ours that Mollie has not made.

    It gave the same amount back, and that since ours was written down, or so shortly before that Mollie would call ours
    its duplicate. What is older was known when ours was asked for.
    """
    if seen.key is not None or seen.status in UNDONE_AT_MOLLIE or seen.money != refund.money:
        return False
    return seen.created_at is None or seen.created_at >= refund.created_at - DUPLICATE_WITHIN


def stored_in(tx: CartTransaction, refund: Refund) -> Refund:
    """The refund as it is stored now."""
    return next(each for each in tx.refunds(refund.transaction_id) if each.id == refund.id)


def why_not(tx: CartTransaction, refund: Refund, observed: ObservedPayment) -> str | None:
    """Why a refund that Mollie has not made is not to be sent (again); None when nothing is against it."""
    if refund.kind is RefundKind.RELEASE and observed.status is not PaymentStatus.AUTHORIZED:
        return f"nothing is reserved any more: the payment is {observed.status.value}"
    if (
        refund.kind is RefundKind.REFUND
        and left_of(observed, tx.refunds(refund.transaction_id), but=refund.id).minor == 0
    ):
        return "nothing is left to give back"
    attempt = next((each for each in tx.attempts() if each.id == refund.attempt_id), None)
    if refund.key.startswith(SURPLUS_KEY) and (attempt is None or attempt.state not in _goes_on_for(refund)):
        return "the payment is no surplus any more"
    if refund.key.startswith(SURPLUS_KEY) and refund.state is RefundState.QUEUED:
        return "the shop's order was made with this payment" if find_made_with(tx) == refund.transaction_id else None
    return None


def _goes_on_for(refund: Refund) -> frozenset[AttemptState]:
    """The states of its payment in which a refund by policy is made.

    What was sent once goes on while its payment is held: settling waits for its end, and Mollie may have it.
    """
    if refund.state is RefundState.QUEUED:
        return frozenset({AttemptState.SURPLUS})
    return frozenset({AttemptState.SURPLUS, AttemptState.HELD})


def why_not_beside(alike: ObservedRefund) -> str:
    """Why a refund is not sent where one made by hand may be meant for the same."""
    made = f"{alike.created_at:%Y-%m-%d %H:%M} UTC" if alike.created_at else "at a time that is not known"
    return (
        f"the same amount was given back by hand at Mollie ({alike.refund_id}, {made}). This one was not made; ask for "
        "it again, with a new key, only if both are meant"
    )


def close_if_all_is_back(tx: CartTransaction, refund: Refund) -> None:
    """Its payment's attempt is refunded once our refunds come to all that was paid."""
    attempt = next(each for each in tx.attempts() if each.id == refund.attempt_id)
    back = sum(r.money.minor for r in tx.refunds(refund.transaction_id) if r.state is RefundState.REFUNDED)
    if refund.kind is RefundKind.RELEASE or back >= (attempt.charged or attempt.money).minor:
        tx.save_attempt(attempt.moved(AttemptState.REFUNDED, refund.updated_at))


def entry_of(refund: Refund) -> AuditEntry:
    """The audit entry of a refund that has come into another state."""
    return AuditEntry(
        at=refund.updated_at,
        event=f"refund.{refund.state.value}",
        cart=refund.cart,
        attempt_id=refund.attempt_id,
        transaction_id=refund.transaction_id,
        detail={"refund_id": refund.id, "amount": str(refund.money), "kind": refund.kind.value},
    )


def case_of(kind: NoticeKind, refund: Refund) -> Case:
    """What the merchant is to be told about a refund, once."""
    return Case(
        kind=kind,
        name=f"{kind.value}:{refund.id}",
        cart=refund.cart,
        transaction_id=refund.transaction_id,
        money=refund.money,
        detail={"refund_id": refund.id, "payment_id": refund.attempt_id, "error": refund.last_error},
    )
