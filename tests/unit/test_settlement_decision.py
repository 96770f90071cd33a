"""Deciding a settlement: the whole table, the order of its rules, and what holds whatever the facts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.attempt import Attempt, AttemptState, advance
from bridge.domain.observed import Gone, ObservedPayment, PaymentStatus
from bridge.domain.settlement import (
    PASSED_ON,
    Hold,
    Ignore,
    RecordOnly,
    Settle,
    SettlementDecision,
    SettlementFacts,
    Surplus,
    Unknown,
    Unmatched,
    Update,
    decide_settlement,
    state_after,
)
from bridge.domain.shop import OrderOwner, OwnedBy, OwnedElsewhere, OwnerUnknown
from tests.unit.builders import OTHER_PRICE, PRICE, an_attempt, observed

S = AttemptState
MONEY = ["paid", "authorized"]
NO_MONEY = ["open", "pending", "canceled", "expired", "failed"]

FREE = SettlementFacts(cart_known=True)
BY_THIS = replace(FREE, settled_transaction_id="tr_own")
BY_OTHER = replace(FREE, settled_transaction_id="tr_other")
ORDER_OF_THIS = replace(FREE, order_owner=OwnedBy("tr_own"))
ORDER_OF_OTHER = replace(FREE, order_owner=OwnedBy("tr_other"))
ORDER_ELSEWHERE = replace(FREE, order_owner=OwnedElsewhere("ps_wirepayment"))
ORDER_OF_NOBODY = replace(FREE, order_owner=OwnerUnknown())
GOING_BACK = replace(FREE, way_back="refund-1")
LIVE_SAME = an_attempt(S.OPEN, "tr_live", attempt_id="live")
LIVE_OTHER = an_attempt(S.OPEN, "tr_live", attempt_id="live", money=OTHER_PRICE)


def table(facts: SettlementFacts, statuses: list[str], decision: SettlementDecision) -> list[object]:
    return [pytest.param(status, facts, decision, id=f"{status}-{type(decision).__name__}") for status in statuses]


@pytest.mark.parametrize(
    ("status", "facts", "expected"),
    [
        # not settled, nothing live
        *table(FREE, MONEY, Settle()),
        *table(FREE, NO_MONEY, Update()),
        # settled by this transaction
        *table(BY_THIS, MONEY + NO_MONEY, Update()),
        # settled by another
        *table(BY_OTHER, MONEY, Surplus("tr_other")),
        *table(BY_OTHER, NO_MONEY, Ignore()),
        # not settled here, and the shop has an order
        *table(ORDER_OF_THIS, MONEY, Settle()),
        *table(ORDER_OF_THIS, NO_MONEY, Update()),
        *table(ORDER_OF_OTHER, MONEY, Surplus("tr_other")),
        *table(ORDER_OF_OTHER, NO_MONEY, Ignore()),
        *table(ORDER_ELSEWHERE, MONEY, Surplus("module:ps_wirepayment")),
        *table(ORDER_ELSEWHERE, NO_MONEY, Ignore()),
        *table(ORDER_OF_NOBODY, MONEY, Settle()),
        *table(ORDER_OF_NOBODY, NO_MONEY, Ignore()),
        # beside a live attempt
        *table(replace(FREE, live=LIVE_SAME), MONEY, Settle()),
        *table(replace(FREE, live=LIVE_SAME), NO_MONEY, Update()),
        *table(replace(FREE, live=LIVE_OTHER), MONEY, Hold("live")),
        *table(replace(FREE, live=LIVE_OTHER), NO_MONEY, Update()),
        # settled by another that was never verified, and the order was made with this one (or with a third)
        *table(replace(BY_OTHER, made_with="tr_own"), MONEY, Settle()),
        *table(replace(BY_OTHER, made_with="tr_own"), NO_MONEY, Ignore()),
        *table(replace(BY_OTHER, made_with="tr_third"), MONEY, Surplus("tr_other")),
        *table(replace(BY_OTHER, made_with="tr_own", way_back="refund-1"), MONEY, Surplus("tr_other")),
        # all of its money may be on its way back
        *table(GOING_BACK, MONEY, Hold("refund-1")),
        *table(GOING_BACK, NO_MONEY, Update()),
        *table(replace(GOING_BACK, order_owner=OwnerUnknown()), MONEY, Hold("refund-1")),
        *table(replace(BY_THIS, way_back="refund-1"), MONEY + NO_MONEY, Update()),
        *table(replace(ORDER_OF_THIS, way_back="refund-1"), MONEY, Settle()),
        *table(replace(BY_OTHER, way_back="refund-1"), MONEY, Surplus("tr_other")),
        *table(replace(GOING_BACK, live=LIVE_SAME), MONEY, Hold("refund-1")),
        *table(replace(GOING_BACK, live=LIVE_OTHER), MONEY, Hold("live")),
        # a cart that the shop does not know
        *table(SettlementFacts(cart_known=False), MONEY + NO_MONEY, Unmatched()),
    ],
)
@pytest.mark.req("B4", "B5", "P3")
def test_status_and_cart_decide(status: str, facts: SettlementFacts, expected: SettlementDecision) -> None:
    assert decide_settlement(observed(status), facts) == expected


@pytest.mark.parametrize("facts", [FREE, BY_THIS, BY_OTHER, ORDER_ELSEWHERE, SettlementFacts(cart_known=False)])
def test_what_mollie_does_not_know_is_unknown_whatever_the_cart(facts: SettlementFacts) -> None:
    assert decide_settlement(Gone(), facts) == Unknown()


# --- the order of the rules -------------------------------------------------------------------------------------------


def test_the_ledgers_word_goes_before_the_shops() -> None:
    facts = replace(BY_THIS, order_owner=OwnedBy("tr_other"))

    assert decide_settlement(observed("paid"), facts) == Update()
    assert decide_settlement(observed("paid", "tr_other"), facts) == Surplus("tr_own")


@pytest.mark.parametrize("facts", [BY_OTHER, ORDER_OF_OTHER, ORDER_ELSEWHERE])
def test_money_for_a_settled_cart_is_surplus_even_beside_a_live_attempt(facts: SettlementFacts) -> None:
    assert isinstance(decide_settlement(observed("paid"), replace(facts, live=LIVE_OTHER)), Surplus)


def test_the_settlers_own_news_does_not_wait_for_a_live_attempt() -> None:
    assert decide_settlement(observed("paid"), replace(BY_THIS, live=LIVE_OTHER)) == Update()
    assert decide_settlement(observed("paid"), replace(ORDER_OF_THIS, live=LIVE_OTHER)) == Settle()


def test_a_transaction_that_is_the_live_attempt_waits_for_nothing() -> None:
    itself = an_attempt(S.OPEN, "tr_own", attempt_id="live", money=OTHER_PRICE)

    assert decide_settlement(observed("paid"), replace(FREE, live=itself, attempt=itself)) == Settle()


# --- what was given back ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("refunded", "charged_back"), [(1440, 0), (0, 1440), (1000, 440), (2000, 0)])
@pytest.mark.parametrize(
    ("facts", "expected"),
    [(BY_OTHER, RecordOnly()), (ORDER_OF_OTHER, RecordOnly()), (BY_THIS, Update()), (ORDER_OF_THIS, Update())],
)
@pytest.mark.req("B4")
def test_the_refund_of_a_surplus_payment_is_only_written_down(
    refunded: int, charged_back: int, facts: SettlementFacts, expected: SettlementDecision
) -> None:
    assert decide_settlement(observed("paid", refunded=refunded, charged_back=charged_back), facts) == expected


def test_a_surplus_payment_that_is_given_back_in_part_stays_surplus() -> None:
    assert decide_settlement(observed("paid", refunded=1439), BY_OTHER) == Surplus("tr_other")


def test_money_that_was_given_back_does_not_settle_a_cart() -> None:
    assert decide_settlement(observed("paid", refunded=1440), FREE) != Settle()


# --- amounts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attempt", "live", "expected"),
    [
        (an_attempt(S.OPEN), LIVE_SAME, Settle()),
        (an_attempt(S.OPEN), LIVE_OTHER, Hold("live")),
        (an_attempt(S.SUPERSEDED), LIVE_SAME, Settle()),
        (an_attempt(S.SUPERSEDED), LIVE_OTHER, Hold("live")),
        (an_attempt(S.SUPERSEDED), None, Settle()),
        (an_attempt(S.HELD), LIVE_OTHER, Hold("live")),
        (an_attempt(S.HELD), LIVE_SAME, Settle()),
        (an_attempt(S.HELD), None, Settle()),
        (an_attempt(S.EXPIRED), None, Settle()),
        (an_attempt(S.OPEN, money=OTHER_PRICE), LIVE_OTHER, Settle()),
        (None, LIVE_SAME, Settle()),
        (None, LIVE_OTHER, Hold("live")),
        (an_attempt(S.OPEN), an_attempt(S.RESERVED, None, attempt_id="new", money=OTHER_PRICE), Hold("new")),
        (an_attempt(S.OPEN), an_attempt(S.UNCERTAIN, None, attempt_id="new", money=OTHER_PRICE), Hold("new")),
        (an_attempt(S.OPEN), an_attempt(S.OPEN, "tr_usd", money=replace(PRICE, currency="USD")), Hold("attempt-own")),
    ],
)
@pytest.mark.req("B3")
def test_money_waits_while_a_live_attempt_has_another_amount(
    attempt: Attempt | None, live: Attempt | None, expected: SettlementDecision
) -> None:
    assert decide_settlement(observed("paid"), replace(FREE, attempt=attempt, live=live)) == expected


def test_the_modules_payment_fee_makes_no_other_amount() -> None:
    facts = replace(FREE, attempt=an_attempt(S.SUPERSEDED), live=LIVE_SAME)

    assert decide_settlement(observed("paid", money=OTHER_PRICE), facts) == Settle()


# --- what the attempt becomes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decision", "status", "state"),
    [
        (Settle(), "paid", S.PAID),
        (Settle(), "authorized", S.AUTHORIZED),
        (Update(), "expired", S.EXPIRED),
        (Update(), "pending", S.PENDING),
        (Hold("live"), "paid", S.HELD),
        (Surplus("tr_other"), "paid", S.SURPLUS),
        (Surplus("tr_other"), "authorized", S.SURPLUS),
        (Ignore(), "canceled", S.CANCELED),
    ],
)
def test_the_attempt_becomes_what_was_decided(decision: SettlementDecision, status: str, state: AttemptState) -> None:
    assert state_after(decision, observed(status)) is state


@pytest.mark.parametrize("decision", [Update(), RecordOnly()])
def test_an_attempt_whose_money_is_all_back_is_refunded(decision: SettlementDecision) -> None:
    assert state_after(decision, observed("paid", refunded=1440)) is S.REFUNDED


# --- whatever the facts -----------------------------------------------------------------------------------------------

ids = st.sampled_from(["tr_own", "tr_other"])
moneys = st.sampled_from([PRICE, OTHER_PRICE])
owners: st.SearchStrategy[OrderOwner | None] = st.one_of(
    st.none(), st.builds(OwnedBy, ids), st.just(OwnedElsewhere("ps_wirepayment")), st.just(OwnerUnknown())
)
payments = st.builds(
    lambda status, money, refunded: observed(status, money=money, refunded=refunded),
    st.sampled_from(PaymentStatus),
    moneys,
    st.sampled_from([0, 1, 1440, 5000]),
)
own_attempts = st.builds(lambda state, money: an_attempt(state, money=money), st.sampled_from(S), moneys)
live_attempts = st.builds(
    lambda state, transaction, money: an_attempt(state, transaction, attempt_id="live", money=money),
    st.sampled_from([S.RESERVED, S.OPEN, S.PENDING, S.UNCERTAIN]),
    st.sampled_from([None, "tr_own", "tr_live"]),
    moneys,
)
any_facts = st.builds(
    SettlementFacts,
    cart_known=st.booleans(),
    settled_transaction_id=st.none() | ids,
    attempt=st.none() | own_attempts,
    live=st.none() | live_attempts,
    way_back=st.none() | st.just("refund-1"),
    order_owner=owners,
)


@given(st.just(Gone()) | payments, any_facts)
@settings(max_examples=50, deadline=None)
def test_there_is_a_decision_for_all_facts(payment: ObservedPayment | Gone, facts: SettlementFacts) -> None:
    decision = decide_settlement(payment, facts)

    if isinstance(payment, ObservedPayment):
        assert isinstance(state_after(decision, payment), AttemptState)


@given(payments, any_facts)
@settings(max_examples=50, deadline=None)
@pytest.mark.req("B4", "B5")
def test_of_a_settled_cart_the_shop_hears_the_settlers_news_alone(
    payment: ObservedPayment, facts: SettlementFacts
) -> None:
    decision = decide_settlement(payment, facts)

    if facts.settled_transaction_id not in (None, payment.transaction_id):
        assert not isinstance(decision, PASSED_ON)
    if facts.settled_transaction_id is not None:
        assert not isinstance(decision, Settle), "a cart is settled once"


@given(payments, any_facts)
@settings(max_examples=50, deadline=None)
def test_only_money_settles_is_held_or_is_surplus(payment: ObservedPayment, facts: SettlementFacts) -> None:
    if isinstance(decide_settlement(payment, facts), Settle | Hold | Surplus):
        assert payment.money_in


@given(payments, any_facts)
@settings(max_examples=50, deadline=None)
def test_money_for_a_known_cart_settles_waits_or_is_surplus(payment: ObservedPayment, facts: SettlementFacts) -> None:
    if payment.money_in and facts.cart_known:
        decision = decide_settlement(payment, facts)
        assert isinstance(decision, Settle | Hold | Surplus) or facts.settled_transaction_id == payment.transaction_id


@given(payments, any_facts, st.lists(payments, max_size=5))
@settings(max_examples=50, deadline=None)
@pytest.mark.req("B5")
def test_no_later_news_takes_a_settled_attempt_back(
    first: ObservedPayment, facts: SettlementFacts, later: list[ObservedPayment]
) -> None:
    state = S.PAID
    settled = replace(facts, settled_transaction_id=first.transaction_id)
    for payment in later:
        state = advance(state, state_after(decide_settlement(payment, settled), payment))

    assert state in (S.PAID, S.REFUNDED)


@given(payments, any_facts)
@settings(max_examples=50, deadline=None)
@pytest.mark.req("P3")
def test_money_that_may_be_on_its_way_back_makes_no_order(payment: ObservedPayment, facts: SettlementFacts) -> None:
    decision = decide_settlement(payment, replace(facts, way_back="refund-1"))

    if isinstance(decision, Settle):
        assert facts.order_owner == OwnedBy(payment.transaction_id), "its order is there already"
