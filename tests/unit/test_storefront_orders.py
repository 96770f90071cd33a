"""What becomes of the toy shop's orders, as the official module 6.4.4 was seen to do it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bridge.demo.simulator import RefundStatus
from bridge.demo.storefront import OrderExists, State
from tests.unit.storefront_scene import Scene


def test_a_full_refund_of_the_surplus_payment_sets_the_shared_order_to_refunded(scene: Scene) -> None:
    cart = scene.shop.add_cart("14.40")
    first, second = scene.paid(cart), scene.paid(cart)
    scene.announce(first, cart)
    scene.announce(second, cart)
    refund(scene, second, "14.40")

    assert scene.announce(second, cart) == 200

    (order,) = scene.shop.orders_of(cart)
    assert order["current_state"] == State.REFUNDED


def test_a_refund_in_part_is_shown_as_one(scene: Scene) -> None:
    cart = scene.shop.add_cart("14.40")
    transaction_id = scene.paid(cart)
    scene.announce(transaction_id, cart)
    refund(scene, transaction_id, "4.40")

    assert scene.announce(transaction_id, cart) == 200

    (order,) = scene.shop.orders_of(cart)
    assert order["current_state"] == State.PARTLY_REFUNDED


def test_a_chargeback_is_shown_on_the_order(scene: Scene) -> None:
    cart = scene.shop.add_cart()
    transaction_id = scene.paid(cart)
    scene.announce(transaction_id, cart)
    scene.mollie.chargeback(transaction_id)

    assert scene.announce(transaction_id, cart) == 200

    (order,) = scene.shop.orders_of(cart)
    assert order["current_state"] == State.CHARGEBACK


def test_a_bank_transfer_makes_its_order_first_and_counts_nothing_as_really_paid(scene: Scene) -> None:
    cart = scene.shop.add_cart("14.40")
    transaction_id = scene.shop.pay(cart, "banktransfer").transaction_id
    (awaiting,) = scene.shop.orders_of(cart)
    scene.pay_at_mollie(transaction_id)

    assert scene.announce(transaction_id, cart) == 200

    (order,) = scene.shop.orders_of(cart)
    assert (awaiting["current_state"], order["current_state"]) == (State.AWAITING_MOLLIE, State.PAID)
    assert order["total_paid_real"] == 0
    assert [row["amount"] for row in scene.order_payments(cart)] == [Decimal("14.40")]


def test_a_bank_transfer_that_expires_cancels_the_order_that_another_payment_paid(scene: Scene) -> None:
    cart = scene.shop.add_cart()
    transfer = scene.shop.pay(cart, "banktransfer").transaction_id
    scene.announce(scene.paid(cart), cart)
    (settled,) = scene.shop.orders_of(cart)
    scene.mollie.expire(transfer)

    assert scene.announce(transfer, cart) == 200

    (order,) = scene.shop.orders_of(cart)
    assert (settled["current_state"], order["current_state"]) == (State.PAID, State.CANCELED)


def test_a_second_bank_transfer_of_an_ordered_cart_is_an_error(scene: Scene) -> None:
    cart = scene.shop.add_cart()
    scene.shop.pay(cart, "banktransfer")

    with pytest.raises(OrderExists):
        scene.shop.pay(cart, "banktransfer")


def test_a_cart_that_changed_between_two_tabs_becomes_an_error_and_then_accepted(scene: Scene) -> None:
    cart = scene.shop.add_cart("14.40")
    small = scene.paid(cart)
    scene.shop.change_cart(cart, "28.80")
    large = scene.paid(cart)

    scene.announce(small, cart)
    (wrong,) = scene.shop.orders_of(cart)
    scene.announce(large, cart)

    (order,) = scene.shop.orders_of(cart)
    assert (wrong["current_state"], order["current_state"]) == (State.PAYMENT_ERROR, State.PAID)
    assert order["total_paid"] == Decimal("28.80")
    # 43.20 came in; the books say 28.80.
    assert sum(row["amount"] for row in scene.order_payments(cart)) == Decimal("28.80")


def test_a_split_cart_becomes_several_orders_of_one_reference(scene: Scene) -> None:
    cart = scene.shop.add_cart(products={1: 1, 2: 2}, split=True)

    assert scene.announce(scene.paid(cart), cart) == 200

    orders = scene.shop.orders_of(cart)
    assert len(orders) == 2
    assert len(scene.references(cart)) == 1
    assert sum(order["total_paid"] for order in orders) == scene.shop.get_cart(cart).total == Decimal("40.20")
    assert [row["amount"] for row in scene.order_payments(cart)] == [Decimal("40.20")]


def refund(scene: Scene, transaction_id: str, value: str) -> None:
    body = {"amount": {"currency": "EUR", "value": value}}
    scene.mollie.move_refund(scene.mollie.create_refund(transaction_id, body).id, RefundStatus.REFUNDED)
