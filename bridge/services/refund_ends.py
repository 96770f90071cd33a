"""Why a refund is not sent after all, and what its end brings with it; each inside the cart's transaction."""

from __future__ import annotations

from bridge.domain.attempt import AttemptState
from bridge.domain.notices import NoticeKind
from bridge.domain.observed import ObservedPayment, PaymentStatus
from bridge.domain.records import AuditEntry, Refund, RefundKind, RefundState
from bridge.domain.refunding import left_of
from bridge.domain.surplus import SURPLUS_KEY
from bridge.ports.ledger import CartTransaction
from bridge.services.notices import Case


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
    if refund.key.startswith(SURPLUS_KEY) and (attempt is None or attempt.state is not AttemptState.SURPLUS):
        return "the payment is no surplus any more"
    return None


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
