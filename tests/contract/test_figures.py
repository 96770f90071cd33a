"""What the back office and the merchant's page count, counted the same on every database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bridge.domain.attempt import Attempt, AttemptState
from bridge.domain.cart import CartRef, OrderPhase
from bridge.domain.days import Begun, Decided, Ordered
from bridge.domain.money import Money
from bridge.domain.records import AuditEntry, RefundState
from bridge.domain.surplus import SURPLUS_KEY
from bridge.ports.figures import News, Unreturned
from tests.contract.figures_backends import Counted
from tests.contract.ledger_builders import (
    CART,
    OTHER_CART,
    SECOND,
    a_delivery,
    a_refund,
    an_attempt,
    save_refunds,
    store,
)

pytestmark = pytest.mark.req("B13")

TODAY = date(2026, 3, 1)
YESTERDAY = date(2026, 2, 28)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
LONG_AGO = MIDNIGHT - timedelta(days=30)
TOMORROW = MIDNIGHT + timedelta(days=1)


def decided(event: str, decision: str, *, transaction_id: str | None = None, at: datetime = NOON) -> AuditEntry:
    detail: dict[str, str | int | bool | None] = {"decision": decision, "amount": "1"}
    return AuditEntry(at=at, event=event, cart=CART, transaction_id=transaction_id, detail=detail)


def uuid7(at: datetime, number: int) -> str:
    """The id of an attempt that was made then."""
    milliseconds = f"{int(at.timestamp() * 1000):012x}"
    return f"{milliseconds[:8]}-{milliseconds[8:]}-7000-8000-{number:012x}"


def made(number: int, state: AttemptState, at: datetime = NOON, **changes: object) -> Attempt:
    """An attempt of a cart of its own."""
    cart = CartRef(shop_id=1, cart_id=100 + number)
    return replace(
        an_attempt(cart, state, id=uuid7(at, number), created_at=at, updated_at=at, transaction_id=f"tr_{number}"),
        **changes,  # type: ignore[arg-type]
    )


def by_name(found: tuple[Decided, ...]) -> list[Decided]:
    return sorted(found, key=lambda one: (one.day, one.decision, one.transaction_id or ""))


@pytest.mark.req("L15")
def test_what_stood_in_the_way_is_counted_by_day_guarded_and_watched_together(counted: Counted) -> None:
    for entry in (
        decided("initiation.decided", "Resume", transaction_id="tr_1"),
        decided("initiation.observed", "Resume", transaction_id="tr_2"),
        decided("initiation.decided", "AlreadyOrdered", at=MIDNIGHT - SECOND),
        decided("initiation.decided", "Proceed"),
        decided("settlement.decided", "Settle", transaction_id="tr_1"),
        AuditEntry(at=NOON, event="order.verified", cart=CART),
    ):
        counted.ledger.audit(entry)

    assert by_name(counted.figures.decided(LONG_AGO, TOMORROW)) == [
        Decided(day=YESTERDAY, decision="AlreadyOrdered", count=1),
        Decided(day=TODAY, decision="Resume", count=2),
    ]


def test_the_beginning_of_a_window_is_in_it_and_its_end_is_not(counted: Counted) -> None:
    for at in (MIDNIGHT - SECOND, MIDNIGHT, TOMORROW - timedelta(microseconds=1), TOMORROW):
        counted.ledger.audit(decided("initiation.decided", "Resume", at=at))

    assert [one.count for one in counted.figures.decided(MIDNIGHT, TOMORROW)] == [2]


@pytest.mark.req("B4")
def test_surplus_payments_are_named_one_by_one_also_those_of_carts_that_are_only_watched(counted: Counted) -> None:
    for event, transaction_id in (("decided", "tr_2"), ("decided", "tr_2"), ("observed", "tr_3")):
        counted.ledger.audit(decided(f"settlement.{event}", "Surplus", transaction_id=transaction_id))

    found = counted.figures.decided(LONG_AGO, TOMORROW)

    assert {one.transaction_id: one.count for one in found} == {"tr_2": 2, "tr_3": 1}
    assert {one.decision for one in found} == {"Surplus"}


def test_the_money_of_a_payment_is_what_was_charged_not_what_the_cart_was_worth(counted: Counted) -> None:
    store(counted.ledger, made(1, AttemptState.SURPLUS, charged=Money(currency="EUR", minor=1500)))
    store(counted.ledger, made(2, AttemptState.SURPLUS, money=Money(currency="JPY", minor=1440)))

    assert counted.figures.money_of(["tr_1", "tr_2", "tr_9"]) == {"tr_1": ("EUR", 1500), "tr_2": ("JPY", 1440)}
    assert counted.figures.money_of([]) == {}


@pytest.mark.req("B4")
def test_refunds_of_surplus_payments_are_told_from_others(counted: Counted) -> None:
    counted.ledger.in_cart(OTHER_CART, lambda tx: tx.save_state(replace(tx.state, settled_transaction_id="tr_settled")))
    by_hand = a_refund(cart=OTHER_CART, transaction_id="tr_second", key="refund-1", state=RefundState.REFUNDED)
    of_the_order = a_refund(cart=OTHER_CART, transaction_id="tr_settled", key="refund-2", state=RefundState.REFUNDED)
    for refund in (
        a_refund(key=f"{SURPLUS_KEY}1", state=RefundState.REFUNDED),
        a_refund(key=f"{SURPLUS_KEY}2", state=RefundState.QUEUED),
        a_refund(key=f"{SURPLUS_KEY}3", state=RefundState.REFUNDED, updated_at=LONG_AGO - SECOND),
        a_refund(key="refund-3", state=RefundState.REFUNDED),
        a_refund(key=f"{SURPLUS_KEY}4", state=RefundState.REFUNDED, money=Money(currency="JPY", minor=700)),
    ):
        save_refunds(counted.ledger, refund)
    for refund in (by_hand, of_the_order):
        counted.ledger.in_cart(OTHER_CART, lambda tx, one=refund: tx.save_refund(one))  # type: ignore[misc]

    found = counted.figures.given_back(LONG_AGO)

    sums = {
        currency: (sum(one.count for one in of), sum(one.minor for one in of))
        for currency in ("EUR", "JPY")
        for of in [[one for one in found if one.currency == currency]]
    }
    assert sums == {"EUR": (2, 1000), "JPY": (1, 700)}
    assert {one.day for one in found} == {TODAY}


def test_payments_are_counted_by_the_day_of_their_beginning_and_their_state_now(counted: Counted) -> None:
    for attempt in (
        made(1, AttemptState.PAID, at=MIDNIGHT - SECOND, updated_at=NOON),
        made(2, AttemptState.PAID, at=MIDNIGHT),
        made(3, AttemptState.PAID),
        made(4, AttemptState.OPEN),
        made(5, AttemptState.EXPIRED, at=LONG_AGO - SECOND),
        made(6, AttemptState.OPEN, at=TOMORROW),
    ):
        store(counted.ledger, attempt)

    found = counted.figures.begun(LONG_AGO, TOMORROW)

    assert sorted(found, key=lambda one: (one.day, one.state)) == [
        Begun(day=YESTERDAY, state=AttemptState.PAID, count=1),
        Begun(day=TODAY, state=AttemptState.OPEN, count=1),
        Begun(day=TODAY, state=AttemptState.PAID, count=2),
    ]


def test_the_days_of_payments_that_have_changed_are_known(counted: Counted) -> None:
    for attempt in (
        made(1, AttemptState.EXPIRED, at=MIDNIGHT - SECOND, updated_at=NOON),
        made(2, AttemptState.REFUNDED, at=LONG_AGO, updated_at=NOON - SECOND),
        made(3, AttemptState.PAID, at=NOON),
        made(4, AttemptState.OPEN, at=NOON),
    ):
        store(counted.ledger, attempt)

    assert counted.figures.changed(NOON) == {YESTERDAY, TODAY}
    assert counted.figures.changed(NOON + SECOND) == frozenset()


def test_a_change_to_any_state_is_noticed(counted: Counted) -> None:
    days = {MIDNIGHT - timedelta(days=number): state for number, state in enumerate(AttemptState)}
    for number, (at, state) in enumerate(days.items()):
        store(counted.ledger, made(number, state, at=at, updated_at=NOON))

    assert counted.figures.changed(NOON) == {at.date() for at in days}


@pytest.mark.req("P10")
def test_an_order_took_as_long_as_from_its_payment_to_its_verification(counted: Counted) -> None:
    first, second = made(1, AttemptState.PAID), made(2, AttemptState.PAID)
    for attempt, seconds in ((first, 12), (second, 90)):
        store(counted.ledger, attempt)
        counted.ledger.audit(
            AuditEntry(
                at=NOON + timedelta(seconds=seconds), event="order.verified", cart=attempt.cart, attempt_id=attempt.id
            )
        )
    counted.ledger.audit(AuditEntry(at=NOON, event="order.mismatch", cart=first.cart, attempt_id=first.id))
    counted.ledger.audit(AuditEntry(at=NOON, event="order.verified", cart=CART, attempt_id=uuid7(NOON, 99)))

    found = sorted(counted.figures.ordered(LONG_AGO, TOMORROW), key=lambda one: one.seconds)
    assert found == [Ordered(day=TODAY, seconds=12, count=1), Ordered(day=TODAY, seconds=90, count=1)]


@pytest.mark.req("B4")
def test_money_that_is_not_given_back_is_added_up_for_each_currency_apart(counted: Counted) -> None:
    for attempt in (
        made(1, AttemptState.SURPLUS),
        made(2, AttemptState.HELD, money=Money(currency="EUR", minor=100)),
        made(3, AttemptState.SURPLUS, money=Money(currency="USD", minor=900)),
        made(4, AttemptState.PAID),
        made(5, AttemptState.SURPLUS),
    ):
        store(counted.ledger, attempt)
    partly = a_refund(transaction_id="tr_1", state=RefundState.SENT)
    refused = a_refund(transaction_id="tr_1", state=RefundState.FAILED)
    wholly = a_refund(transaction_id="tr_5", state=RefundState.REFUNDED, money=Money(currency="EUR", minor=1440))
    for refund in (partly, refused, wholly):
        save_refunds(counted.ledger, refund)

    assert counted.figures.unreturned() == (
        Unreturned(currency="EUR", payments=2, minor=1440 - 500 + 100),
        Unreturned(currency="USD", payments=1, minor=900),
    )


def test_a_cart_whose_order_does_not_verify_counts_after_a_while(counted: Counted) -> None:
    for number, phase in ((1, OrderPhase.STARTED), (2, OrderPhase.DONE)):
        attempt = made(number, AttemptState.PAID)
        store(counted.ledger, attempt)
        counted.ledger.in_cart(
            attempt.cart,
            lambda tx, phase=phase, number=number: tx.save_state(  # type: ignore[misc]
                replace(tx.state, settled_transaction_id=f"tr_{number}", order_phase=phase)
            ),
        )

    assert counted.figures.unverified(NOON) == 0
    assert counted.figures.unverified(NOON + SECOND) == 1


def test_the_last_news_is_the_newest_delivery(counted: Counted) -> None:
    assert counted.figures.find_news() is None

    counted.ledger.save_delivery(a_delivery(received_at=NOON, source="shim"))
    counted.ledger.save_delivery(a_delivery(received_at=NOON - SECOND))

    assert counted.figures.find_news() == News(at=NOON, source="shim")
