"""The contract of `in_cart`: one locked cart, all or nothing, one live attempt."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.domain.attempt import AttemptState
from bridge.domain.cart import CartRef, CartState, OrderPhase
from bridge.domain.errors import Conflict
from bridge.domain.money import Money
from bridge.ports.ledger import CartTransaction, Ledger
from tests.contract.ledger_backends import at_once
from tests.contract.ledger_builders import (
    CART,
    NOW,
    OTHER_CART,
    a_dead_attempt,
    a_delivery,
    a_key,
    a_lease,
    a_refund,
    add,
    an_attempt,
    an_entry,
    raise_fence,
    store,
)


class Stop(Exception):
    """What a work raises to have its transaction rolled back."""


def test_a_cart_that_was_never_seen_is_version_0_and_has_no_row(ledger: Ledger) -> None:
    assert ledger.in_cart(CART, lambda tx: tx.state) == CartState(cart=CART)
    assert ledger.find_state(CART) is None


def test_reading_alone_writes_nothing(ledger: Ledger) -> None:
    ledger.in_cart(CART, raise_fence)
    before = ledger.find_state(CART)
    ledger.in_cart(CART, lambda tx: (tx.attempts(), tx.find_key("payments", "k", NOW), tx.save_state(tx.state)))
    assert ledger.find_state(CART) == before


def test_a_saved_row_comes_back_as_it_was(ledger: Ledger) -> None:
    state = CartState(
        cart=CART,
        fence=7,
        settled_transaction_id="tr_settled",
        order_phase=OrderPhase.STARTED,
        lease=a_lease(),
        version=0,
    )
    ledger.in_cart(CART, lambda tx: tx.save_state(state))
    assert ledger.find_state(CART) == replace(state, version=1)


def test_the_row_is_written_once_however_often_it_is_saved(ledger: Ledger) -> None:
    ledger.in_cart(CART, lambda tx: (raise_fence(tx), raise_fence(tx), tx.add_attempt(an_attempt())))
    state = ledger.find_state(CART)
    assert state is not None
    assert (state.fence, state.version) == (2, 1)


@pytest.mark.req("L11")
def test_version_and_live_attempt_are_the_ledgers_own(ledger: Ledger) -> None:
    ledger.in_cart(CART, lambda tx: tx.save_state(replace(tx.state, fence=1, version=99, live_attempt_id="x")))
    assert ledger.find_state(CART) == CartState(cart=CART, fence=1, version=1)


def test_the_work_sees_its_own_changes(ledger: Ledger) -> None:
    first, second = an_attempt(), a_dead_attempt()

    def work(tx: CartTransaction) -> None:
        tx.add_attempt(first)
        tx.add_attempt(second)
        tx.save_state(replace(tx.state, fence=5))
        assert tx.attempts() == (first, second)
        assert (tx.state.fence, tx.state.live_attempt_id) == (5, first.id)

    ledger.in_cart(CART, work)
    ledger.in_cart(CART, lambda tx: tx.save_attempt(tx.attempts()[0].moved(AttemptState.OPEN, NOW)))
    assert [attempt.state for attempt in ledger.attempts_of(CART)] == [AttemptState.OPEN, AttemptState.CANCELED]


@pytest.mark.req("L4")
@pytest.mark.req("L13")
def test_a_rolled_back_work_leaves_nothing(ledger: Ledger) -> None:
    attempt, delivery, refund, key = an_attempt(), a_delivery(), a_refund(), a_key()

    def work(tx: CartTransaction) -> None:
        raise_fence(tx)
        tx.add_attempt(attempt)
        tx.save_delivery(delivery)
        tx.save_refund(refund)
        tx.save_key(key)
        tx.audit(an_entry())
        raise Stop

    with pytest.raises(Stop):
        ledger.in_cart(CART, work)
    left = ledger.in_cart(
        CART, lambda tx: (tx.attempts(), tx.refunds("tr_first"), tx.find_key("payments", "key-1", NOW))
    )
    assert left == ((), (), None)
    assert ledger.find_state(CART) is None
    assert ledger.find_delivery(delivery.id) is None
    assert ledger.audit_of(CART, 10) == ()


def test_an_attempt_comes_back_with_all_that_it_had(ledger: Ledger) -> None:
    attempt = an_attempt(
        state=AttemptState.PAID,
        money=Money(currency="JPY", minor=10**12),
        method="bancontact",
        basket_hash="ab" * 32,
        transaction_id="tr_7UhSN1zuXS",
        checkout_url="https://www.mollie.com/checkout/" + "x" * 1500,
        mollie_key="k" * 36,
        mollie_request='{"description": "Bestellung für Zoë 🛒"}',
        expires_at=NOW + timedelta(minutes=15),
        processed_at=NOW + timedelta(microseconds=1),
    )
    store(ledger, attempt)
    assert ledger.find_attempt(attempt.id) == attempt
    assert ledger.find_attempt_by_transaction("tr_7UhSN1zuXS") == attempt
    assert ledger.attempts_of(CART) == (attempt,)


@pytest.mark.parametrize("wanted", ["", "unknown", "tr_ünknown", "x" * 500])
def test_what_is_not_there_is_none(ledger: Ledger, wanted: str) -> None:
    store(ledger, an_attempt())
    found = ledger.find_attempt(wanted), ledger.find_attempt_by_transaction(wanted), ledger.find_leased(wanted)
    assert found == (None, None, None)
    assert ledger.find_delivery(wanted) is None


def test_transaction_ids_differ_by_their_case(ledger: Ledger) -> None:
    add(ledger, a_dead_attempt(transaction_id="tr_aB"), a_dead_attempt(transaction_id="tr_Ab"))
    found = ledger.find_attempt_by_transaction("tr_Ab")
    assert found is not None
    assert found.transaction_id == "tr_Ab"


def test_attempts_are_listed_oldest_first(ledger: Ledger) -> None:
    young, old = a_dead_attempt(created_at=NOW + timedelta(hours=1)), a_dead_attempt(created_at=NOW)
    add(ledger, young, old)
    assert ledger.attempts_of(CART) == (old, young)
    assert ledger.in_cart(CART, lambda tx: tx.attempts()) == (old, young)


def test_the_row_names_the_live_attempt_until_it_ends(ledger: Ledger) -> None:
    attempt = an_attempt()
    store(ledger, attempt)
    assert _live_id(ledger) == attempt.id
    saved = ledger.in_cart(CART, lambda tx: tx.save_attempt(attempt.moved(AttemptState.OPEN, NOW)))
    assert _live_id(ledger) == attempt.id
    ledger.in_cart(CART, lambda tx: tx.save_attempt(saved.moved(AttemptState.PAID, NOW)))
    assert _live_id(ledger) is None


@pytest.mark.req("P12")
@pytest.mark.req("L11")
def test_a_cart_takes_no_second_live_attempt(ledger: Ledger) -> None:
    first = an_attempt()
    store(ledger, first)
    with pytest.raises(Conflict):
        store(ledger, an_attempt())
    assert ledger.attempts_of(CART) == (first,)


def test_nor_does_an_unseen_cart_take_two_in_one_transaction(ledger: Ledger) -> None:
    with pytest.raises(Conflict):
        ledger.in_cart(CART, lambda tx: (tx.add_attempt(an_attempt()), tx.add_attempt(an_attempt())))
    assert ledger.attempts_of(CART) == ()


def test_nor_does_a_dead_attempt_come_back_to_life_beside_a_live_one(ledger: Ledger) -> None:
    dead = a_dead_attempt()
    add(ledger, dead, an_attempt())
    with pytest.raises(Conflict):
        ledger.in_cart(CART, lambda tx: tx.save_attempt(replace(dead, state=AttemptState.OPEN)))


def test_any_number_of_attempts_that_are_not_live_stand_side_by_side(ledger: Ledger) -> None:
    add(ledger, a_dead_attempt(), a_dead_attempt(), an_attempt(), a_dead_attempt())
    assert len(ledger.attempts_of(CART)) == 4


def test_a_superseded_attempt_makes_room_in_the_same_transaction(ledger: Ledger) -> None:
    old, new = an_attempt(), an_attempt()
    store(ledger, old)
    ledger.in_cart(CART, lambda tx: (tx.save_attempt(old.moved(AttemptState.SUPERSEDED, NOW)), tx.add_attempt(new)))
    assert _live_id(ledger) == new.id


def test_carts_and_shops_do_not_share_their_live_attempt(ledger: Ledger) -> None:
    add(ledger, an_attempt(), an_attempt(OTHER_CART), an_attempt(CartRef(shop_id=2, cart_id=CART.cart_id)))
    assert len(ledger.attempts_of(CART)) == 1


def test_a_transaction_belongs_to_one_attempt(ledger: Ledger) -> None:
    other = an_attempt(OTHER_CART)
    add(ledger, an_attempt(transaction_id="tr_first"), other)
    with pytest.raises(Conflict):
        store(ledger, a_dead_attempt(transaction_id="tr_first"))
    with pytest.raises(Conflict):
        ledger.in_cart(OTHER_CART, lambda tx: tx.save_attempt(replace(other, transaction_id="tr_first")))


def test_an_attempt_is_added_once(ledger: Ledger) -> None:
    attempt = a_dead_attempt()
    store(ledger, attempt)
    with pytest.raises(Conflict):
        store(ledger, attempt)


def test_the_work_may_go_on_after_a_conflict(ledger: Ledger) -> None:
    add(ledger, an_attempt())
    other = a_dead_attempt()

    def work(tx: CartTransaction) -> None:
        with pytest.raises(Conflict):
            tx.add_attempt(an_attempt())
        tx.add_attempt(other)

    ledger.in_cart(CART, work)
    assert ledger.find_attempt(other.id) == other


@pytest.mark.req("L11")
def test_an_attempt_that_was_changed_meanwhile_is_not_overwritten(ledger: Ledger) -> None:
    read = an_attempt()
    store(ledger, read)
    ledger.in_cart(CART, lambda tx: tx.save_attempt(read.moved(AttemptState.OPEN, NOW)))
    with pytest.raises(Conflict):
        ledger.in_cart(CART, lambda tx: tx.save_attempt(read.moved(AttemptState.RELEASED, NOW)))
    found = ledger.find_attempt(read.id)
    assert found is not None
    assert (found.state, found.version) == (AttemptState.OPEN, 1)


def test_an_attempt_that_is_not_there_can_not_be_changed(ledger: Ledger) -> None:
    with pytest.raises(Conflict):
        ledger.in_cart(CART, lambda tx: tx.save_attempt(an_attempt()))


def test_a_transaction_on_one_cart_writes_no_other(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="cart 43"):
        ledger.in_cart(CART, lambda tx: tx.add_attempt(an_attempt(OTHER_CART)))
    with pytest.raises(ValueError, match="cart 43"):
        ledger.in_cart(CART, lambda tx: tx.save_state(CartState(cart=OTHER_CART)))


@pytest.mark.req("P12")
@pytest.mark.req("L13")
@pytest.mark.req("L16")
def test_of_16_at_once_on_a_new_cart_one_gets_its_live_attempt(ledger: Ledger) -> None:
    def reserve(tx: CartTransaction) -> str:
        if tx.state.live_attempt_id is None:
            tx.add_attempt(an_attempt())
        return str(tx.state.live_attempt_id)

    answers = at_once(16, lambda _: ledger.in_cart(CART, reserve))
    (only,) = ledger.attempts_of(CART)
    assert set(answers) == {only.id}


@pytest.mark.req("L2")
def test_no_update_is_lost(ledger: Ledger) -> None:
    fences = at_once(8, lambda _: [ledger.in_cart(CART, raise_fence) for _ in range(5)])
    assert sorted(fence for taken in fences for fence in taken) == list(range(1, 41))
    state = ledger.find_state(CART)
    assert state is not None
    assert (state.fence, state.version) == (40, 40)


def test_new_carts_at_once_do_not_get_in_each_others_way(ledger: Ledger) -> None:
    at_once(16, lambda number: store(ledger, an_attempt(CartRef(shop_id=1, cart_id=number + 1))))
    states = [ledger.find_state(CartRef(shop_id=1, cart_id=number + 1)) for number in range(16)]
    assert all(state is not None and state.live_attempt_id for state in states)


def _live_id(ledger: Ledger) -> str | None:
    state = ledger.find_state(CART)
    assert state is not None
    return state.live_attempt_id
