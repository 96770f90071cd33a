"""The contract of attempts: one live attempt per cart, one attempt per transaction, no change overwritten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.domain.attempt import AttemptState
from bridge.domain.cart import CartRef
from bridge.domain.errors import Conflict
from bridge.domain.money import Money
from bridge.ports.ledger import CartTransaction, Ledger
from tests.contract.ledger_builders import (
    CART,
    NOW,
    OTHER_CART,
    a_dead_attempt,
    add,
    adding,
    an_attempt,
    store,
)


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
        ledger.in_cart(CART, adding(an_attempt(), an_attempt()))
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

    def replace_it(tx: CartTransaction) -> None:
        tx.save_attempt(old.moved(AttemptState.SUPERSEDED, NOW))
        tx.add_attempt(new)

    ledger.in_cart(CART, replace_it)
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


def _live_id(ledger: Ledger) -> str | None:
    state = ledger.find_state(CART)
    assert state is not None
    return state.live_attempt_id
