"""Why a refund is not sent after all, and what its end brings with it; each inside the cart's transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

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
from bridge.services.settings import RefundLimits
from bridge.telemetry import METRICS

log = structlog.get_logger()

UNDONE_AT_MOLLIE = frozenset({"failed", "canceled"})
"""Statuses of refunds at Mollie that gave nothing back."""

DUPLICATE_WITHIN = timedelta(hours=1)
"""Mollie takes a second refund of one amount for a mistake for so long, and says so (409 "duplicate refund")."""


SAME_REFUND_PAUSE = DUPLICATE_WITHIN + timedelta(minutes=1)
"""When Mollie has forgotten the refund that it took ours for a duplicate of."""

STILL_RESERVED = "Mollie took the release, and the money is still reserved"


def is_doubted_release(refund: Refund) -> bool:
    """Whether it is a release that Mollie took before and did not make: that is known by the payment's status alone."""
    return refund.kind is RefundKind.RELEASE and refund.taken_at is not None


def find_own(seen: tuple[ObservedRefund, ...], refund: Refund) -> ObservedRefund | None:
    """What Mollie has of a refund of ours, known by our key or by Mollie's id; what stands before what was undone."""
    own = [each for each in seen if each.key == refund.key or each.refund_id == refund.mollie_refund_id]
    return next((each for each in own if each.status not in UNDONE_AT_MOLLIE), own[0] if own else None)


def why_undone(own: ObservedRefund | None, refund: Refund, now: datetime) -> str | None:
    """Why a refund that Mollie took gives nothing back after all; None while it stands.

    Mollie does not announce that one was cancelled. One that its list does not have any more was cancelled as well; for
    as long as Mollie would know its Idempotency-Key the list may only be late.
    """
    if own is not None:
        return f"Mollie took the refund and ended it as {own.status}" if own.status in UNDONE_AT_MOLLIE else None
    if refund.mollie_refund_id is None or is_young(refund, now):
        return None
    return f"Mollie took the refund and does not have it any more ({refund.mollie_refund_id}): it was canceled there"


def is_young(refund: Refund, now: datetime) -> bool:
    """Whether Mollie took it so lately that its list may not show it yet."""
    return refund.taken_at is not None and now - refund.taken_at < DUPLICATE_WITHIN


def next_look(refund: Refund, now: datetime, limits: RefundLimits) -> datetime | None:
    """When a refund that Mollie took is looked after there; None: not any more."""
    last = (refund.taken_at or now) + limits.look_for
    if now >= last:
        return None
    every = limits.release_within if refund.kind is RefundKind.RELEASE else limits.look_every
    return min(now + every, last)


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


def save_moved(tx: CartTransaction, moved: Refund) -> None:
    """Store a refund that has come into another state, and say so."""
    tx.save_refund(moved)
    tx.audit(entry_of(moved))
    report(moved)


def report(moved: Refund) -> None:
    """Count and log the state that a refund came to."""
    METRICS.refunds.labels(outcome=moved.state.value).inc()
    log.info(
        "refund.moved",
        refund_id=moved.id,
        cart_id=moved.cart.cart_id,
        transaction_id=moved.transaction_id,
        state=moved.state.value,
        error=moved.last_error,
    )


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
        detail={
            "refund_id": refund.id,
            "payment_id": refund.attempt_id,
            "kind": refund.kind.value,
            "error": refund.last_error,
        },
    )
