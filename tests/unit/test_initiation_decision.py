"""Deciding an initiation: the whole table, the order of its rules, the guesses by the clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.attempt import DEAD, LIVE, Attempt, AttemptState
from bridge.domain.initiation import (
    AlreadyOrdered,
    AlreadyPaid,
    AskMollie,
    ChangedCartPolicy,
    Deny,
    GatePolicy,
    InitiationDecision,
    InitiationFacts,
    InProgress,
    Proceed,
    Recover,
    Replay,
    Resume,
    SameAmountPolicy,
    Supersede,
    decide_initiation,
)
from bridge.domain.observed import Gone, Observation, PaymentStatus, Unanswered
from bridge.domain.shop import ENDED_STATUSES, PAID_STATUSES
from tests.fakes.clock import START
from tests.unit.builders import OTHER_PRICE, PRICE, a_row, a_view, an_attempt, an_order, checkout, observed

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


# --- the table, one line after the other ------------------------------------------------------------------------------


@pytest.mark.req("L1")
def test_a_used_key_is_answered_with_its_payment() -> None:
    assert decide(replace(NOW, replay=OWN)) == Replay(OWN)


@pytest.mark.req("P1")
def test_an_ordered_cart_is_not_paid_again() -> None:
    first, second = an_order(1, "FIRST"), an_order(2, "SECOND")

    assert decide(replace(NOW, view=a_view(orders=(first, second)))) == AlreadyOrdered(first)


def test_nothing_is_decided_before_mollie_was_asked() -> None:
    assert decide(own(OWN)) == AskMollie(("tr_own",))
    assert decide(row()) == AskMollie(("tr_row",))


def test_own_payments_are_asked_about_first_and_the_newest_before_the_older() -> None:
    older = an_attempt(S.PAID, "tr_older", attempt_id="older")
    view = a_view(payments=(a_row("tr_first"), a_row("tr_own"), a_row("tr_second")))

    facts = replace(NOW, attempts=(older, OWN), view=view, truths={"tr_older": Gone()})

    assert decide(facts) == AskMollie(("tr_own", "tr_second", "tr_first"))


@pytest.mark.parametrize("state", [S.OPEN, S.PENDING, S.AUTHORIZED, S.PAID, S.HELD, S.UNCERTAIN])
def test_mollie_is_asked_about_what_may_stand_in_the_way(state: AttemptState) -> None:
    assert decide(own(an_attempt(state))) == AskMollie(("tr_own",))


@pytest.mark.parametrize("state", sorted(DEAD | {S.SUPERSEDED, S.SURPLUS}))
@pytest.mark.req("P9")
def test_mollie_is_not_asked_about_what_does_not_stand_in_the_way(state: AttemptState) -> None:
    assert decide(own(an_attempt(state))) == Proceed()


@pytest.mark.parametrize("status", sorted(ENDED_STATUSES))
def test_a_row_that_the_module_ended_does_not_stand_in_the_way(status: str) -> None:
    assert decide(row(status=status)) == Proceed()


@pytest.mark.parametrize("state", sorted(DEAD | {S.SUPERSEDED, S.SURPLUS}))
def test_an_attempt_knows_better_than_the_modules_row(state: AttemptState) -> None:
    facts = own(an_attempt(state, "tr_row"))

    assert decide(replace(facts, view=a_view(payments=(ROW,)))) == Proceed()


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("open", resume("tr_own", OWN)),
        ("pending", resume("tr_own", OWN)),
        ("authorized", paid("tr_own", OWN)),
        ("paid", paid("tr_own", OWN)),
        ("canceled", Proceed()),
        ("expired", Proceed()),
        ("failed", Proceed()),
    ],
)
@pytest.mark.req("P1", "B2")
def test_what_mollie_says_of_the_live_attempt_decides(status: str, expected: InitiationDecision) -> None:
    assert decide(own(OWN, tr_own=observed(status))) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("open", resume("tr_row", None)),
        ("pending", resume("tr_row", None)),
        ("authorized", paid("tr_row", None)),
        ("paid", paid("tr_row", None)),
        ("canceled", Proceed()),
        ("expired", Proceed()),
        ("failed", Proceed()),
    ],
)
@pytest.mark.req("P1", "B2")
def test_what_mollie_says_of_a_payment_made_without_the_bridge_decides(
    status: str, expected: InitiationDecision
) -> None:
    assert decide(row(tr_row=observed(status, "tr_row"))) == expected


@pytest.mark.parametrize("age", [INSIDE, AT_THE_LIMIT, timedelta(days=12)])
@pytest.mark.req("B2")
def test_a_payable_payment_is_caught_whatever_its_age(age: timedelta) -> None:
    old = an_attempt(age=age)

    assert decide(own(old, tr_own=observed("open"))) == resume("tr_own", old)
    assert decide(row(age=age, tr_row=observed("open", "tr_row"))) == resume("tr_row", None)


def test_money_that_was_given_back_does_not_stand_in_the_way() -> None:
    back = observed("paid", refunded=1000, charged_back=440)

    assert decide(own(an_attempt(S.PAID), tr_own=back)) == Proceed()


def test_money_that_was_given_back_in_part_still_pays_the_cart() -> None:
    attempt = an_attempt(S.PAID)

    assert decide(own(attempt, tr_own=observed("paid", refunded=1439))) == paid("tr_own", attempt)


def test_a_payment_that_mollie_does_not_know_does_not_stand_in_the_way() -> None:
    assert decide(own(OWN, tr_own=Gone())) == Proceed()
    assert decide(row(tr_row=Gone())) == Proceed()


@pytest.mark.parametrize("state", [S.AUTHORIZED, S.PAID])
def test_recorded_money_stands_even_when_mollie_does_not_know_the_payment(state: AttemptState) -> None:
    """A key of the other mode, or of another account, answers 404: the shopper must not pay for that a second time."""
    attempt = an_attempt(state)

    assert isinstance(decide(own(attempt, tr_own=Gone())), AlreadyPaid)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [(POLICY, resume("tr_own", OWN)), (DENY, resume("tr_own", OWN)), (BLOCK, deny("tr_own", OWN))],
)
@pytest.mark.req("B3")
def test_the_same_amount_is_resumed_unless_the_policy_blocks(policy: GatePolicy, expected: InitiationDecision) -> None:
    assert decide(own(OWN, tr_own=observed("open")), policy) == expected


def test_a_live_payment_without_a_page_can_only_be_named() -> None:
    pending = replace(observed("pending"), checkout_url=None)

    assert decide(own(OWN, tr_own=pending)) == deny("tr_own", OWN)


def test_amounts_are_compared_before_the_modules_payment_fee() -> None:
    with_fee = observed("open", money=OTHER_PRICE)

    assert decide(own(OWN, tr_own=with_fee)) == resume("tr_own", OWN)


@pytest.mark.parametrize(
    ("cancelable", "policy", "expected"),
    [
        (True, POLICY, supersede("tr_own", cancel=True)),
        (False, POLICY, supersede("tr_own")),
        (True, BLOCK, supersede("tr_own", cancel=True)),
        (True, DENY, "deny"),
        (False, DENY, "deny"),
    ],
)
@pytest.mark.req("B3")
def test_a_changed_cart_supersedes_unless_the_policy_denies(
    cancelable: bool, policy: GatePolicy, expected: InitiationDecision | str
) -> None:
    other = an_attempt(money=OTHER_PRICE)
    facts = own(other, tr_own=observed("open", money=OTHER_PRICE, cancelable=cancelable))

    assert decide(facts, policy) == (deny("tr_own", other) if expected == "deny" else expected)


def test_the_same_number_in_another_currency_is_another_amount() -> None:
    dollars = replace(PRICE, currency="USD")

    assert decide(own(an_attempt(money=dollars), tr_own=observed("open", money=dollars))) == supersede("tr_own")


def test_a_cancellation_that_was_refused_is_not_tried_again() -> None:
    facts = own(an_attempt(money=OTHER_PRICE), tr_own=observed("open", money=OTHER_PRICE, cancelable=True))

    assert decide(replace(facts, uncancelable=frozenset({"tr_own"}))) == supersede("tr_own")


def test_all_live_payments_of_another_amount_give_way_together() -> None:
    facts = replace(
        own(an_attempt(money=OTHER_PRICE), tr_own=observed("open", money=OTHER_PRICE, cancelable=True)),
        view=a_view(payments=(ROW,)),
    )
    other = observed("open", "tr_row", money=OTHER_PRICE)

    decision = decide(replace(facts, truths={**facts.truths, "tr_row": other}))

    assert decision == Supersede(transaction_ids=("tr_own", "tr_row"), cancel=("tr_own",), guess=False)


@pytest.mark.parametrize("by_bridge", [False, True])
@pytest.mark.parametrize("policy", [POLICY, BLOCK, DENY])
def test_a_fresh_reservation_is_waited_for(policy: GatePolicy, by_bridge: bool) -> None:
    assert decide(replace(own(RESERVED), creates_at_mollie=by_bridge), policy) == InProgress(RESERVED)


@pytest.mark.parametrize(("seconds", "stands"), [(59, True), (60, False), (61, False)])
def test_a_reservation_stands_for_its_lifetime(seconds: int, stands: bool) -> None:
    reserved = an_attempt(S.RESERVED, None, age=timedelta(seconds=seconds))

    assert decide(own(reserved)) == (InProgress(reserved) if stands else Proceed())


@pytest.mark.parametrize(
    ("state", "age", "asked_by_bridge", "own_key", "money", "expected"),
    [
        (S.RESERVED, 59, True, True, PRICE, "InProgress"),
        (S.RESERVED, 60, True, True, PRICE, "Recover"),
        (S.RESERVED, 60, False, True, PRICE, "Proceed"),
        (S.RESERVED, 60, True, False, PRICE, "Proceed"),
        (S.RESERVED, 60, True, True, OTHER_PRICE, "Proceed"),
        (S.UNCERTAIN, 0, True, True, PRICE, "Recover"),
        (S.UNCERTAIN, 3299, True, True, PRICE, "Recover"),
        (S.UNCERTAIN, 3300, True, True, PRICE, "Proceed"),
        (S.UNCERTAIN, 0, False, True, PRICE, "Proceed"),
        (S.UNCERTAIN, 0, True, True, OTHER_PRICE, "Proceed"),
    ],
)
@pytest.mark.req("B9")
def test_an_uncertain_creation_is_found_out_under_its_key(
    state: AttemptState, age: int, asked_by_bridge: bool, own_key: bool, money: object, expected: str
) -> None:
    attempt = an_attempt(
        state,
        None,
        age=timedelta(seconds=age),
        mollie_key="key-at-mollie" if own_key else None,
        money=PRICE if money == PRICE else OTHER_PRICE,
    )
    decision = decide(replace(own(attempt), creates_at_mollie=asked_by_bridge))

    assert type(decision).__name__ == expected
    if isinstance(decision, InProgress | Recover):
        assert decision.attempt == attempt


@pytest.mark.req("P1")
def test_a_cart_without_anything_may_be_paid() -> None:
    assert decide(NOW) == Proceed()


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
