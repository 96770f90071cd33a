"""A shop that needs nobody, and the reports about what was paid or ordered twice: each finds its case, and no other."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from bridge.domain.reports import Report
from tests.integration.report_shop import (
    NOON,
    SHOP_ONLY,
    PlantedShop,
    a_sale,
)

pytestmark = [pytest.mark.mariadb, pytest.mark.req("P6")]


@pytest.mark.parametrize("report", SHOP_ONLY, ids=[report.name for report in SHOP_ONLY])
def test_a_shop_without_sales_and_one_with_a_plain_sale_need_nobody(shop: PlantedShop, report: Report) -> None:
    assert shop.report(report.name).row_count == 0
    a_sale(shop)
    assert not shop.report(report.name).needs_a_person


# Duplicate payments


def test_a_payment_that_the_module_absorbed_is_found_at_what_the_order_costs(shop: PlantedShop) -> None:
    cart = a_sale(shop)
    shop.payment(cart)

    assert shop.column("duplicate_payments", "cart_id") == [cart]
    assert shop.money("duplicate_payments", "at_risk") == {"EUR": Decimal("14.40")}


def test_of_two_different_amounts_the_cart_is_worth_the_later_one(shop: PlantedShop) -> None:
    cart = shop.cart()
    reference = shop.order(cart, "28.80")
    shop.booking(reference, shop.payment(cart), "14.40")
    shop.payment(cart, at=NOON + timedelta(minutes=1))

    assert shop.money("duplicate_payments", "taken") == {"EUR": Decimal("43.20")}
    assert shop.money("duplicate_payments", "at_risk") == {"EUR": Decimal("14.40")}


@pytest.mark.parametrize("status", ["paid", "authorized", "completed", "shipping"])
def test_an_order_of_the_orders_api_counts_as_a_payment(shop: PlantedShop, status: str) -> None:
    cart = a_sale(shop)
    shop.payment(cart, status, kind="ord_")

    assert shop.column("duplicate_payments", "payments") == [2]


@pytest.mark.parametrize("status", ["open", "pending", "canceled", "expired", "failed", "created"])
def test_a_second_try_that_brought_no_money_is_no_duplicate(shop: PlantedShop, status: str) -> None:
    shop.payment(a_sale(shop), status)

    assert shop.report("duplicate_payments").row_count == 0


def test_a_split_order_that_was_paid_twice_is_worth_all_its_parts_once(shop: PlantedShop) -> None:
    cart = shop.cart()
    reference = shop.order(cart, "10.00")
    shop.order(cart, "4.40", reference=reference)
    shop.booking(reference, shop.payment(cart), "14.40")
    shop.payment(cart)

    result = shop.report("duplicate_payments")
    assert [(row[2], row[3]) for row in result.rows] == [(2, 1)]
    assert shop.money("duplicate_payments", "at_risk") == {"EUR": Decimal("14.40")}


def test_paid_twice_without_any_order_the_amount_is_not_known_and_said_so(shop: PlantedShop) -> None:
    cart = shop.cart()
    shop.payment(cart, order_id=0)
    shop.payment(cart, order_id=0)
    a = a_sale(shop)
    shop.payment(a)

    (total,) = [one for one in shop.report("duplicate_payments").totals if one.column == "at_risk"]
    assert (total.amount, total.unknown) == (Decimal("14.40"), 1)


@pytest.mark.parametrize("most", [2, 3, 4])
def test_wherever_carts_stand_those_with_two_payments_or_more_are_found(shop: PlantedShop, most: int) -> None:
    """The report lays the carts out in blocks of 64: each place of them, alone and beside carts with three and four."""
    carts = range(4 * 64 - 1, 8 * 64 + 1)
    payments = {cart: 1 + cart % 3 % 2 if cart % 100 else most for cart in carts}
    for cart, count in payments.items():
        for _ in range(count):
            shop.payment(cart)
        shop.payment(cart, "open")

    result = shop.report("duplicate_payments")

    assert {row[0]: row[2] for row in result.rows} == {cart: count for cart, count in payments.items() if count > 1}


def test_payments_without_a_cart_are_not_one_cart(shop: PlantedShop) -> None:
    for cart in (None, None, 0, 0):
        shop.payment(cart)

    assert shop.report("duplicate_payments").row_count == 0


def test_a_duplicate_counts_by_its_last_payment(shop: PlantedShop) -> None:
    cart = a_sale(shop)
    shop.payment(cart, at=NOON + timedelta(days=3))

    assert shop.column("duplicate_payments", "cart_id", since=date(2026, 11, 4)) == [cart]
    assert shop.column("duplicate_payments", "cart_id", since=date(2026, 11, 5)) == []


# Duplicate orders


def test_two_references_are_found_and_a_split_order_is_not(shop: PlantedShop) -> None:
    twice, split = shop.cart(), shop.cart()
    for _ in range(2):
        shop.order(twice)
    reference = shop.order(split, "10.00")
    shop.order(split, "4.40", reference=reference)
    shop.order(split, "3.00", reference=reference)

    assert shop.column("duplicate_orders", "id_cart") == [twice]
    assert shop.money("duplicate_orders", "too_much") == {"EUR": Decimal("14.40")}


def test_two_references_one_of_them_split_are_two(shop: PlantedShop) -> None:
    cart = shop.cart()
    shop.order(cart)
    reference = shop.order(cart, "10.00")
    shop.order(cart, "4.40", reference=reference)

    result = shop.report("duplicate_orders")
    assert [(row[2], row[3]) for row in result.rows] == [(2, 3)]
    assert shop.money("duplicate_orders", "too_much") == {"EUR": Decimal("14.40")}


def test_a_duplicate_of_other_modules_alone_is_not_ours(shop: PlantedShop) -> None:
    foreign, mixed = shop.cart(), shop.cart()
    for cart, second in ((foreign, "ps_wirepayment"), (mixed, "mollie")):
        shop.order(cart, module="ps_wirepayment")
        shop.order(cart, module=second)

    assert shop.column("duplicate_orders", "id_cart") == [mixed]
