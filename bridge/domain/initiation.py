"""Deciding an initiation: may a payment be made for this cart now? The order of the rules is the contract.

| found | decision |
|---|---|
| same idempotency key, done | `Replay` |
| an order for the cart | `AlreadyOrdered` |
| something may stand in the way and Mollie was not asked | `AskMollie` |
| paid or authorized at Mollie, no order yet | `AlreadyPaid` |
| live at Mollie, same amount and currency | `Resume` (policy `block`: `Deny`) |
| live at Mollie, other amount (the cart changed) | `Supersede` (policy `deny`: `Deny`) |
| another request is creating it now | `InProgress` |
| the bridge's own creation has an unknown outcome | `Recover` |
| dead at Mollie, or nothing | `Proceed` |

Where Mollie does not answer, the pending limit decides by the clock: as pending inside it, as dead after it, and the
decision says that it was a guess. Money that was recorded is believed for ever, also when Mollie answers 404.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bridge.domain.attempt import DEAD, Attempt, AttemptState
from bridge.domain.gate_policy import ChangedCartPolicy, GatePolicy, SameAmountPolicy
from bridge.domain.money import Money
from bridge.domain.observed import Gone, Observation, ObservedPayment, Unanswered
from bridge.domain.shop import ShopOrder, ShopPayment, ShopView


@dataclass(frozen=True, slots=True, kw_only=True)
class InitiationFacts:
    """All that a decision may look at.

    `replay` is the attempt that was made under the request's idempotency key, if any. `truths` holds what Mollie
    said, by transaction id; `uncancelable` the transactions whose cancellation was tried and refused.
    """

    now: datetime
    money: Money
    view: ShopView
    attempts: tuple[Attempt, ...] = ()
    replay: Attempt | None = None
    truths: Mapping[str, Observation] = field(default_factory=dict)
    uncancelable: frozenset[str] = frozenset()
    creates_at_mollie: bool = False


@dataclass(frozen=True, slots=True)
class Replay:
    """The key was used and its payment exists."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class AlreadyOrdered:
    """The cart has become an order."""

    order: ShopOrder


@dataclass(frozen=True, slots=True)
class AskMollie:
    """Nothing may be decided before Mollie said how these stand, newest first."""

    transaction_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyPaid:
    """Money is in, the order is still to come."""

    transaction_id: str
    attempt: Attempt | None
    guess: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """The same amount can be paid on a page that is open already."""

    transaction_id: str
    attempt: Attempt | None
    checkout_url: str
    guess: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Supersede:
    """The cart changed: payments of another amount give way, those in `cancel` are to be cancelled at Mollie first."""

    transaction_ids: tuple[str, ...]
    cancel: tuple[str, ...]
    guess: bool


@dataclass(frozen=True, slots=True)
class InProgress:
    """Another request reserved the cart and is creating its payment at this moment."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Recover:
    """The bridge's own creation at Mollie was cut off: the same key and payload find out what became of it."""

    attempt: Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Deny:
    """A payment is in progress that can neither be resumed nor replaced."""

    transaction_id: str
    attempt: Attempt | None
    guess: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Proceed:
    """Nothing stands in the way. `guess` when Mollie was needed for that and did not answer."""

    guess: bool = False


InitiationDecision = (
    Replay | AlreadyOrdered | AskMollie | AlreadyPaid | Resume | Supersede | InProgress | Recover | Deny | Proceed
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One payment of the cart that the database does not know to be dead, and how it really stands."""

    transaction_id: str
    attempt: Attempt | None
    paid: bool
    live: bool
    money: Money | None
    checkout_url: str | None
    cancelable: bool
    guess: bool


def decide_initiation(facts: InitiationFacts, policy: GatePolicy) -> InitiationDecision:
    """The decision table above, in its order. Pure."""
    if facts.replay is not None:
        return Replay(facts.replay)
    if facts.view.orders:
        return AlreadyOrdered(facts.view.orders[0])
    if unasked := _unasked(facts):
        return AskMollie(unasked)
    standing = tuple(_standing(facts, policy))
    if paid := _already_paid(standing, facts.money):
        return AlreadyPaid(transaction_id=paid.transaction_id, attempt=paid.attempt, guess=paid.guess)
    live = tuple(payment for payment in standing if payment.live)
    if live:
        return _beside_live(live, facts, policy)
    if (unbound := _unbound(facts)) and (waits := _creating_now(unbound, facts, policy)):
        return waits
    return Proceed(guess=any(payment.guess for payment in standing))


Candidate = tuple[str, Attempt | None, ShopPayment | None]


def _candidates(facts: InitiationFacts) -> list[Candidate]:
    """The cart's transactions that may stand in the way, newest first.

    An attempt that gave way (`superseded`) is settlement's business. A row of the shop's table counts unless an
    attempt of the same transaction knows better, or the module itself recorded the end.
    """
    rows = {row.transaction_id: row for row in facts.view.payments}
    known = {attempt.transaction_id: attempt for attempt in facts.attempts if attempt.transaction_id}
    out_of_the_way = DEAD | {AttemptState.SUPERSEDED, AttemptState.SURPLUS}
    own: list[Candidate] = [(tr, a, rows.get(tr)) for tr, a in known.items() if a.state not in out_of_the_way]
    foreign: list[Candidate] = [(tr, None, row) for tr, row in rows.items() if tr not in known and not row.says_ended]
    return [*reversed(own), *reversed(foreign)]


def _unasked(facts: InitiationFacts) -> tuple[str, ...]:
    return tuple(tr for tr, _, _ in _candidates(facts) if tr not in facts.truths)


def _standing(facts: InitiationFacts, policy: GatePolicy) -> list[Standing]:
    found = []
    for transaction_id, attempt, row in _candidates(facts):
        truth = facts.truths[transaction_id]
        match truth:
            case ObservedPayment():
                found.append(_as_observed(transaction_id, truth, attempt, facts))
            case Gone():
                # Recorded money is believed all the same: Mollie knows no payment of another key or mode.
                if _recorded_as_paid(attempt, row):
                    found.append(_by_the_clock(transaction_id, attempt, row, facts, policy))
            case Unanswered():
                found.append(_by_the_clock(transaction_id, attempt, row, facts, policy))
    return found


def _as_observed(
    transaction_id: str, truth: ObservedPayment, attempt: Attempt | None, facts: InitiationFacts
) -> Standing:
    return Standing(
        transaction_id=transaction_id,
        attempt=attempt,
        paid=truth.money_in,
        live=truth.is_live,
        money=attempt.money if attempt else truth.money,
        checkout_url=truth.checkout_url,
        cancelable=truth.is_cancelable and transaction_id not in facts.uncancelable,
        guess=False,
    )


def _by_the_clock(
    transaction_id: str, attempt: Attempt | None, row: ShopPayment | None, facts: InitiationFacts, policy: GatePolicy
) -> Standing:
    """How a payment probably stands: recorded money is believed for ever, an open one for the pending limit."""
    paid = _recorded_as_paid(attempt, row)
    age = facts.now - attempt.created_at if attempt else row.age if row else timedelta.max
    return Standing(
        transaction_id=transaction_id,
        attempt=attempt,
        paid=paid,
        live=not paid and age < policy.pending_limit,
        money=attempt.money if attempt else None,
        checkout_url=attempt.checkout_url if attempt else None,
        cancelable=False,
        guess=True,
    )


def _recorded_as_paid(attempt: Attempt | None, row: ShopPayment | None) -> bool:
    return (attempt is not None and attempt.state in _MONEY_IN) or (row is not None and row.says_paid)


_MONEY_IN = frozenset({AttemptState.AUTHORIZED, AttemptState.PAID, AttemptState.HELD})


def _already_paid(standing: tuple[Standing, ...], money: Money) -> Standing | None:
    """The payment that has paid the cart, if any.

    Money that is `held` gives way to a live payment of the amount that is asked now: the cart has changed since, the
    shopper is to pay the cart as it is, and settlement gives the other money back.
    """
    rightly_live = any(payment.live and payment.money == money for payment in standing)
    for payment in standing:
        held = payment.attempt is not None and payment.attempt.state is AttemptState.HELD
        if payment.paid and not (held and rightly_live):
            return payment
    return None


def _beside_live(live: tuple[Standing, ...], facts: InitiationFacts, policy: GatePolicy) -> InitiationDecision:
    guess = any(payment.guess for payment in live)
    same = next((payment for payment in live if payment.money == facts.money), None)
    if same is not None:
        if policy.same_amount is SameAmountPolicy.RESUME and same.checkout_url:
            return Resume(
                transaction_id=same.transaction_id,
                attempt=same.attempt,
                checkout_url=same.checkout_url,
                guess=same.guess,
            )
        return Deny(transaction_id=same.transaction_id, attempt=same.attempt, guess=same.guess)
    unknown = next((payment for payment in live if payment.money is None), None)
    blocked = unknown or (live[0] if policy.changed_cart is ChangedCartPolicy.DENY else None)
    if blocked is not None:
        return Deny(transaction_id=blocked.transaction_id, attempt=blocked.attempt, guess=blocked.guess)
    return Supersede(
        transaction_ids=tuple(payment.transaction_id for payment in live),
        cancel=tuple(payment.transaction_id for payment in live if payment.cancelable),
        guess=guess,
    )


def _unbound(facts: InitiationFacts) -> Attempt | None:
    """The live attempt that has no transaction yet."""
    return next((a for a in facts.attempts if a.is_live and a.transaction_id is None), None)


def _creating_now(attempt: Attempt, facts: InitiationFacts, policy: GatePolicy) -> InProgress | Recover | None:
    """Whether the reservation still stands; None when nobody can have been given a page to pay on.

    The shop's module is given `reservation_lifetime`. The bridge's own creation is asked for again under its key, as
    long as Mollie keeps the key and the amount is the same; nobody has seen its page otherwise.
    """
    # Made in the future, it is as old as it is far ahead: a clock that was put back is to block no cart for an hour.
    age = abs(facts.now - attempt.created_at)
    if attempt.state is AttemptState.RESERVED and age < policy.reservation_lifetime:
        return InProgress(attempt)
    again = facts.creates_at_mollie and attempt.mollie_key is not None and attempt.money == facts.money
    if again and age < policy.key_lifetime_at_mollie:
        return Recover(attempt)
    return None
