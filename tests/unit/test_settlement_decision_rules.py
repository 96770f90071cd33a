"""Deciding a settlement: what holds whatever the facts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.attempt import AttemptState, advance
from bridge.domain.observed import Gone, ObservedPayment
from bridge.domain.settlement import (
    PASSED_ON,
    Hold,
    Settle,
    SettlementFacts,
    Surplus,
    decide_settlement,
    state_after,
)
from bridge.domain.shop import OwnedBy
from tests.unit.settlement_facts import (
    S,
    any_facts,
    payments,
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
