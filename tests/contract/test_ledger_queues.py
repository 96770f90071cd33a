"""The contract of the queues of deliveries and refunds: what is due, and who gets it, on every ledger alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from bridge.domain.cart import CartRef
from bridge.domain.errors import Conflict
from bridge.domain.money import Money
from bridge.domain.records import Delivery, DeliveryState, RefundKind, RefundState
from bridge.ports.ledger import Ledger
from tests.contract.ledger_backends import at_once
from tests.contract.ledger_builders import (
    CART,
    HOUR,
    LATER,
    NOW,
    OTHER_CART,
    SECOND,
    a_delivery,
    a_refund,
    save_deliveries,
    save_refunds,
    stored,
)

D, R = DeliveryState, RefundState


# --- deliveries that wait ---------------------------------------------------------------------------------------------


@pytest.mark.req("B6")
@pytest.mark.parametrize(("state", "waits"), [(D.RECEIVED, 1), (D.FAILED, 1), (D.WORKING, 0), (D.DONE, 0), (D.DEAD, 0)])
def test_only_what_nobody_works_on_waits(ledger: Ledger, state: DeliveryState, waits: int) -> None:
    delivery = a_delivery(state=state, next_try_at=LATER, last_error="500")
    save_deliveries(ledger, delivery)

    hastened = ledger.queues.hasten_waiting("tr_first", NOW)
    assert hastened == (replace(delivery, next_try_at=NOW) if waits else None)
    taken = ledger.queues.take_waiting("tr_first", NOW, LATER)
    assert taken == (replace(delivery, state=D.WORKING, next_try_at=LATER, updated_at=NOW, tries=1) if waits else None)
    assert ledger.queues.take_waiting("tr_first", NOW, LATER) is None
    assert ledger.queues.hasten_waiting("tr_first", NOW) is None


@pytest.mark.req("B6")
def test_the_oldest_that_waits_is_taken_and_another_payments_never(ledger: Ledger) -> None:
    young, old = a_delivery(), a_delivery(received_at=NOW - SECOND)
    busy = a_delivery(received_at=NOW - HOUR, state=D.WORKING)
    save_deliveries(ledger, young, old, busy, a_delivery(transaction_id="TR_FIRST", received_at=NOW - HOUR))

    taken = [ledger.queues.take_waiting("tr_first", NOW, LATER) for _ in range(3)]

    assert [each.id if each else None for each in taken] == [old.id, young.id, None]


@pytest.mark.req("B6", "B4")
def test_one_of_many_takes_what_waits(ledger: Ledger) -> None:
    save_deliveries(ledger, a_delivery())
    taken = at_once(8, lambda _: ledger.queues.take_waiting("tr_first", NOW, LATER))

    assert [each is not None for each in taken].count(True) == 1


@pytest.mark.req("B6", "B4")
def test_taking_up_and_claiming_at_once_one_of_them_gets_it(ledger: Ledger) -> None:
    delivery = a_delivery()
    save_deliveries(ledger, delivery)

    def take(number: int) -> Delivery | None:
        if number % 2:
            return ledger.queues.take_waiting("tr_first", NOW, LATER)
        return ledger.queues.claim_delivery(delivery.id, NOW, LATER)

    got = [each for each in at_once(8, take) if each is not None]
    assert [(each.id, each.tries) for each in got] == [(delivery.id, 1)]


@pytest.mark.req("B6", "B4")
def test_making_due_and_claiming_at_once_loses_nothing(ledger: Ledger) -> None:
    """Whatever the order: it is being worked on by one, or due for the next."""
    delivery = a_delivery()
    save_deliveries(ledger, delivery)

    def work(number: int) -> Delivery | None:
        if number % 2:
            ledger.queues.hasten_waiting("tr_first", NOW)
            return None
        return ledger.queues.claim_delivery(delivery.id, NOW, LATER)

    got = [each for each in at_once(8, work) if each is not None]
    assert len(got) == 1
    assert stored(ledger, delivery) == replace(delivery, state=D.WORKING, next_try_at=LATER, updated_at=NOW, tries=1)


# --- replays ----------------------------------------------------------------------------------------------------------


@pytest.mark.req("B6")
@pytest.mark.parametrize("state", list(D))
def test_a_delivery_is_opened_again_unless_somebody_works_on_it(ledger: Ledger, state: DeliveryState) -> None:
    delivery = a_delivery(state=state, tries=30, next_try_at=None, cart=CART, query="a=b", passed_on=True)
    save_deliveries(ledger, delivery)
    opened = ledger.queues.reopen_delivery(delivery.id, LATER)

    if state is D.WORKING:
        assert opened is None
        assert stored(ledger, delivery) == delivery
        return
    assert opened is not None
    assert opened == stored(ledger, delivery)
    assert (opened.state, opened.source, opened.tries, opened.next_try_at) == (D.RECEIVED, "replay", 0, LATER)
    assert (opened.cart, opened.query, opened.received_at) == (CART, "a=b", delivery.received_at)


def test_what_is_unknown_is_not_opened(ledger: Ledger) -> None:
    assert ledger.queues.reopen_delivery("unknown", NOW) is None
    assert ledger.queues.reopen_delivery("ünknöwn", NOW) is None


@pytest.mark.req("B6")
def test_deliveries_are_listed_by_state_and_cart_oldest_first(ledger: Ledger) -> None:
    young, old = a_delivery(state=D.DEAD, cart=CART), a_delivery(state=D.FAILED, cart=CART, received_at=NOW - SECOND)
    other = a_delivery(state=D.DEAD, cart=OTHER_CART, received_at=NOW - HOUR)
    foreign = a_delivery(state=D.DEAD, cart=CartRef(shop_id=2, cart_id=42), received_at=NOW - 2 * HOUR)
    save_deliveries(ledger, young, old, other, foreign, a_delivery(state=D.DONE, cart=CART))
    states = frozenset({D.DEAD, D.FAILED})

    assert ledger.queues.deliveries_in(states, 9) == (foreign, other, old, young)
    assert ledger.queues.deliveries_in(states, 2) == (foreign, other)
    assert ledger.queues.deliveries_in(states, 9, cart=CART) == (old, young)
    assert ledger.queues.deliveries_in(frozenset(), 9) == ()


# --- refunds ----------------------------------------------------------------------------------------------------------


@pytest.mark.req("L8", "P3")
@pytest.mark.parametrize("state", list(R))
def test_a_refund_is_due_while_it_is_not_finished(ledger: Ledger, state: RefundState) -> None:
    refund = a_refund(state=state, next_try_at=NOW)
    save_refunds(ledger, refund)
    is_due = state in {R.QUEUED, R.SENT, R.UNCERTAIN}

    assert ledger.queues.due_refunds(NOW, 9) == ((refund,) if is_due else ())
    claimed = ledger.queues.claim_refund(refund.id, NOW, LATER)
    assert claimed == (replace(refund, next_try_at=LATER, tries=1) if is_due else None)


@pytest.mark.req("L8", "P3")
def test_refunds_are_due_in_their_order_and_in_their_time(ledger: Ledger) -> None:
    young, old = a_refund(next_try_at=NOW), a_refund(created_at=NOW - SECOND, next_try_at=None)
    save_refunds(ledger, young, old, a_refund(next_try_at=NOW + SECOND, created_at=NOW - HOUR))

    assert ledger.queues.due_refunds(NOW, 9) == (old, young)
    assert ledger.queues.due_refunds(NOW, 1) == (old,)


@pytest.mark.req("L8", "B4")
def test_one_of_many_gets_a_refund_and_it_is_due_again_when_his_time_is_up(ledger: Ledger) -> None:
    refund = a_refund(next_try_at=NOW)
    save_refunds(ledger, refund)

    claims = at_once(8, lambda _: ledger.queues.claim_refund(refund.id, NOW, LATER))
    assert [claim is not None for claim in claims].count(True) == 1
    assert ledger.queues.due_refunds(LATER - SECOND, 9) == ()
    again = ledger.queues.claim_refund(refund.id, LATER, LATER + HOUR)
    assert again == replace(refund, tries=2, next_try_at=LATER + HOUR)


@pytest.mark.req("L8", "B9")
@pytest.mark.parametrize("state", list(R))
def test_what_mollie_took_is_looked_after_when_it_is_due_for_it(ledger: Ledger, state: RefundState) -> None:
    due, later = a_refund(state=state, next_try_at=NOW), a_refund(state=state, next_try_at=NOW + SECOND)
    save_refunds(ledger, due, later, a_refund(state=state, next_try_at=None))
    is_taken = state is R.REFUNDED

    assert ledger.queues.doubtful_refunds(NOW, 9) == ((due,) if is_taken else ())
    assert ledger.queues.claim_look(later.id, NOW, LATER) is None
    claimed = ledger.queues.claim_look(due.id, NOW, LATER)
    assert claimed == (replace(due, next_try_at=LATER) if is_taken else None)
    assert ledger.queues.claim_look(due.id, NOW, LATER) is None


@pytest.mark.req("L8", "B9")
def test_what_is_due_for_a_look_the_longest_comes_first(ledger: Ledger) -> None:
    late = a_refund(state=R.REFUNDED, next_try_at=NOW, created_at=NOW - HOUR)
    early = a_refund(state=R.REFUNDED, next_try_at=NOW - SECOND)
    save_refunds(ledger, late, early)

    assert ledger.queues.doubtful_refunds(NOW, 9) == (early, late)
    assert ledger.queues.doubtful_refunds(NOW, 1) == (early,)
    claims = at_once(8, lambda _: ledger.queues.claim_look(early.id, NOW, LATER))
    assert [claim is not None for claim in claims].count(True) == 1


@pytest.mark.req("L8", "P3")
def test_a_refund_comes_back_with_all_that_it_had(ledger: Ledger) -> None:
    refund = a_refund(
        kind=RefundKind.RELEASE,
        tries=7,
        next_try_at=LATER,
        mollie_refund_id="re_1",
        taken_at=NOW + SECOND,
        last_error="Mollie: größer als " + "x" * 900,
        money=Money(currency="JPY", minor=10**12),
    )
    save_refunds(ledger, refund)

    assert ledger.queues.find_refund(refund.id) == refund
    assert ledger.queues.find_refund("nobody") is None
    assert ledger.queues.find_refund("nöbody") is None


@pytest.mark.req("L8")
def test_a_refund_at_mollie_is_claimed_by_one_of_ours(ledger: Ledger) -> None:
    first, second = a_refund(mollie_refund_id="re_1"), a_refund()
    save_refunds(ledger, first, second, a_refund(), a_refund(mollie_refund_id=None))

    with pytest.raises(Conflict):
        save_refunds(ledger, replace(second, mollie_refund_id="re_1"))
    save_refunds(ledger, replace(first, state=R.REFUNDED))
    assert ledger.queues.find_refund(second.id) == second


@pytest.mark.req("L8", "B4")
def test_a_refund_at_mollie_is_claimed_by_one_of_many(ledger: Ledger) -> None:
    refunds = [a_refund(cart=CartRef(shop_id=1, cart_id=50 + number)) for number in range(6)]
    for refund in refunds:
        ledger.in_cart(refund.cart, lambda tx, refund=refund: tx.save_refund(refund))  # type: ignore[misc]

    def claim(number: int) -> bool:
        mine = replace(refunds[number], mollie_refund_id="re_1")
        try:
            ledger.in_cart(mine.cart, lambda tx: tx.save_refund(mine))
        except Conflict:
            return False
        return True

    assert at_once(6, claim).count(True) == 1


@pytest.mark.req("B6")
def test_what_is_taken_up_before_its_time_keeps_its_tries(ledger: Ledger) -> None:
    save_deliveries(ledger, a_delivery(state=D.FAILED, tries=3, next_try_at=NOW + HOUR))

    taken = ledger.queues.take_waiting("tr_first", NOW, LATER)

    assert taken is not None
    assert (taken.state, taken.tries, taken.next_try_at) == (D.WORKING, 3, LATER)
    assert taken.planned_at == NOW + HOUR
    assert stored(ledger, taken).planned_at is None


@pytest.mark.req("B6")
def test_what_is_taken_up_when_it_is_due_has_no_plan_left(ledger: Ledger) -> None:
    save_deliveries(ledger, a_delivery(state=D.FAILED, tries=3, next_try_at=NOW))

    taken = ledger.queues.take_waiting("tr_first", NOW, LATER)

    assert taken is not None
    assert (taken.tries, taken.planned_at) == (4, None)


@pytest.mark.req("B6")
@pytest.mark.parametrize(
    ("state", "tries", "due_at", "left"),
    [(D.FAILED, 3, NOW + HOUR, 2), (D.FAILED, 3, NOW, 3), (D.FAILED, 0, NOW + HOUR, 0), (D.RECEIVED, 0, NOW, 0)],
)
def test_what_is_made_due_before_its_time_gets_the_try_for_nothing(
    ledger: Ledger, state: DeliveryState, tries: int, due_at: datetime, left: int
) -> None:
    delivery = a_delivery(state=state, tries=tries, next_try_at=due_at)
    save_deliveries(ledger, delivery)

    hastened = ledger.queues.hasten_waiting("tr_first", NOW)

    assert hastened == replace(delivery, tries=left, next_try_at=NOW)
    assert ledger.queues.hasten_waiting("tr_first", NOW) == hastened
