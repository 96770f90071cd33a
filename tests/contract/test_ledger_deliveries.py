"""The contract of deliveries: what is due, who gets it, what is covered, and what was passed on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.domain.records import DeliveryState
from bridge.ports.ledger import Ledger
from tests.contract.ledger_backends import at_once
from tests.contract.ledger_builders import (
    CART,
    NOW,
    SECOND,
    a_delivery,
)


def test_a_delivery_comes_back_with_all_that_it_had(ledger: Ledger) -> None:
    delivery = a_delivery(
        cart=CART,
        query="fc=module&module=mollie&controller=webhook&security_token=abc",
        tries=3,
        seen_status="paid",
        seen_refunded=500,
        seen_charged_back=0,
        decision="settle",
        last_error="the shop answered 500: " + "ä" * 5000,
    )
    ledger.save_delivery(delivery)
    assert ledger.find_delivery(delivery.id) == delivery
    done = replace(delivery, state=DeliveryState.DONE, next_try_at=None)
    ledger.in_cart(CART, lambda tx: tx.save_delivery(done))
    assert ledger.find_delivery(delivery.id) == done


@pytest.mark.req("B6")
def test_due_deliveries_come_oldest_first_up_to_the_limit(ledger: Ledger) -> None:
    late, early, later = (a_delivery(received_at=NOW - SECOND * n) for n in (2, 3, 1))
    for delivery in (late, early, later, a_delivery(next_try_at=NOW + SECOND)):
        ledger.save_delivery(delivery)
    assert ledger.queues.due_deliveries(NOW, 2) == (early, late)
    assert ledger.queues.due_deliveries(NOW, 9) == (early, late, later)


@pytest.mark.req("B6")
@pytest.mark.parametrize("state", list(DeliveryState))
def test_a_delivery_is_due_until_it_is_done_or_dead(ledger: Ledger, state: DeliveryState) -> None:
    ledger.save_delivery(a_delivery(state=state))
    is_due = bool(ledger.queues.due_deliveries(NOW, 1))
    assert is_due is (state not in {DeliveryState.DONE, DeliveryState.DEAD})


def test_a_delivery_without_a_next_try_does_not_wait_for_ever(ledger: Ledger) -> None:
    delivery = a_delivery(next_try_at=None)
    ledger.save_delivery(delivery)
    assert ledger.queues.due_deliveries(NOW, 1) == (delivery,)


def test_a_claimed_delivery_is_due_again_when_its_time_is_up(ledger: Ledger) -> None:
    delivery = a_delivery()
    ledger.save_delivery(delivery)
    claimed = ledger.queues.claim_delivery(delivery.id, NOW, NOW + SECOND)
    assert claimed == replace(delivery, state=DeliveryState.WORKING, next_try_at=NOW + SECOND, updated_at=NOW, tries=1)
    assert ledger.queues.claim_delivery(delivery.id, NOW, NOW + SECOND) is None
    assert ledger.queues.due_deliveries(NOW, 9) == ()
    assert ledger.queues.claim_delivery(delivery.id, NOW + SECOND, NOW + 2 * SECOND) is not None


def test_what_is_done_or_unknown_can_not_be_claimed(ledger: Ledger) -> None:
    done = a_delivery(state=DeliveryState.DONE)
    ledger.save_delivery(done)
    assert ledger.queues.claim_delivery(done.id, NOW, NOW + SECOND) is None
    assert ledger.queues.claim_delivery("unknown", NOW, NOW + SECOND) is None


@pytest.mark.req("B6")
def test_one_of_many_gets_a_delivery(ledger: Ledger) -> None:
    delivery = a_delivery()
    ledger.save_delivery(delivery)
    claims = at_once(8, lambda _: ledger.queues.claim_delivery(delivery.id, NOW, NOW + SECOND))
    assert [claim is not None for claim in claims].count(True) == 1


# --- what is covered, and what was passed on --------------------------------------------------------------------------


@pytest.mark.req("B6")
def test_a_delivery_that_is_done_covers_the_older_ones_of_its_payment_that_failed(ledger: Ledger) -> None:
    done = a_delivery(state=DeliveryState.DONE, received_at=NOW)
    older = [
        a_delivery(state=state, received_at=NOW - SECOND, last_error="the shop answered 500")
        for state in (DeliveryState.FAILED, DeliveryState.DEAD, DeliveryState.WORKING, DeliveryState.RECEIVED)
    ]
    newer = a_delivery(state=DeliveryState.DEAD, received_at=NOW + SECOND)
    another = a_delivery(transaction_id="tr_other", state=DeliveryState.DEAD, received_at=NOW - SECOND)
    for each in (done, *older, newer, another):
        ledger.save_delivery(each)

    assert ledger.queues.cover(done, NOW + SECOND) == 2

    found = [ledger.find_delivery(each.id) for each in (*older, newer, another)]
    assert [each.state.value for each in found if each] == ["done", "done", "working", "received", "dead", "dead"]
    assert [each.last_error for each in found[:2] if each] == [f"covered by delivery {done.id}"] * 2
    assert ledger.find_delivery(done.id) == done


@pytest.mark.req("B6")
def test_news_counts_as_passed_on_only_when_the_shop_has_heard_it_and_that_is_done(ledger: Ledger) -> None:
    news = {"seen_status": "paid", "seen_refunded": 0, "seen_charged_back": 0}
    this = a_delivery(**news)

    def passed_on(at: int, **changes: object) -> bool:
        values = {"state": DeliveryState.DONE, "passed_on": True, "updated_at": NOW + at * SECOND, **news, **changes}
        ledger.save_delivery(a_delivery(**values))
        return ledger.in_cart(CART, lambda tx: tx.was_passed_on(this))

    ledger.save_delivery(replace(this, state=DeliveryState.DONE, passed_on=True))
    assert not passed_on(1, passed_on=False)
    assert not passed_on(2, state=DeliveryState.FAILED)
    assert not passed_on(3, seen_refunded=1)
    assert not passed_on(4, seen_charged_back=1)
    assert not passed_on(5, seen_status="authorized")
    assert passed_on(6)


@pytest.mark.req("B6", "L8")
def test_news_that_was_heard_before_the_last_is_news_again(ledger: Ledger) -> None:
    """A refund that Mollie took and could not do in the end leaves the payment as it was before."""
    for at, refunded in enumerate((0, 500)):
        heard = a_delivery(
            seen_status="paid", seen_refunded=refunded, seen_charged_back=0, updated_at=NOW + at * SECOND
        )
        ledger.save_delivery(replace(heard, state=DeliveryState.DONE, passed_on=True))
    again = a_delivery(seen_status="paid", seen_refunded=0, seen_charged_back=0)

    assert not ledger.in_cart(CART, lambda tx: tx.was_passed_on(again))
