"""Deciding a settlement: the whole table, and the order of its rules."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.domain.attempt import Attempt, AttemptState
from bridge.domain.observed import Gone
from bridge.domain.settlement import (
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
from bridge.domain.shop import OwnedBy, OwnerUnknown
from tests.unit.builders import OTHER_PRICE, PRICE, an_attempt, observed
from tests.unit.settlement_facts import (
    BY_OTHER,
    BY_THIS,
    FREE,
    GOING_BACK,
    LIVE_OTHER,
    LIVE_SAME,
    MONEY,
    NO_MONEY,
    ORDER_ELSEWHERE,
    ORDER_OF_NOBODY,
    ORDER_OF_OTHER,
    ORDER_OF_THIS,
    S,
)


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
