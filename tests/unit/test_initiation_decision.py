"""Deciding an initiation: the whole table, the order of its rules, the guesses by the clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.domain.attempt import DEAD, AttemptState
from bridge.domain.gate_policy import GatePolicy
from bridge.domain.initiation import (
    AlreadyOrdered,
    AlreadyPaid,
    AskMollie,
    InitiationDecision,
    InProgress,
    Proceed,
    Recover,
    Replay,
    Supersede,
)
from bridge.domain.observed import Gone
from bridge.domain.shop import ENDED_STATUSES
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
    ROW,
    S,
    decide,
    deny,
    own,
    paid,
    resume,
    row,
    supersede,
)


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
