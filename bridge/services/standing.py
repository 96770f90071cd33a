"""Writing down what an initiation learned of the cart's other payments, and making room for the new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bridge.domain.attempt import Attempt, AttemptState
from bridge.domain.initiation import AlreadyPaid, InitiationDecision, InitiationFacts, Proceed, Resume, Supersede
from bridge.domain.observed import Gone, Observation, ObservedPayment, Unanswered
from bridge.domain.shop import ShopView
from bridge.ports.ledger import CartTransaction
from bridge.services.attempts import adopt, find_own, moved_by


def record_truths(tx: CartTransaction, truths: Mapping[str, Observation], view: ShopView, now: datetime) -> None:
    """Write down what Mollie said, as far as it is no money: so that a dead payment is asked about only once.

    Money is left to settlement, which also decides whether it is the right money.
    """
    for transaction_id, truth in truths.items():
        match truth:
            case ObservedPayment() if not truth.money_in:
                _record(tx, truth, view, now)
            case Gone():
                _set_aside_gone(tx, transaction_id, now)
            case ObservedPayment() | Unanswered():
                pass


def _record(tx: CartTransaction, truth: ObservedPayment, view: ShopView, now: datetime) -> None:
    own = find_own(tx, truth)
    if own is None:
        if not truth.is_live:
            adopt(tx, truth, truth.state, customer_id=view.customer_id, now=now)
        return
    known = moved_by(tx, own, truth, truth.state, now)
    if known != replace(own, updated_at=now):
        tx.save_attempt(known)


def _set_aside_gone(tx: CartTransaction, transaction_id: str, now: datetime) -> None:
    """A live attempt of a payment that Mollie does not know must not block the cart for ever."""
    for attempt in tx.attempts():
        if attempt.transaction_id == transaction_id and attempt.is_live:
            tx.save_attempt(attempt.moved(AttemptState.SUPERSEDED, now))


def apply_decision(tx: CartTransaction, decision: InitiationDecision, facts: InitiationFacts) -> None:
    """Make the cart's attempts say what was decided, before a new one is reserved."""
    match decision:
        case Proceed():
            set_aside_live(tx, facts.now)
        case Supersede(transaction_ids=transaction_ids):
            set_aside_live(tx, facts.now)
            for transaction_id in transaction_ids:
                _adopt_foreign(tx, transaction_id, AttemptState.SUPERSEDED, facts)
        case AlreadyPaid(attempt=Attempt(state=AttemptState.HELD)):
            # The money that was held is the cart's after all: nothing else stands against it any more.
            set_aside_live(tx, facts.now)
        case Resume(attempt=None, transaction_id=transaction_id):
            set_aside_live(tx, facts.now)
            _adopt_foreign(tx, transaction_id, AttemptState.OPEN, facts)
        case _:
            pass


def set_aside_live(tx: CartTransaction, now: datetime) -> None:
    """End the cart's live attempt, whatever it is: nothing is forgotten, and if it is paid, settlement decides.

    A reservation of the shop's module that nothing came of is `released`; all else is `superseded`.
    """
    for attempt in tx.attempts():
        if attempt.is_live:
            tx.save_attempt(replace(attempt.moved(_aside(attempt), now), updated_at=now))


def _aside(attempt: Attempt) -> AttemptState:
    never_made = attempt.transaction_id is None and attempt.mollie_key is None
    return AttemptState.RELEASED if never_made else AttemptState.SUPERSEDED


def _adopt_foreign(tx: CartTransaction, transaction_id: str, state: AttemptState, facts: InitiationFacts) -> None:
    """Write down a payment that was made without the bridge; without Mollie's word its amount is not known."""
    truth = facts.truths.get(transaction_id)
    known = any(attempt.transaction_id == transaction_id for attempt in tx.attempts())
    if not known and isinstance(truth, ObservedPayment):
        adopt(tx, truth, state, customer_id=facts.view.customer_id, now=facts.now)
