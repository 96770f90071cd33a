"""The contract of `in_cart`: one locked cart, all or nothing, whoever comes at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.domain.attempt import AttemptState
from bridge.domain.cart import CartRef, CartState, OrderPhase
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

    def look(tx: CartTransaction) -> None:
        tx.attempts()
        tx.find_key("payments", "k", NOW)
        tx.save_state(tx.state)

    ledger.in_cart(CART, look)
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
    def work(tx: CartTransaction) -> None:
        raise_fence(tx)
        tx.add_attempt(an_attempt())
        raise_fence(tx)

    ledger.in_cart(CART, work)
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
