"""What each decision is answered."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from bridge.domain.attempt import LIVE, MONEY_IN, Attempt
from bridge.domain.initiation import (
    AlreadyOrdered,
    AlreadyPaid,
    AskMollie,
    Deny,
    InitiationDecision,
    InProgress,
    Proceed,
    Recover,
    Replay,
    Resume,
    Supersede,
)
from bridge.domain.shop import ShopView
from bridge.services.answers import Action, PaymentAnswer, describe

IN_PROGRESS = "A payment is already in progress"
ORDERED = "The cart has become an order"


def answer_of(decision: InitiationDecision, attempt: Attempt | None, view: ShopView, *, wait: float) -> PaymentAnswer:
    """The answer to a decision; `wait` seconds is what `retry_later` asks the caller to wait."""
    match decision:
        case Proceed() | Supersede() | Recover():
            answer = describe(attempt, action=Action.CREATE, is_new=True, message="Payment may be created")
        case Replay(earlier):
            answer = _replayed(earlier, view, wait)
        case AlreadyOrdered(order):
            answer = describe(None, action=Action.SHOW_ORDER, order=order, message=ORDERED)
        case AlreadyPaid():
            answer = describe(
                decision.attempt, action=Action.WAIT_FOR_ORDER, guess=decision.guess, message="The cart is paid already"
            )
            answer = replace(answer, transaction_id=decision.transaction_id)
        case Resume():
            answer = describe(decision.attempt, action=Action.RESUME, guess=decision.guess, message=IN_PROGRESS)
            answer = replace(answer, transaction_id=decision.transaction_id, checkout_url=decision.checkout_url)
        case InProgress(earlier):
            answer = describe(earlier, action=Action.RETRY_LATER, retry_after=wait, message=IN_PROGRESS)
        case Deny():
            answer = describe(decision.attempt, action=Action.DENY, guess=decision.guess, message=IN_PROGRESS)
            answer = replace(answer, transaction_id=decision.transaction_id)
        case AskMollie():
            raise AssertionError("a question is no answer")
        case _:
            assert_never(decision)
    return answer


def _replayed(attempt: Attempt, view: ShopView, wait: float) -> PaymentAnswer:
    """The stored payment as it stands now: a stored `create` is never repeated."""
    if view.orders:
        return describe(attempt, action=Action.SHOW_ORDER, order=view.orders[0], message=ORDERED)
    if attempt.state in MONEY_IN:
        return describe(attempt, action=Action.WAIT_FOR_ORDER, message="The cart is paid already")
    if attempt.state not in LIVE:
        return describe(attempt, action=Action.DENY, message="This payment has ended; use a new idempotency key")
    if attempt.checkout_url:
        return describe(attempt, action=Action.RESUME, message=IN_PROGRESS)
    return describe(attempt, action=Action.RETRY_LATER, retry_after=wait, message=IN_PROGRESS)
