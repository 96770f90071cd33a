"""The same bought twice in two carts is found, what differs in anything is not; and the figures add up."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.integration.report_shop import CANCELED, NOON, REFUNDED, PlantedShop

pytestmark = [pytest.mark.mariadb, pytest.mark.req("P6")]


# Two carts


def two_carts(shop: PlantedShop, minutes: float = 5, **second: object) -> None:
    """Two orders of two carts, alike but for what is given."""
    given: dict[str, object] = {"customer": 7, "products": (1, 2), "total": "14.40", "state": 2, "module": "mollie"}
    for at, changed in ((NOON, {}), (NOON + timedelta(minutes=minutes), second)):
        one = given | changed
        cart = shop.cart(customer=int(str(one["customer"])), products=one["products"])  # type: ignore[arg-type]
        shop.order(
            cart,
            str(one["total"]),
            at=at,
            state=int(str(one["state"])),
            module=str(one["module"]),
            customer=int(str(one["customer"])),
        )


@pytest.mark.req("B11")
def test_the_same_basket_twice_in_two_carts_within_minutes_is_found(shop: PlantedShop) -> None:
    two_carts(shop)

    result = shop.report("cross_cart_duplicates")
    assert result.row_count == 1
    assert result.needs_a_person
    assert shop.money("cross_cart_duplicates", "too_much") == {"EUR": Decimal("14.40")}
    assert shop.column("cross_cart_duplicates", "seconds_between") == [300]


@pytest.mark.req("B11")
@pytest.mark.parametrize("minutes", [0, 29.9, 30])
def test_up_to_half_an_hour_apart(shop: PlantedShop, minutes: float) -> None:
    two_carts(shop, minutes)

    assert shop.report("cross_cart_duplicates").row_count == 1


@pytest.mark.req("B11")
@pytest.mark.parametrize(
    "second",
    [
        {"customer": 8},
        {"products": (1, 3)},
        {"products": (1,)},
        {"products": (1, 2, 3)},
        {"total": "14.41"},
        {"state": CANCELED},
        {"state": REFUNDED},
        {"minutes": 30.1},
    ],
    ids=str,
)
def test_what_differs_in_anything_is_left_alone(shop: PlantedShop, second: dict[str, object]) -> None:
    two_carts(shop, **second)  # type: ignore[arg-type]

    assert shop.report("cross_cart_duplicates").row_count == 0


@pytest.mark.req("B11")
def test_a_duplicate_is_found_when_only_one_of_the_two_was_mollies(shop: PlantedShop) -> None:
    two_carts(shop, module="ps_wirepayment")

    assert shop.report("cross_cart_duplicates").row_count == 1


@pytest.mark.req("B11")
def test_another_order_in_between_hides_nothing(shop: PlantedShop) -> None:
    first, between, last = (shop.cart(products=(product,)) for product in (1, 2, 1))
    for minute, (cart, total) in enumerate(((first, "14.40"), (between, "9.00"), (last, "14.40"))):
        shop.order(cart, total, at=NOON + timedelta(minutes=minute))

    assert shop.column("cross_cart_duplicates", "second_cart") == [last]


@pytest.mark.req("B11")
def test_of_many_carts_each_but_the_first_is_counted_once(shop: PlantedShop) -> None:
    carts = [shop.cart() for _ in range(4)]
    for minute, cart in enumerate(carts):
        shop.order(cart, at=NOON + timedelta(minutes=minute))

    assert shop.column("cross_cart_duplicates", "first_cart") == carts[:3]
    assert shop.money("cross_cart_duplicates", "too_much") == {"EUR": Decimal("43.20")}


@pytest.mark.req("B11")
def test_orders_of_one_cart_are_no_cross_cart_duplicates(shop: PlantedShop) -> None:
    cart = shop.cart()
    reference = shop.order(cart)
    shop.order(cart, reference=reference)
    shop.order(cart)

    assert shop.report("cross_cart_duplicates").row_count == 0


# Figures


def test_the_pending_ratio_is_by_month_and_method(shop: PlantedShop) -> None:
    for status, method in (("paid", "ideal"), ("open", "ideal"), ("failed", "ideal"), ("paid", "creditcard")):
        shop.payment(shop.cart(), status, method=method)

    assert [row[:5] for row in shop.report("pending_ratio").rows] == [
        (202611, "creditcard", 1, 1, 0),
        (202611, "ideal", 3, 1, 1),
    ]


def test_the_time_to_the_order_is_in_buckets(shop: PlantedShop) -> None:
    for seconds in (0, 60, 61, 1800, 1801):
        shop.payment(shop.cart(), seconds=seconds)
    shop.payment(shop.cart(), method="banktransfer", seconds=90_000)
    shop.payment(shop.cart(), "open", seconds=5)

    assert list(shop.report("time_to_order").rows) == [(202611, 5, 744, 2, 2, 1)]
