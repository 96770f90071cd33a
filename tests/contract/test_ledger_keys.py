"""The contract of idempotency keys: one request each, on every ledger alike."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.domain.cart import CartRef
from bridge.domain.errors import ForeignCart, KeyReused
from bridge.domain.records import IdempotencyRecord, KeyState
from bridge.ports.ledger import CartTransaction, Ledger
from tests.contract.ledger_backends import at_once
from tests.contract.ledger_builders import (
    CART,
    NOW,
    OTHER_CART,
    SECOND,
    a_key,
    an_attempt,
    find_key,
    save_key,
)


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
@pytest.mark.parametrize("holder", [CART, OTHER_CART], ids=["the cart's own", "another cart's"])
def test_an_expired_key_counts_as_absent_and_is_replaced(ledger: Ledger, holder: CartRef) -> None:
    ledger.in_cart(holder, lambda tx: tx.save_key(a_key(expires_at=NOW)))
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
def test_what_a_new_cart_refuses_comes_after_what_its_key_says(ledger: Ledger) -> None:
    ledger.in_cart(OTHER_CART, lambda tx: tx.save_key(a_key()))

    def work(tx: CartTransaction) -> None:
        if tx.find_key("payments", "key-1", NOW) is not None:
            raise KeyReused("used for another cart")
        raise ForeignCart("somebody else's")

    with pytest.raises(KeyReused):
        ledger.in_cart(CART, work)
