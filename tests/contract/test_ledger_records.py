"""The contract of everything that the ledger keeps beside carts and attempts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.adapters.ledger import SqlLedger
from bridge.adapters.ledger.engine import WRITES
from bridge.adapters.migrations import HEAD
from bridge.domain.cart import CartRef
from bridge.domain.errors import Conflict, ForeignCart, KeyReused, TablesDiffer
from bridge.domain.money import Money
from bridge.domain.records import DeliveryState, IdempotencyRecord, KeyState, Refund, RefundState
from bridge.ports.ledger import CartTransaction, Ledger
from tests.contract.ledger_backends import PREFIX, at_once, engine_for
from tests.contract.ledger_builders import (
    CART,
    NOW,
    OTHER_CART,
    a_delivery,
    a_key,
    a_lease,
    a_refund,
    an_attempt,
    an_entry,
    auditing,
)
from tests.fakes.shop import FakeShop

SECOND = timedelta(seconds=1)


def find_key(ledger: Ledger, key: str = "key-1", scope: str = "payments") -> IdempotencyRecord | None:
    return ledger.in_cart(CART, lambda tx: tx.find_key(scope, key, NOW))


def save_refund(ledger: Ledger, refund: Refund) -> None:
    ledger.in_cart(CART, lambda tx: tx.save_refund(refund))


def save_key(ledger: Ledger, record: IdempotencyRecord) -> None:
    ledger.in_cart(CART, lambda tx: tx.save_key(record))


@pytest.mark.req("L1")
@pytest.mark.req("L13")
def test_a_key_and_its_answer_are_stored(ledger: Ledger) -> None:
    first = a_key()
    save_key(ledger, first)
    assert find_key(ledger) == first
    done = replace(first, state=KeyState.DONE, locked_until=None, status=201, body='{"data": "é"}')
    save_key(ledger, done)
    assert find_key(ledger) == done


def test_keys_differ_by_case_and_by_scope(ledger: Ledger) -> None:
    save_key(ledger, a_key("Key"))
    assert find_key(ledger, "key") is None
    assert find_key(ledger, "Key", scope="refunds") is None


@pytest.mark.req("L1")
def test_an_expired_key_counts_as_absent_and_is_replaced(ledger: Ledger) -> None:
    save_key(ledger, a_key(expires_at=NOW))
    fresh = a_key(fingerprint="0" * 64)

    def work(tx: CartTransaction) -> None:
        assert tx.find_key("payments", "key-1", NOW) is None
        tx.save_key(fresh)

    ledger.in_cart(CART, work)
    assert find_key(ledger) == fresh


@pytest.mark.req("L1")
def test_a_key_of_another_request_is_not_overwritten(ledger: Ledger) -> None:
    first = a_key()
    save_key(ledger, first)
    with pytest.raises(KeyReused):
        save_key(ledger, a_key(fingerprint="0" * 64))
    assert find_key(ledger) == first


@pytest.mark.req("L1")
def test_one_key_on_many_carts_at_once_is_stored_once(ledger: Ledger) -> None:
    def use(number: int) -> str | None:
        mine = a_key()

        def work(tx: CartTransaction) -> str | None:
            found = tx.find_key("payments", "key-1", NOW)
            if found is not None:
                return found.attempt_id
            tx.save_key(mine)
            return mine.attempt_id

        return ledger.in_cart(CartRef(shop_id=1, cart_id=number + 1), work)

    answers = at_once(8, use)
    stored = find_key(ledger)
    assert stored is not None
    assert set(answers) == {stored.attempt_id}


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


@pytest.mark.req("L8")
def test_refunds_are_found_by_transaction_and_by_state_oldest_first(ledger: Ledger) -> None:
    young = a_refund(created_at=NOW + SECOND)
    old = a_refund(reason="für den Kunden", money=Money(currency="EUR", minor=0))
    other = a_refund(transaction_id="tr_second", state=RefundState.SENT, created_at=NOW - SECOND)
    for refund in (young, old, other):
        save_refund(ledger, refund)
    assert ledger.in_cart(CART, lambda tx: tx.refunds("tr_first")) == (old, young)
    assert ledger.queues.refunds_in(frozenset({RefundState.QUEUED, RefundState.SENT}), 2) == (other, old)
    assert ledger.queues.refunds_in(frozenset(), 9) == ()


@pytest.mark.req("L8")
def test_a_refunds_new_state_takes_the_place_of_the_old_one(ledger: Ledger) -> None:
    refund = a_refund()
    save_refund(ledger, refund)
    sent = replace(refund, state=RefundState.SENT, mollie_refund_id="re_1", last_error="503", updated_at=NOW + SECOND)
    save_refund(ledger, sent)
    assert ledger.in_cart(CART, lambda tx: tx.refunds("tr_first")) == (sent,)


@pytest.mark.req("L8")
def test_a_refunds_idempotency_key_is_its_own(ledger: Ledger) -> None:
    refund = a_refund()
    save_refund(ledger, refund)
    with pytest.raises(Conflict):
        ledger.in_cart(OTHER_CART, lambda tx: tx.save_refund(a_refund(key=refund.key)))


@pytest.mark.req("L15")
def test_the_newest_audit_entries_of_a_cart_are_listed_oldest_first(ledger: Ledger) -> None:
    first, second = an_entry("first"), an_entry("second", attempt_id="a" * 36, transaction_id="tr_1")
    third = an_entry("third", detail={"guess": True, "amount": "14.40", "age": 3, "method": None, "name": "Zoë"})
    ledger.audit(first)
    ledger.audit(an_entry("elsewhere", OTHER_CART))
    ledger.audit(an_entry("nowhere", cart=None))
    ledger.in_cart(CART, auditing(second, third))
    assert ledger.audit_of(CART, 9) == (first, second, third)
    assert ledger.audit_of(CART, 2) == (second, third)


def test_pruning_takes_what_is_expired_and_nothing_else(ledger: Ledger) -> None:
    save_key(ledger, a_key("expired", expires_at=NOW))
    save_key(ledger, a_key("valid", expires_at=NOW + SECOND))
    entry = an_entry(at=NOW)
    ledger.in_cart(CART, auditing(*[an_entry(at=NOW - SECOND)] * 1200, entry))
    assert ledger.queues.prune(NOW, audit_before=NOW, deliveries_before=NOW) == 1201
    assert ledger.queues.prune(NOW, audit_before=NOW, deliveries_before=NOW) == 0
    assert ledger.audit_of(CART, 9) == (entry,)
    assert find_key(ledger, "valid") is not None


@pytest.mark.req("P6")
def test_leases_are_found_by_token_and_listed_oldest_first(ledger: Ledger) -> None:
    old, young = a_lease("old"), a_lease("young", taken_at=NOW + SECOND)
    for cart, lease in ((CART, young), (OTHER_CART, old)):
        ledger.in_cart(cart, lambda tx, lease=lease: tx.save_state(replace(tx.state, lease=lease)))  # type: ignore[misc]
    found = ledger.find_leased("young")
    assert found is not None
    assert (found.cart, found.lease) == (CART, young)
    assert [state.cart for state in ledger.leased()] == [OTHER_CART, CART]
    ledger.in_cart(CART, lambda tx: tx.save_state(replace(tx.state, lease=None)))
    assert ledger.find_leased("young") is None


def test_a_lease_token_names_one_cart(ledger: Ledger) -> None:
    ledger.in_cart(CART, lambda tx: tx.save_state(replace(tx.state, lease=a_lease("same"))))
    with pytest.raises(Conflict):
        ledger.in_cart(OTHER_CART, lambda tx: tx.save_state(replace(tx.state, lease=a_lease("same"))))


def test_a_ledger_that_is_there_answers(ledger: Ledger) -> None:
    ledger.ping()


def test_a_ledger_of_another_version_says_so(tmp_path: Path) -> None:
    with engine_for(f"sqlite:///{tmp_path / 'bridge.db'}") as engine:
        ledger = SqlLedger(engine, PREFIX, lambda _: FakeShop())
        ledger.ping()
        with engine.execution_options(**{WRITES: True}).begin() as connection:
            connection.exec_driver_sql("UPDATE ps_molbridge_version SET version_num = '0001'")
        with pytest.raises(TablesDiffer, match=f"are of version 0001, and this program needs version {HEAD}"):
            ledger.ping()
        with engine.execution_options(**{WRITES: True}).begin() as connection:
            connection.exec_driver_sql("DROP TABLE ps_molbridge_version")
        with pytest.raises(TablesDiffer, match="are not there"):
            ledger.ping()


def test_the_shop_is_read_inside_a_transaction_and_outside(ledger: Ledger) -> None:
    assert ledger.shop.find_cart(42) is None
    assert ledger.in_cart(CART, lambda tx: tx.shop.find_cart(42)) is None


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


@pytest.mark.req("L1")
def test_a_key_of_another_cart_is_found_by_a_cart_that_is_new(ledger: Ledger) -> None:
    taken = a_key()
    ledger.in_cart(OTHER_CART, lambda tx: tx.save_key(taken))

    def work(tx: CartTransaction) -> IdempotencyRecord | None:
        found = tx.find_key("payments", "key-1", NOW)
        if found is None:
            tx.add_attempt(an_attempt())
            tx.save_key(a_key(expires_at=NOW + SECOND))
        return found

    assert ledger.in_cart(CART, work) == taken
    assert ledger.attempts_of(CART) == ()


@pytest.mark.req("L1")
def test_a_new_cart_replaces_another_carts_expired_key(ledger: Ledger) -> None:
    ledger.in_cart(OTHER_CART, lambda tx: tx.save_key(a_key(expires_at=NOW)))
    fresh = a_key(fingerprint="0" * 64)

    def work(tx: CartTransaction) -> None:
        assert tx.find_key("payments", "key-1", NOW) is None
        tx.save_key(fresh)

    ledger.in_cart(CART, work)
    assert find_key(ledger) == fresh


@pytest.mark.req("L1")
def test_what_a_new_cart_refuses_comes_after_what_its_key_says(ledger: Ledger) -> None:
    ledger.in_cart(OTHER_CART, lambda tx: tx.save_key(a_key()))

    def work(tx: CartTransaction) -> None:
        if tx.find_key("payments", "key-1", NOW) is not None:
            raise KeyReused("used for another cart")
        raise ForeignCart("somebody else's")

    with pytest.raises(KeyReused):
        ledger.in_cart(CART, work)
