"""What an initiation may look at, and its decisions, in the words of the tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bridge.domain.attempt import Attempt, AttemptState
from bridge.domain.gate_policy import ChangedCartPolicy, GatePolicy, SameAmountPolicy
from bridge.domain.initiation import (
    AlreadyPaid,
    Deny,
    InitiationDecision,
    InitiationFacts,
    Resume,
    Supersede,
    decide_initiation,
)
from bridge.domain.observed import Observation
from tests.fakes.clock import START
from tests.unit.builders import PRICE, a_row, a_view, an_attempt, checkout

S = AttemptState
POLICY = GatePolicy()
BLOCK = GatePolicy(same_amount=SameAmountPolicy.BLOCK)
DENY = GatePolicy(changed_cart=ChangedCartPolicy.DENY)

NOW = InitiationFacts(now=START, money=PRICE, view=a_view())
OWN = an_attempt(S.OPEN, "tr_own")
ROW = a_row("tr_row")
INSIDE = timedelta(minutes=29, seconds=59)
AT_THE_LIMIT = timedelta(minutes=30)
RESERVED = an_attempt(S.RESERVED, None, age=timedelta(seconds=1))


def own(*attempts: Attempt, **truths: Observation) -> InitiationFacts:
    return replace(NOW, attempts=attempts, truths=truths)


def row(*, age: timedelta = timedelta(minutes=1), status: str = "open", **truths: Observation) -> InitiationFacts:
    return replace(NOW, view=a_view(payments=(a_row("tr_row", status, age=age),)), truths=truths)


def decide(facts: InitiationFacts, policy: GatePolicy = POLICY) -> InitiationDecision:
    return decide_initiation(facts, policy)


def resume(transaction_id: str, attempt: Attempt | None, *, guess: bool = False) -> Resume:
    return Resume(transaction_id=transaction_id, attempt=attempt, checkout_url=checkout(transaction_id), guess=guess)


def supersede(transaction_id: str, *, cancel: bool = False, guess: bool = False) -> Supersede:
    return Supersede(transaction_ids=(transaction_id,), cancel=(transaction_id,) if cancel else (), guess=guess)


def deny(transaction_id: str, attempt: Attempt | None, *, guess: bool = False) -> Deny:
    return Deny(transaction_id=transaction_id, attempt=attempt, guess=guess)


def paid(transaction_id: str, attempt: Attempt | None, *, guess: bool = False) -> AlreadyPaid:
    return AlreadyPaid(transaction_id=transaction_id, attempt=attempt, guess=guess)
