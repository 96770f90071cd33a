"""Each report of the shop's tables finds the case that is planted for it, and leaves alone what only looks like it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest

from bridge.domain.report_catalogue import CATALOGUE
from bridge.domain.reports import Report
from tests.integration.report_shop import CANCELED, ERROR, NOON, REFUNDED, WAITING, PlantedShop, load_sample
from tests.services.mariadb import Database, PrivateMariaDB

pytestmark = [pytest.mark.mariadb, pytest.mark.req("P6")]

SHOP_ONLY = [report for report in CATALOGUE if not report.needs_bridge_tables]


@pytest.fixture(scope="module")
def schema(mariadb: PrivateMariaDB) -> Iterator[Database]:
    mariadb.start()
    database = mariadb.create_database("reports_cases")
    load_sample(database, rows=False)
    yield database
    mariadb.start()
    mariadb.drop_database("reports_cases")


@pytest.fixture
def shop(schema: Database) -> PlantedShop:
    """An empty shop with the real schema."""
    for table in ("cart", "cart_product", "orders", "order_payment", "mollie_payments"):
        schema.execute(f"TRUNCATE ps_{table}")
    return PlantedShop(database=schema)


def a_sale(shop: PlantedShop) -> int:
    """A cart that was ordered and paid, once and in full."""
    cart = shop.cart()
    reference = shop.order(cart)
    shop.booking(reference, shop.payment(cart), "14.40")
    return cart


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
