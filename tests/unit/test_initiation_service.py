"""Initiating a payment: each decision's answer, what is written for it, and when Mollie is asked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.domain.cart import CartRef
from bridge.domain.errors import (
    CartNotFound,
    ForeignCart,
    KeyReused,
    StoreDown,
)
from bridge.domain.records import KeyState
from bridge.services.answers import Action
from tests.unit.builders import CART, OTHER_PRICE, PRICE, checkout
from tests.unit.initiating import decisions, initiate
from tests.unit.world import World

# --- nothing in the way -----------------------------------------------------------------------------------------------


@pytest.mark.req("P1", "L5")
def test_a_free_cart_is_reserved_for_the_first_who_asks(world: World) -> None:
    answer = initiate(world)

    (attempt,) = world.attempts
    assert (answer.is_new, answer.action, answer.status) == (True, Action.CREATE, "reserved")
    assert (answer.payment_id, answer.transaction_id, answer.has_order) == (attempt.id, None, False)
    assert (attempt.state, attempt.money, attempt.customer_id) == ("reserved", PRICE, 7)
    assert world.state.live_attempt_id == attempt.id
    assert world.state.fence == 1
    assert decisions(world) == ["Proceed"]


@pytest.mark.req("P9", "B2")
def test_an_undisturbed_initiation_is_one_transaction_and_asks_nobody(world: World) -> None:
    before = world.ledger.transactions
    initiate(world)

    assert world.ledger.transactions == before + 1
    assert world.mollie.requests == []


@pytest.mark.req("L1", "L11")
def test_the_key_is_stored_with_its_payment(world: World) -> None:
    answer = initiate(world)

    record = world.ledger.in_cart(CART, lambda tx: tx.find_key("shop", "key-1", world.clock.now()))
    assert record is not None
    assert (record.state, record.attempt_id, record.status) == (KeyState.DONE, answer.payment_id, 201)
    assert record.expires_at == world.clock.now() + timedelta(seconds=300)


def test_different_carts_get_payments_of_their_own(world: World) -> None:
    other = world.shop.add_cart(43)

    first, second = initiate(world, "key-1"), initiate(world, "key-2", cart=other)

    assert first.is_new
    assert second.is_new
    assert first.payment_id != second.payment_id


# --- what is refused, with nothing written ----------------------------------------------------------------------------


def nothing_is_written(world: World, cart: CartRef = CART) -> bool:
    return world.ledger.attempts_of(cart) == () and world.ledger.trail == () and world.ledger.find_state(cart) is None


def test_a_cart_that_the_shop_does_not_have_is_not_found(world: World) -> None:
    unknown = CartRef(shop_id=1, cart_id=99)
    with pytest.raises(CartNotFound):
        initiate(world, cart=unknown)
    assert nothing_is_written(world, unknown)


def test_a_cart_of_another_shop_is_not_found(world: World) -> None:
    with pytest.raises(CartNotFound):
        initiate(world, cart=CartRef(shop_id=2, cart_id=42))


@pytest.mark.req("L6")
def test_another_customers_cart_is_refused(world: World) -> None:
    with pytest.raises(ForeignCart):
        initiate(world, customer_id=8)
    assert nothing_is_written(world)


def test_nothing_is_promised_while_the_shops_tables_can_not_be_read(world: World) -> None:
    world.shop.down = True
    with pytest.raises(StoreDown):
        initiate(world)
    assert nothing_is_written(world)


# --- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.req("L1")
def test_a_repeated_key_gets_its_payment_again_and_never_a_second_create(world: World) -> None:
    first = initiate(world)
    again = initiate(world)

    assert (again.is_new, again.payment_id) == (False, first.payment_id)
    assert again.action is Action.RETRY_LATER
    assert len(world.attempts) == 1


@pytest.mark.req("L1", "B3")
def test_a_repeated_key_gets_the_page_once_it_is_known(world: World) -> None:
    payment_id = initiate(world).payment_id
    assert payment_id is not None
    world.services.payments.bind(payment_id, transaction_id="tr_1", checkout_url=checkout("tr_1"))

    again = initiate(world)

    assert (again.action, again.checkout_url, again.transaction_id) == (Action.RESUME, checkout("tr_1"), "tr_1")


@pytest.mark.req("L1")
def test_the_same_key_for_another_amount_is_refused(world: World) -> None:
    initiate(world)
    with pytest.raises(KeyReused):
        initiate(world, money=OTHER_PRICE)
    assert len(world.attempts) == 1


@pytest.mark.req("L1")
def test_an_expired_key_is_as_new(world: World) -> None:
    initiate(world)
    world.clock.advance(seconds=300)

    assert initiate(world).is_new


def test_the_key_of_a_payment_that_ended_asks_for_a_new_key(world: World) -> None:
    payment_id = initiate(world).payment_id
    assert payment_id is not None
    world.services.payments.release(payment_id, reason=None)

    again = initiate(world)

    assert (again.action, again.is_new) == (Action.DENY, False)
    assert "new idempotency key" in again.message


def test_the_key_of_a_paid_payment_leads_to_the_order(world: World) -> None:
    payment_id = initiate(world).payment_id
    assert payment_id is not None
    world.add_payment("tr_1", "paid", state=None)
    world.services.payments.bind(payment_id, transaction_id="tr_1", checkout_url=None)
    world.deliver("tr_1")

    assert initiate(world).action is Action.SHOW_ORDER


# --- something in the way: the answers --------------------------------------------------------------------------------


@pytest.mark.req("P1", "L5")
def test_an_ordered_cart_leads_to_its_order(world: World) -> None:
    order = world.shop.add_order(CART)

    answer = initiate(world)

    assert (answer.is_new, answer.action) == (False, Action.SHOW_ORDER)
    assert (answer.order_id, answer.order_reference) == (order.order_id, order.reference)
    assert world.attempts == ()
    assert world.asked == []
    assert decisions(world) == ["AlreadyOrdered"]


@pytest.mark.req("P1", "B2")
@pytest.mark.parametrize("status", ["paid", "authorized"])
def test_a_paid_cart_waits_for_its_order(world: World, status: str) -> None:
    world.add_payment("tr_1", status)

    answer = initiate(world)

    assert (answer.is_new, answer.action, answer.transaction_id) == (False, Action.WAIT_FOR_ORDER, "tr_1")
    assert answer.checkout_url is None
    assert world.asked == ["tr_1"]
    assert decisions(world) == ["AlreadyPaid"]


@pytest.mark.req("P1", "B2", "B3")
@pytest.mark.parametrize("status", ["open", "pending"])
def test_an_open_payment_of_the_same_amount_is_resumed(world: World, status: str) -> None:
    world.add_payment("tr_1", status)

    answer = initiate(world)

    assert (answer.is_new, answer.action, answer.guess) == (False, Action.RESUME, False)
    assert (answer.transaction_id, answer.checkout_url) == ("tr_1", checkout("tr_1"))
    assert world.asked == ["tr_1"]
    assert world.states() == {"tr_1": status}
    assert decisions(world) == ["Resume"]


@pytest.mark.req("P1")
def test_the_policy_may_block_instead_of_resuming(strict: World) -> None:
    strict.add_payment("tr_1", "open")

    answer = initiate(strict)

    assert (answer.is_new, answer.action) == (False, Action.DENY)
    assert answer.message == "A payment is already in progress"


@pytest.mark.req("B2")
@pytest.mark.parametrize("status", ["canceled", "expired", "failed"])
@pytest.mark.parametrize("state", ["open", None])
def test_a_payment_that_is_dead_at_mollie_does_not_block_though_the_shops_row_says_open(
    world: World, status: str, state: str | None
) -> None:
    world.add_payment("tr_1", status, state=state)

    assert initiate(world).is_new
    assert world.shop.find_payment("tr_1").bank_status == "open"  # type: ignore[union-attr]
    assert world.states() == {"tr_1": status, None: "reserved"}


@pytest.mark.req("B2", "P9")
def test_a_dead_payment_is_asked_about_only_once(world: World) -> None:
    world.add_payment("tr_1", "expired", state=None)
    payment_id = initiate(world, "key-1").payment_id
    assert payment_id is not None
    world.services.payments.release(payment_id, reason=None)

    assert initiate(world, "key-2").is_new
    assert world.asked == ["tr_1"]


@pytest.mark.req("B2")
@pytest.mark.parametrize("state", ["open", None])
def test_a_payment_that_can_still_be_paid_is_caught_whatever_its_age(world: World, state: str | None) -> None:
    world.add_payment("tr_1", "open", state=state)
    world.clock.advance(hours=100)

    answer = initiate(world)

    assert (answer.action, answer.checkout_url) == (Action.RESUME, checkout("tr_1"))


def test_a_payment_made_without_the_bridge_is_adopted_when_it_is_resumed(world: World) -> None:
    world.add_payment("tr_1", "open", state=None)

    initiate(world)

    assert world.states() == {"tr_1": "open"}
    assert world.state.live_attempt_id == world.attempt("tr_1").id


def test_an_adopted_payment_is_as_old_as_it_is_at_mollie(world: World) -> None:
    world.add_payment("tr_1", "open", state=None)
    made = world.clock.now()
    world.clock.advance(hours=2)

    initiate(world)

    assert (world.attempt("tr_1").created_at, world.attempt("tr_1").updated_at) == (made, world.clock.now())


def test_a_payment_that_mollie_does_not_know_blocks_nobody(world: World) -> None:
    world.add_attempt("tr_1", "open")

    assert initiate(world).is_new
    assert world.states() == {"tr_1": "superseded", None: "reserved"}
