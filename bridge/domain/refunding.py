"""How much of a payment can still be given back. Pure."""

from __future__ import annotations

from bridge.domain.money import Money
from bridge.domain.observed import ObservedPayment
from bridge.domain.records import UNFINISHED, Refund, RefundKind, RefundState


def left_of(observed: ObservedPayment, refunds: tuple[Refund, ...], *, but: str | None = None) -> Money:
    """What is left of a payment: paid, less what was given back or charged back, less what is on its way.

    Refunds on their way may be counted by Mollie already; counting one twice leaves too little, never too much. The
    refund with the id `but` is left out. Mollie's own `amountRemaining` is not looked at: it may exceed what was paid.
    """
    others = [refund for refund in refunds if refund.id != but and refund.kind is RefundKind.REFUND]
    on_the_way = sum(refund.money.minor for refund in others if refund.state in UNFINISHED)
    made = sum(refund.money.minor for refund in others if refund.state is RefundState.REFUNDED)
    done = max(observed.refunded_minor, made)
    paid = observed.money.minor if observed.money_in else 0
    return Money(currency=observed.money.currency, minor=max(0, paid - done - observed.charged_back_minor - on_the_way))
