"""Each report of the shop's tables finds the case that is planted for it, and leaves alone what only looks like it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pymysql
import pytest
from sqlalchemy import create_engine

from bridge.adapters.reports import SqlReports
from bridge.demo.storefront.schema import shop_tables
from bridge.demo.storefront.seed import seed
from bridge.domain.errors import ReportUnavailable
from bridge.domain.report_catalogue import BY_NAME, CATALOGUE
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


def money(shop: PlantedShop, name: str, column: str) -> dict[str | None, Decimal]:
    return {total.currency: total.amount for total in shop.report(name).totals if total.column == column}


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
    assert money(shop, "duplicate_payments", "at_risk") == {"EUR": Decimal("14.40")}


def test_of_two_different_amounts_the_cart_is_worth_the_later_one(shop: PlantedShop) -> None:
    cart = shop.cart()
    reference = shop.order(cart, "28.80")
    shop.booking(reference, shop.payment(cart), "14.40")
    shop.payment(cart, at=NOON + timedelta(minutes=1))

    assert money(shop, "duplicate_payments", "taken") == {"EUR": Decimal("43.20")}
    assert money(shop, "duplicate_payments", "at_risk") == {"EUR": Decimal("14.40")}


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
    assert money(shop, "duplicate_payments", "at_risk") == {"EUR": Decimal("14.40")}


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
    assert money(shop, "duplicate_orders", "too_much") == {"EUR": Decimal("14.40")}


def test_two_references_one_of_them_split_are_two(shop: PlantedShop) -> None:
    cart = shop.cart()
    shop.order(cart)
    reference = shop.order(cart, "10.00")
    shop.order(cart, "4.40", reference=reference)

    result = shop.report("duplicate_orders")
    assert [(row[2], row[3]) for row in result.rows] == [(2, 3)]
    assert money(shop, "duplicate_orders", "too_much") == {"EUR": Decimal("14.40")}


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
    assert money(shop, "amount_mismatch", "difference") == {"EUR": Decimal("-14.40")}


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
    assert money(shop, "cross_cart_duplicates", "too_much") == {"EUR": Decimal("14.40")}
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


# The runner


@pytest.mark.parametrize("prefix", ["", "1e5_", "shop2_"])
def test_another_prefix_is_no_matter(mariadb_database: Database, prefix: str) -> None:
    engine = create_engine(mariadb_database.url)
    seed(engine, shop_tables(prefix))
    engine.dispose()
    shop = PlantedShop(database=mariadb_database, prefix=prefix)
    cart = shop.cart()
    shop.order(cart)
    shop.payment(cart)
    shop.payment(cart)

    assert shop.column("duplicate_payments", "cart_id") == [cart]
    for report in SHOP_ONLY:
        shop.report(report.name)


@pytest.mark.req("B12")
def test_the_server_itself_refuses_a_write_in_the_sessions_of_reports(shop: PlantedShop) -> None:
    source = SqlReports(shop.database.url, "ps_")
    try:
        for _ in range(2):  # the second on a connection that was used before
            with source._get_engine().connect() as db, pytest.raises(Exception, match="1792") as refused:
                db.exec_driver_sql("INSERT INTO ps_cart (id_cart) VALUES (1)")
            assert isinstance(getattr(refused.value, "orig", None), pymysql.Error)
    finally:
        source.close()


def test_a_table_that_is_missing_is_named(mariadb_database: Database) -> None:
    source = SqlReports(mariadb_database.url, "ps_")
    try:
        with (
            pytest.raises(ReportUnavailable, match=r"'ps_mollie_payments' is missing"),
            source.read(BY_NAME["pending_ratio"], None) as rows,
        ):
            list(rows)
    finally:
        source.close()


def test_a_report_on_sqlite_says_what_it_needs() -> None:
    with (
        pytest.raises(ReportUnavailable, match="MariaDB or MySQL"),
        SqlReports("sqlite:////tmp/none.db", "ps_").read(BY_NAME["pending_ratio"], None),
    ):
        pass
