"""The contract of `Shop`, held by the reader on SQLite and on MariaDB, and by the fake that the services rely on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from bridge.adapters.prestashop import SqlShop
from bridge.domain.cart import CartRef
from bridge.domain.errors import StoreDown
from bridge.domain.shop import OwnedBy, find_order_owner
from tests.contract.shop_tables import ShopRig, WrittenShop
from tests.fakes.shop import FakeShop


class FakeShopRig(FakeShop):
    """The fake as a rig: the shop is its own pen."""

    @property
    def shop(self) -> FakeShop:
        return self

    def add_order(self, *arguments: object, **options: object) -> int:  # type: ignore[override]
        return super().add_order(*arguments, **options).order_id  # type: ignore[arg-type]


@pytest.fixture(params=["fake", "sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ShopRig]:
    match request.param:
        case "fake":
            yield FakeShopRig()
            return
        case "sqlite":
            engine = create_engine(f"sqlite:///{tmp_path}/shop.db")
        case _:
            engine = create_engine(request.getfixturevalue("mariadb_database").shop_url)
    # A prefix that needs quoting, as shops have them that were moved around.
    yield WrittenShop.create(engine, "9Shop_", SqlShop)
    engine.dispose()


def test_a_cart_is_seen_with_its_owner(rig: ShopRig) -> None:
    view = rig.shop.find_view(rig.add_cart(42, customer_id=7))

    assert view is not None
    assert (view.shop_id, view.customer_id, view.orders, view.payments) == (1, 7, (), ())


def test_an_unknown_cart_is_none(rig: ShopRig) -> None:
    assert rig.shop.find_view(CartRef(shop_id=1, cart_id=4711)) is None
    assert rig.shop.find_cart(4711) is None
    assert rig.shop.find_record(CartRef(shop_id=1, cart_id=4711)) is None


def test_a_cart_of_another_shop_is_none(rig: ShopRig) -> None:
    cart = rig.add_cart(42, shop_id=2)
    rig.add_order(cart)

    assert rig.shop.find_view(CartRef(shop_id=1, cart_id=42)) is None
    assert rig.shop.find_record(CartRef(shop_id=1, cart_id=42)) is None
    assert rig.shop.find_view(cart) is not None


def test_a_carts_number_is_enough_to_find_it(rig: ShopRig) -> None:
    cart = rig.add_cart(42, shop_id=2)

    assert rig.shop.find_cart(42) == cart


def test_orders_come_oldest_first_with_what_they_are(rig: ShopRig) -> None:
    cart = rig.add_cart()
    first = rig.add_order(cart, "10.00", reference="AAA")
    second = rig.add_order(cart, "4.40", reference="BBB", module="ps_wirepayment")

    view = rig.shop.find_view(cart)

    assert view is not None
    assert [(o.order_id, o.reference, o.module, o.total) for o in view.orders] == [
        (first, "AAA", "mollie", Decimal("10.00")),
        (second, "BBB", "ps_wirepayment", Decimal("4.40")),
    ]
    assert view.references == ("AAA", "BBB")


def test_payments_come_oldest_first_with_their_age(rig: ShopRig) -> None:
    cart = rig.add_cart()
    rig.add_payment(cart, "tr_young", age=timedelta(minutes=2))
    rig.add_payment(cart, "tr_old", age=timedelta(days=400), bank_status="paid", order_id=5)

    view = rig.shop.find_view(cart)

    assert view is not None
    old, young = view.payments
    assert (old.transaction_id, old.bank_status, old.order_id, old.method) == ("tr_old", "paid", 5, "ideal")
    assert young.transaction_id == "tr_young"
    assert timedelta(minutes=2) <= young.age < timedelta(minutes=3)
    assert timedelta(days=400) <= old.age < timedelta(days=400, minutes=1)


def test_a_payment_written_ahead_of_the_clock_is_new(rig: ShopRig) -> None:
    rig.add_payment(rig.add_cart(), "tr_1", age=timedelta(minutes=-5))

    row = rig.shop.find_payment("tr_1")

    assert row is not None
    assert row.age == timedelta()


def test_only_the_carts_own_rows_are_seen(rig: ShopRig) -> None:
    mine, other = rig.add_cart(42), rig.add_cart(43)
    rig.add_payment(other, "tr_other")
    rig.add_order(other)

    view = rig.shop.find_view(mine)

    assert view is not None
    assert (view.orders, view.payments) == ((), ())


def test_many_orders_and_payments_do_not_multiply(rig: ShopRig) -> None:
    cart = rig.add_cart()
    for number in range(3):
        rig.add_order(cart, reference=f"REF{number}")
        rig.add_payment(cart, f"tr_{number}")

    view = rig.shop.find_view(cart)

    assert view is not None
    assert (len(view.orders), len(view.payments)) == (3, 3)


def test_a_payment_leads_to_its_cart(rig: ShopRig) -> None:
    cart = rig.add_cart(42, shop_id=2)
    rig.add_payment(cart, "tr_1")

    assert rig.shop.find_cart_of("tr_1") == cart
    assert rig.shop.find_cart_of("tr_2") is None


def test_a_payment_of_a_cart_that_is_gone_leads_nowhere(rig: ShopRig) -> None:
    rig.add_payment(CartRef(shop_id=1, cart_id=4711), "tr_1")

    assert rig.shop.find_cart_of("tr_1") is None
    assert rig.shop.find_payment("tr_1") is not None


def test_upper_and_lower_case_make_different_transactions(rig: ShopRig) -> None:
    rig.add_payment(rig.add_cart(), "tr_aBc")

    assert rig.shop.find_payment("tr_AbC") is None
    assert rig.shop.find_cart_of("tr_abc") is None
    assert not rig.shop.correct_payment("tr_ABC", bank_status="paid", reason="x")


def test_everything_written_for_an_order_is_read(rig: ShopRig) -> None:
    cart = rig.add_cart()
    rig.add_payment(cart, "tr_1")
    order_id = rig.add_order(cart, "14.40", paid_by="tr_1")

    record = rig.shop.find_record(cart)

    assert record is not None
    assert (record.total, record.currency) == (Decimal("14.40"), "EUR")
    assert record.paid_by == {"tr_1": Decimal("14.40")}
    assert record.invoice_numbers == (order_id,)
    assert record.counts_as_paid
    assert record.expects_invoice
    assert find_order_owner(record.view) == OwnedBy("tr_1")


def test_a_split_order_is_summed(rig: ShopRig) -> None:
    cart = rig.add_cart()
    rig.add_payment(cart, "tr_1")
    first = rig.add_order(cart, "10.01", reference="SPLIT", paid_by="tr_1")
    second = rig.add_order(cart, "4.40", reference="SPLIT", paid_by="tr_1")

    record = rig.shop.find_record(cart)

    assert record is not None
    assert record.view.references == ("SPLIT",)
    assert record.total == Decimal("14.41")
    assert record.paid_by == {"tr_1": Decimal("14.41")}
    assert record.invoice_numbers == (first, second)


def test_the_record_is_that_of_the_first_reference(rig: ShopRig) -> None:
    cart = rig.add_cart()
    rig.add_payment(cart, "tr_1")
    rig.add_payment(cart, "tr_2")
    rig.add_order(cart, "14.40", reference="FIRST", paid_by="tr_1")
    rig.add_order(cart, "14.40", reference="SECOND", paid_by="tr_2")

    record = rig.shop.find_record(cart)

    assert record is not None
    assert record.total == Decimal("14.40")
    assert record.paid_by == {"tr_1": Decimal("14.40")}
    assert record.view.references == ("FIRST", "SECOND")


def test_an_order_that_waits_for_its_money_does_not_count_as_paid(rig: ShopRig) -> None:
    cart = rig.add_cart()
    rig.add_order(cart, paid=False, invoice=False)

    record = rig.shop.find_record(cart)

    assert record is not None
    assert not record.counts_as_paid
    assert (record.invoice_numbers, record.paid_by) == ((), {})


def test_another_currency_is_named(rig: ShopRig) -> None:
    cart = rig.add_cart()
    rig.add_order(cart, "14.40", currency="USD", paid_by="tr_1")

    record = rig.shop.find_record(cart)

    assert record is not None
    assert record.currency == "USD"


def test_a_correction_is_written_and_its_reason_kept(rig: ShopRig) -> None:
    rig.add_payment(rig.add_cart(), "tr_1", order_id=3)

    assert rig.shop.correct_payment("tr_1", bank_status="expired", reason="asked Mollie")

    row = rig.shop.find_payment("tr_1")
    assert row is not None
    assert (row.bank_status, row.order_id) == ("expired", 3)
    assert rig.reason_of("tr_1") == "asked Mollie"


def test_a_correction_of_nothing_says_so(rig: ShopRig) -> None:
    assert not rig.shop.correct_payment("tr_1", bank_status="paid", reason="x")


def test_without_its_database_the_shop_is_not_empty_but_down(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/nothing/shop.db")

    with pytest.raises(StoreDown):
        SqlShop(engine).find_view(CartRef(shop_id=1, cart_id=42))
