"""The reports about money without an order, orders without money, what is stuck and what does not add up."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.integration.report_shop import (
    CANCELED,
    ERROR,
    REFUNDED,
    WAITING,
    PlantedShop,
    a_sale,
)

pytestmark = [pytest.mark.mariadb, pytest.mark.req("P6")]


# Money without order, order without money


def test_paid_without_order_is_found(shop: PlantedShop) -> None:
    lost = shop.payment(shop.cart(), order_id=0)
    a_sale(shop)
    shop.payment(shop.cart(), "open")

    assert shop.column("paid_without_order", "transaction_id") == [lost]


def test_a_paid_row_that_names_no_order_is_well_when_its_cart_has_one(shop: PlantedShop) -> None:
    cart = shop.cart()
    shop.order(cart)
    shop.payment(cart, order_id=0)

    assert shop.report("paid_without_order").row_count == 0


def test_a_paid_order_without_any_payment_is_found(shop: PlantedShop) -> None:
    reference = shop.order(shop.cart())
    shop.order(shop.cart(), state=WAITING)
    shop.order(shop.cart(), state=CANCELED)
    shop.order(shop.cart(), module="ps_wirepayment")
    a_sale(shop)

    assert shop.column("order_without_payment", "reference") == [reference]


@pytest.mark.parametrize("every", [1, 2, 3, 63, 64, 65, 1000])
def test_of_many_orders_just_those_without_payment_are_found_wherever_their_carts_stand(
    shop: PlantedShop, every: int
) -> None:
    """The report lays the carts out in blocks of 64: the first and the last of one, whole blocks, none."""
    bare = []
    for count in range(200):
        cart = shop.cart()
        reference = shop.order(cart)
        if count % every == 0:
            bare.append(reference)
        else:
            shop.payment(cart)

    assert shop.column("order_without_payment", "reference") == sorted(bare)


@pytest.mark.parametrize("status", ["open", "expired", "failed", "canceled"])
def test_a_paid_order_whose_payments_are_not_paid_disagrees(shop: PlantedShop, status: str) -> None:
    cart = shop.cart()
    shop.order(cart)
    shop.payment(cart, status)

    assert shop.column("status_disagreement", "disagreement") == ["order paid, not it"]
    assert shop.report("order_without_payment").row_count == 0


def test_wherever_carts_stand_those_of_which_no_payment_is_paid_disagree(shop: PlantedShop) -> None:
    """The report lays the carts out in blocks of 64: each place of one, and the first of the next."""
    unpaid = []
    for cart in range(4 * 64 - 1, 5 * 64 + 1):
        shop.order(cart)
        transaction = shop.payment(cart, "expired")
        if cart % 3:
            shop.payment(cart)
        else:
            unpaid.append(transaction)

    assert shop.column("status_disagreement", "transaction_id") == sorted(unpaid)


def test_a_first_try_that_failed_does_not_disagree_with_the_order(shop: PlantedShop) -> None:
    shop.payment(a_sale(shop), "failed")

    assert shop.report("status_disagreement").row_count == 0


@pytest.mark.parametrize("state", [WAITING, ERROR, CANCELED])
def test_money_for_an_order_that_does_not_count_as_paid_disagrees(shop: PlantedShop, state: int) -> None:
    cart = shop.cart()
    shop.order(cart, state=state)
    shop.payment(cart)

    assert shop.column("status_disagreement", "disagreement") == ["paid, order not"]


@pytest.mark.parametrize("state", [REFUNDED, 14, 16, 17, 20])
def test_an_order_that_was_refunded_charged_back_or_sent_does_not_disagree(shop: PlantedShop, state: int) -> None:
    cart = shop.cart()
    shop.order(cart, state=state)
    shop.payment(cart)

    assert shop.report("status_disagreement").row_count == 0


def test_a_split_order_of_which_one_part_was_canceled_does_not_disagree(shop: PlantedShop) -> None:
    cart = shop.cart()
    reference = shop.order(cart, "10.00")
    shop.order(cart, "4.40", reference=reference, state=CANCELED)
    shop.payment(cart)

    assert shop.report("status_disagreement").row_count == 0


# Stuck payments


def test_only_what_is_open_for_more_than_half_an_hour_is_stuck(shop: PlantedShop) -> None:
    old, young, paid = shop.payment(shop.cart(), "open"), shop.payment(shop.cart(), "open"), shop.payment(shop.cart())
    for transaction, minutes in ((old, 31), (young, 29), (paid, 600)):
        shop.database.execute(
            f"UPDATE ps_mollie_payments SET created_at = NOW() - INTERVAL {minutes} MINUTE WHERE transaction_id = %s",
            transaction,
        )

    assert shop.column("stuck_payments", "transaction_id") == [old]
    assert shop.column("stuck_payments", "minutes") == [31]
    assert not shop.report("stuck_payments").needs_a_person


# Amounts


def test_less_booked_than_ordered_is_found(shop: PlantedShop) -> None:
    cart = shop.cart()
    reference = shop.order(cart, "28.80", real="14.40")
    shop.booking(reference, shop.payment(cart), "14.40")

    assert shop.column("amount_mismatch", "reference") == [reference]
    assert shop.money("amount_mismatch", "difference") == {"EUR": Decimal("-14.40")}


def test_a_booking_of_another_currency_is_found_and_not_subtracted(shop: PlantedShop) -> None:
    shop.database.execute(
        "REPLACE INTO ps_currency (id_currency, name, iso_code, conversion_rate) VALUES (2, '', 'USD', 1)"
    )
    cart = shop.cart()
    reference = shop.order(cart, real="0")
    shop.booking(reference, shop.payment(cart), "14.40", currency=2)

    assert shop.column("amount_mismatch", "booked_currency") == ["USD"]
    assert shop.column("amount_mismatch", "difference") == [None]


def test_a_split_order_that_was_booked_in_one_sum_is_well(shop: PlantedShop) -> None:
    cart = shop.cart()
    reference = shop.order(cart, "10.00", real="0")
    shop.order(cart, "4.40", reference=reference, real="14.40")
    shop.booking(reference, shop.payment(cart), "14.40")

    assert shop.report("amount_mismatch").row_count == 0


def test_a_bank_transfer_that_was_booked_is_well(shop: PlantedShop) -> None:
    cart = shop.cart()
    reference = shop.order(cart, real="0")
    shop.booking(reference, shop.payment(cart, method="banktransfer"), "14.40")

    assert shop.report("amount_mismatch").row_count == 0


def test_an_order_that_does_not_count_as_paid_may_have_any_booking(shop: PlantedShop) -> None:
    cart = shop.cart()
    reference = shop.order(cart, "28.80", real="14.40", state=CANCELED)
    shop.booking(reference, shop.payment(cart), "14.40")

    assert shop.report("amount_mismatch").row_count == 0
