"""How much of a payment can still be given back, and whether all of it may be on its way already. Pure."""

from __future__ import annotations

from bridge.domain.money import Money
from bridge.domain.observed import ObservedPayment, PaymentStatus
from bridge.domain.records import UNFINISHED, Refund, RefundKind, RefundState
from bridge.domain.surplus import SURPLUS_KEY


def left_of(observed: ObservedPayment, refunds: tuple[Refund, ...], *, but: str | None = None) -> Money:
    """What is left of a payment: paid, less what was given back or charged back, less what is on its way.

    Refunds on their way may be counted by Mollie already; counting one twice leaves too little, never too much. The
    refund with the id `but` is left out. Mollie's own `amountRemaining` is not looked at: it may exceed what was paid.
    """
    others = [refund for refund in refunds if refund.id != but and refund.kind is RefundKind.REFUND]
    on_the_way = sum(refund.money.minor for refund in others if refund.state in UNFINISHED)
    made = sum(refund.money.minor for refund in others if refund.state is RefundState.REFUNDED)
    done = max(observed.refunded_minor, made)
    paid = observed.taken_minor if observed.money_in else 0
    return Money(currency=observed.money.currency, minor=max(0, paid - done - observed.charged_back_minor - on_the_way))


def find_way_back(observed: ObservedPayment, refunds: tuple[Refund, ...]) -> Refund | None:
    """The refund (the newest) that may leave nothing of the payment; None when money stays here in any case.

    | refund | may be made, whatever is decided now |
    |---|---|
    | sent, uncertain | yes: Mollie may have it |
    | queued by an admin | yes: nobody stops it |
    | queued by the policy, proposed | no: it is dropped when the payment is no surplus any more |
    | refunded, and Mollie counts less as given back | yes: nobody knows yet whether it failed or the answer is old |
    | failed, dropped | no |
    """
    going = tuple(refund for refund in refunds if _may_be_made(refund) or refund.state is RefundState.REFUNDED)
    if not observed.money_in or not going:
        return None
    if observed.status is PaymentStatus.AUTHORIZED:
        return next((refund for refund in reversed(going) if refund.kind is RefundKind.RELEASE), None)
    return going[-1] if left_of(observed, going).minor == 0 else None


def _may_be_made(refund: Refund) -> bool:
    if refund.state is RefundState.QUEUED:
        return not refund.key.startswith(SURPLUS_KEY)
    return refund.state in UNFINISHED
