"""The reader on a real shop's dump: what is known of that shop must come out of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from bridge.adapters.prestashop import SqlShop
from bridge.domain.cart import CartRef
from bridge.domain.shop import OwnedBy, ShopView, find_order_owner
from tests.services.mariadb import PrivateMariaDB

pytestmark = pytest.mark.mariadb

SAMPLE = Path(__file__).parents[1] / "data" / "sample-shop"


@pytest.fixture(scope="module")
def engine(mariadb: PrivateMariaDB) -> Iterator[Engine]:
    database = mariadb.create_database("sample_shop")
    # The dump holds zero dates, as every PrestaShop does; its own sessions run without sql_mode, too.
    for script in ("schema.sql", "rows.sql"):
        database.run_script("SET SESSION sql_mode = '';\n" + (SAMPLE / script).read_text())
    engine = create_engine(database.url)
    yield engine
    engine.dispose()
    mariadb.drop_database("sample_shop")


@pytest.fixture(scope="module")
def shop(engine: Engine) -> SqlShop:
    return SqlShop(engine)


@pytest.fixture(scope="module")
def views(engine: Engine, shop: SqlShop) -> list[ShopView]:
    with engine.connect() as db:
        carts = db.execute(text("SELECT id_cart FROM ps_cart")).scalars().all()
    found = [shop.find_view(CartRef(shop_id=1, cart_id=cart)) for cart in carts]
    return [view for view in found if view is not None]


def test_every_payment_row_is_found_by_its_cart(views: list[ShopView]) -> None:
    assert sum(len(view.payments) for view in views) == 85


def test_77_rows_say_paid_and_8_say_open(views: list[ShopView]) -> None:
    rows = [payment for view in views for payment in view.payments]

    assert sum(row.says_paid for row in rows) == 77
    assert sum(row.bank_status == "open" for row in rows) == 8


def test_ten_carts_have_two_order_references(views: list[ShopView]) -> None:
    assert sorted(len(view.references) for view in views).count(2) == 10
    assert max(len(view.references) for view in views) == 2


def test_19_carts_were_paid_more_than_once(views: list[ShopView]) -> None:
    assert sum(sum(row.says_paid for row in view.payments) > 1 for view in views) == 19


def test_every_order_that_was_paid_has_a_payment_that_it_was_made_for(views: list[ShopView]) -> None:
    for view in views:
        if any(row.says_paid for row in view.payments):
            assert isinstance(find_order_owner(view), OwnedBy)


def test_an_order_that_went_well_is_read_in_full(views: list[ShopView], shop: SqlShop) -> None:
    view = next(v for v in views if len(v.payments) == 1 and v.payments[0].says_paid and len(v.orders) == 1)
    cart = shop.find_cart_of(view.payments[0].transaction_id)
    assert cart is not None

    record = shop.find_record(cart)

    assert record is not None
    assert (record.view.customer_id, record.view.orders) == (view.customer_id, view.orders)
    assert record.total == view.orders[0].total > 0
    assert record.currency == "EUR"
    assert record.paid_by == {view.payments[0].transaction_id: Decimal("14.400000")}
    assert len(record.invoice_numbers) == 1
    assert record.counts_as_paid
    assert record.expects_invoice


def test_the_test_key_is_read_from_the_configuration(shop: SqlShop) -> None:
    access = shop.find_mollie_access(1)

    assert access is not None
    assert access.api_key.startswith("test_aB3")
    assert not access.live


def test_ages_are_counted_from_the_time_the_module_wrote(engine: Engine, shop: SqlShop) -> None:
    with engine.begin() as db:
        transaction = db.execute(text("SELECT transaction_id FROM ps_mollie_payments LIMIT 1")).scalar_one()
        db.execute(
            text("UPDATE ps_mollie_payments SET created_at = NOW() - INTERVAL 31 MINUTE WHERE transaction_id = :t"),
            {"t": transaction},
        )

    row = shop.find_payment(transaction)

    assert row is not None
    assert timedelta(minutes=31) <= row.age < timedelta(minutes=32)
