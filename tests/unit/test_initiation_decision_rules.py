"""Deciding an initiation: held money, the guesses by the clock, the order of the rules, and whatever the facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.attempt import LIVE, AttemptState
from bridge.domain.gate_policy import ChangedCartPolicy, GatePolicy, SameAmountPolicy
from bridge.domain.initiation import (
    AlreadyOrdered,
    AlreadyPaid,
    AskMollie,
    InitiationDecision,
    InitiationFacts,
    InProgress,
    Proceed,
    Replay,
    Resume,
    Supersede,
)
from bridge.domain.observed import Gone, Observation, PaymentStatus, Unanswered
from bridge.domain.shop import ENDED_STATUSES, PAID_STATUSES
from tests.unit.builders import OTHER_PRICE, PRICE, a_row, a_view, an_attempt, an_order, observed
from tests.unit.initiation_facts import (
    AT_THE_LIMIT,
    BLOCK,
    DENY,
    INSIDE,
    NOW,
    OWN,
    POLICY,
    RESERVED,
    S,
    decide,
    deny,
    own,
    paid,
    resume,
    row,
    supersede,
)

# --- money that is held for a changed cart ----------------------------------------------------------------------------


def test_held_money_pays_the_cart_when_nothing_else_does() -> None:
    held = an_attempt(S.HELD, "tr_held", attempt_id="held")

    assert decide(own(held, tr_held=observed("paid", "tr_held"))) == paid("tr_held", held)


def test_held_money_gives_way_to_a_live_payment_of_the_amount_asked_now() -> None:
    held = an_attempt(S.HELD, "tr_held", attempt_id="held", money=OTHER_PRICE)
    facts = own(held, OWN, tr_held=observed("paid", "tr_held", money=OTHER_PRICE), tr_own=observed("open"))

    assert decide(facts) == resume("tr_own", OWN)


# --- Mollie does not answer: the clock guesses, and says so -----------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "policy", "expected"),
    [
        (INSIDE, POLICY, "resume"),
        (INSIDE, BLOCK, "deny"),
        (AT_THE_LIMIT, POLICY, "proceed"),
        (AT_THE_LIMIT, BLOCK, "proceed"),
    ],
)
@pytest.mark.req("P1", "P7")
def test_an_open_attempt_counts_for_the_pending_limit(age: timedelta, policy: GatePolicy, expected: str) -> None:
    attempt = an_attempt(age=age)
    outcomes: dict[str, InitiationDecision] = {
        "resume": resume("tr_own", attempt, guess=True),
        "deny": deny("tr_own", attempt, guess=True),
        "proceed": Proceed(guess=True),
    }

    assert decide(own(attempt, tr_own=Unanswered()), policy) == outcomes[expected]


@pytest.mark.parametrize(
    ("age", "expected"), [(INSIDE, deny("tr_row", None, guess=True)), (AT_THE_LIMIT, Proceed(guess=True))]
)
def test_a_row_of_unknown_amount_is_denied_inside_the_limit(age: timedelta, expected: InitiationDecision) -> None:
    assert decide(row(age=age, tr_row=Unanswered())) == expected


@pytest.mark.parametrize(
    ("age", "policy", "expected"),
    [
        (INSIDE, POLICY, "supersede"),
        (INSIDE, DENY, "deny"),
        (AT_THE_LIMIT, POLICY, "proceed"),
    ],
)
def test_a_guess_about_another_amount_cancels_nothing(age: timedelta, policy: GatePolicy, expected: str) -> None:
    attempt = an_attempt(money=OTHER_PRICE, age=age)
    outcomes: dict[str, InitiationDecision] = {
        "supersede": supersede("tr_own", guess=True),
        "deny": deny("tr_own", attempt, guess=True),
        "proceed": Proceed(guess=True),
    }

    assert decide(own(attempt, tr_own=Unanswered()), policy) == outcomes[expected]


@pytest.mark.parametrize("state", [S.AUTHORIZED, S.PAID, S.HELD])
def test_recorded_money_is_believed_for_ever(state: AttemptState) -> None:
    attempt = an_attempt(state, age=timedelta(days=400))

    assert decide(own(attempt, tr_own=Unanswered())) == paid("tr_own", attempt, guess=True)


@pytest.mark.parametrize("status", sorted(PAID_STATUSES))
def test_money_in_the_modules_row_is_believed_for_ever(status: str) -> None:
    assert decide(row(status=status, age=timedelta(days=400), tr_row=Unanswered())) == paid("tr_row", None, guess=True)


def test_the_limits_are_the_policys() -> None:
    policy = GatePolicy(pending_limit=timedelta(minutes=5), reservation_lifetime=timedelta(seconds=5))

    assert decide(own(an_attempt(age=timedelta(minutes=5)), tr_own=Unanswered()), policy) == Proceed(guess=True)
    assert decide(own(an_attempt(S.RESERVED, None, age=timedelta(seconds=5))), policy) == Proceed()


# --- the order of the rules: facts in which all later ones apply, too -------------------------------------------------


def everything() -> InitiationFacts:
    """An order, money, a live payment of the same amount, one of another, and a reservation, all at once."""
    attempts = (
        an_attempt(S.OPEN, "tr_paid", attempt_id="paid"),
        an_attempt(S.OPEN, "tr_same", attempt_id="same"),
        an_attempt(S.OPEN, "tr_other", attempt_id="other", money=OTHER_PRICE),
        replace(RESERVED, id="reserved"),
    )
    truths = {
        "tr_paid": observed("paid", "tr_paid"),
        "tr_same": observed("open", "tr_same"),
        "tr_other": observed("open", "tr_other", money=OTHER_PRICE),
    }
    return replace(NOW, replay=OWN, view=a_view(orders=(an_order(),)), attempts=attempts, truths=truths)


def without(facts: InitiationFacts, *attempt_ids: str) -> InitiationFacts:
    return replace(facts, attempts=tuple(a for a in facts.attempts if a.id not in attempt_ids))


def test_each_rule_goes_before_all_that_follow() -> None:
    facts = everything()
    order = [type(decide(facts))]
    facts = replace(facts, replay=None)
    order.append(type(decide(facts)))
    facts = replace(facts, view=a_view())
    order.append(type(decide(replace(facts, truths={k: v for k, v in facts.truths.items() if k != "tr_other"}))))
    order.append(type(decide(facts)))
    facts = without(facts, "paid")
    order.append(type(decide(facts)))
    facts = without(facts, "same")
    order.append(type(decide(facts)))
    facts = without(facts, "other")
    order.append(type(decide(facts)))
    order.append(type(decide(without(facts, "reserved"))))

    assert order == [Replay, AlreadyOrdered, AskMollie, AlreadyPaid, Resume, Supersede, InProgress, Proceed]


# --- whatever the facts -----------------------------------------------------------------------------------------------

ages = st.sampled_from([0, 59, 60, 1799, 1800, 3299, 3300, 10**6]).map(lambda seconds: timedelta(seconds=seconds))
moneys = st.sampled_from([PRICE, OTHER_PRICE, replace(PRICE, currency="USD")])
transactions = st.sampled_from(["tr_1", "tr_2", "tr_3"])
attempts = st.builds(
    lambda state, transaction, money, age, key: an_attempt(
        state, transaction, attempt_id=f"attempt-{transaction}", money=money, age=age, mollie_key=key
    ),
    st.sampled_from(S),
    st.none() | transactions,
    moneys,
    ages,
    st.none() | st.just("key-at-mollie"),
)
observations: st.SearchStrategy[Observation] = st.one_of(
    st.just(Gone()),
    st.just(Unanswered()),
    st.builds(
        lambda status, money, back, cancelable: observed(
            status, "tr_1", money=money, refunded=back, cancelable=cancelable
        ),
        st.sampled_from(PaymentStatus),
        moneys,
        st.sampled_from([0, 1, 1440, 9999]),
        st.booleans(),
    ),
)
rows = st.builds(
    lambda transaction, status, age: a_row(transaction, status, age=age),
    transactions,
    st.sampled_from(["open", "pending", *sorted(PAID_STATUSES | ENDED_STATUSES)]),
    ages,
)
policies = st.builds(
    GatePolicy, same_amount=st.sampled_from(SameAmountPolicy), changed_cart=st.sampled_from(ChangedCartPolicy)
)
any_facts = st.builds(
    lambda money, orders, payments, own_attempts, truths, uncancelable, by_bridge: replace(
        NOW,
        money=money,
        view=a_view(orders=orders, payments=tuple(payments)),
        attempts=tuple(own_attempts),
        truths={tr: replace(t, transaction_id=tr) if hasattr(t, "transaction_id") else t for tr, t in truths.items()},
        uncancelable=uncancelable,
        creates_at_mollie=by_bridge,
    ),
    moneys,
    st.sampled_from([(), (), (), (an_order(),)]),
    st.lists(rows, max_size=3, unique_by=lambda payment: payment.transaction_id),
    st.lists(attempts, max_size=4, unique_by=lambda attempt: attempt.id),
    st.dictionaries(transactions, observations),
    st.frozensets(transactions),
    st.booleans(),
)


@given(any_facts, policies)
@settings(max_examples=50, deadline=None)
def test_there_is_a_decision_for_all_facts(facts: InitiationFacts, policy: GatePolicy) -> None:
    decision = decide(facts, policy)

    if isinstance(decision, AskMollie):
        assert set(decision.transaction_ids).isdisjoint(facts.truths), "what was asked is not asked again"


@given(any_facts, policies)
@settings(max_examples=50, deadline=None)
@pytest.mark.req("P1")
def test_a_payment_is_allowed_only_where_nothing_known_can_still_be_paid_or_gives_way(
    facts: InitiationFacts, policy: GatePolicy
) -> None:
    decision = decide(facts, policy)
    believed_live = {
        attempt.transaction_id
        for attempt in facts.attempts
        if attempt.state in LIVE
        and attempt.transaction_id
        and getattr(facts.truths.get(attempt.transaction_id), "is_live", False)
    }

    if isinstance(decision, Proceed):
        assert not believed_live
    if isinstance(decision, Supersede):
        assert believed_live <= set(decision.transaction_ids)
        assert set(decision.cancel) <= set(decision.transaction_ids) - facts.uncancelable
