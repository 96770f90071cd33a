"""What only the reader on a database does: settings by shop, somebody else's transaction, outages, odd prefixes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError

from bridge.adapters.prestashop import SqlShop
from bridge.domain.cart import CartRef
from bridge.domain.errors import ConfigurationError, StoreDown
from bridge.ports.shop import MollieAccess
from tests.contract.shop_tables import WrittenShop
from tests.services.mariadb import Database, PrivateMariaDB

CART = CartRef(shop_id=1, cart_id=42)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[WrittenShop]:
    engine = create_engine(f"sqlite:///{tmp_path}/shop.db")
    yield WrittenShop.create(engine, "ps_", SqlShop)
    engine.dispose()


@pytest.fixture
def mariadb_engine(mariadb_database: Database) -> Iterator[Engine]:
    engine = create_engine(mariadb_database.url)
    yield engine
    engine.dispose()


@pytest.fixture
def mariadb_rig(mariadb_engine: Engine) -> WrittenShop:
    return WrittenShop.create(mariadb_engine, "ps_", SqlShop)


def test_the_environment_chooses_the_key(rig: WrittenShop) -> None:
    rig.configure("MOLLIE_API_KEY_TEST", "test_1")
    rig.configure("MOLLIE_API_KEY", " live_1 ")
    rig.configure("MOLLIE_ENVIRONMENT", "0")
    assert rig.shop.find_mollie_access(1) == MollieAccess(api_key="test_1", live=False)

    rig.configure("MOLLIE_ENVIRONMENT", "1")
    assert rig.shop.find_mollie_access(1) == MollieAccess(api_key="live_1", live=True)


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_mode_without_a_key_is_no_access(rig: WrittenShop, value: str | None) -> None:
    rig.configure("MOLLIE_ENVIRONMENT", "1")
    rig.configure("MOLLIE_API_KEY", value)

    assert rig.shop.find_mollie_access(1) is None


def test_the_shops_own_key_comes_before_the_groups_and_that_before_the_global_one(rig: WrittenShop) -> None:
    for shop, group in ((2, 5), (3, 5), (4, 6)):
        rig.add_shop(shop, group)
    rig.configure("MOLLIE_API_KEY_TEST", "test_global")
    rig.configure("MOLLIE_API_KEY_TEST", "test_group5", group=5)
    rig.configure("MOLLIE_API_KEY_TEST", "test_shop2", shop=2, group=5)

    keys = [access.api_key for shop in (2, 3, 4, 1) if (access := rig.shop.find_mollie_access(shop))]

    assert keys == ["test_shop2", "test_group5", "test_global", "test_global"]


def test_each_setting_is_looked_up_by_itself(rig: WrittenShop) -> None:
    rig.add_shop(2, 5)
    rig.configure("MOLLIE_API_KEY", "live_global")
    rig.configure("MOLLIE_ENVIRONMENT", "1", shop=2, group=5)

    assert rig.shop.find_mollie_access(2) == MollieAccess(api_key="live_global", live=True)


def test_null_in_the_shops_own_row_falls_back_but_an_empty_key_does_not(rig: WrittenShop) -> None:
    rig.add_shop(2, 5)
    rig.add_shop(3, 5)
    rig.configure("MOLLIE_API_KEY_TEST", "test_global")
    rig.configure("MOLLIE_API_KEY_TEST", None, shop=2, group=5)
    rig.configure("MOLLIE_API_KEY_TEST", "", shop=3, group=5)

    access = rig.shop.find_mollie_access(2)

    assert access is not None
    assert access.api_key == "test_global"
    assert rig.shop.find_mollie_access(3) is None


def test_zero_means_global_as_null_does(rig: WrittenShop) -> None:
    rig.configure("MOLLIE_API_KEY_TEST", None)
    rig.configure("MOLLIE_API_KEY_TEST", "test_zero", shop=0, group=0)

    access = rig.shop.find_mollie_access(1)

    assert access is not None
    assert access.api_key == "test_zero"


def test_with_multishop_switched_off_only_global_settings_count(rig: WrittenShop) -> None:
    rig.configure("MOLLIE_API_KEY_TEST", "test_global")
    rig.configure("MOLLIE_API_KEY_TEST", "test_left_over", shop=1, group=1)
    rig.configure("PS_MULTISHOP_FEATURE_ACTIVE", "0")

    access = rig.shop.find_mollie_access(1)

    assert access is not None
    assert access.api_key == "test_global"


def test_the_key_does_not_show_when_the_access_is_printed(rig: WrittenShop) -> None:
    assert "storefront" not in repr(rig.shop.find_mollie_access(1))


def test_a_shop_that_makes_no_invoices_expects_none(rig: WrittenShop) -> None:
    cart = rig.add_cart()
    rig.add_order(cart, invoice=False)
    rig.configure("PS_INVOICE", "0")

    record = rig.shop.find_record(cart)

    assert record is not None
    assert not record.expects_invoice


def test_a_payment_in_another_currency_than_the_orders_is_not_taken_for_its_payment(rig: WrittenShop) -> None:
    cart = rig.add_cart()
    rig.add_order(cart, "14.40", reference="REF", currency="EUR")
    other = rig.add_cart(43)
    rig.add_order(other, "14.40", reference="REF", currency="USD", paid_by="tr_1")

    record = rig.shop.find_record(cart)

    assert record is not None
    assert record.paid_by == {}


@pytest.mark.req("P8")
def test_a_correction_touches_nothing_but_status_reason_and_time(rig: WrittenShop) -> None:
    rig.add_payment(rig.add_cart(), "tr_1", order_id=3, age=timedelta(hours=1))
    before = rig.payment_row("tr_1")

    rig.shop.correct_payment("tr_1", bank_status="expired", reason="r" * 100)

    after = rig.payment_row("tr_1")
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"bank_status", "reason", "updated_at"}
    assert after["reason"] == "r" * 64


def test_a_view_costs_one_statement(rig: WrittenShop) -> None:
    cart = rig.add_cart()
    rig.add_order(cart)
    statements: list[str] = []
    event.listen(rig.engine, "before_cursor_execute", lambda *context: statements.append(context[2]))

    rig.shop.find_view(cart)

    assert len(statements) == 1


@pytest.mark.mariadb
def test_split_orders_beside_several_payments_are_each_seen_once(mariadb_rig: WrittenShop) -> None:
    cart = mariadb_rig.add_cart()
    first, second = (mariadb_rig.add_order(cart, reference="REF", paid_by=None) for _ in range(2))
    for number, hours in ((1, 1), (2, 3), (3, 2)):
        mariadb_rig.add_payment(cart, f"tr_{number}", age=timedelta(hours=hours))
    mariadb_rig.add_order(mariadb_rig.add_cart(43))

    view = mariadb_rig.shop.find_view(cart)

    assert view is not None
    assert [order.order_id for order in view.orders] == [first, second]
    assert [payment.transaction_id for payment in view.payments] == ["tr_2", "tr_3", "tr_1"]


@pytest.mark.mariadb
def test_columns_of_different_collations_are_read_together(
    mariadb_rig: WrittenShop, mariadb_database: Database
) -> None:
    mariadb_database.execute("ALTER TABLE ps_orders CONVERT TO CHARACTER SET latin1")
    mariadb_database.execute(
        "ALTER TABLE ps_mollie_payments CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
    )
    cart = mariadb_rig.add_cart()
    mariadb_rig.add_order(cart, reference="RÉF")
    mariadb_rig.add_payment(cart, "tr_1")

    view = mariadb_rig.shop.find_view(cart)

    assert view is not None
    assert (view.orders[0].reference, view.payments[0].transaction_id) == ("RÉF", "tr_1")


@pytest.mark.parametrize("prefix", ["ps_; DROP TABLE x", "ps-", "p s", "ps_`", "é", "x" * 41, "ps_\n"])
def test_a_prefix_that_is_none_is_refused(prefix: str) -> None:
    with pytest.raises(ConfigurationError, match="prefix"):
        SqlShop(create_engine("sqlite://"), prefix)


def test_an_empty_prefix_is_one(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/shop.db")
    rig = WrittenShop.create(engine, "", SqlShop)

    assert rig.shop.find_view(rig.add_cart()) is not None
    engine.dispose()


def test_tables_that_are_missing_mean_down_and_the_message_names_no_account(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/empty.db")

    with pytest.raises(StoreDown) as down:
        SqlShop(engine).find_view(CART)

    assert str(down.value) == "the shop's database can not be asked (OperationalError)"
    engine.dispose()


@pytest.mark.mariadb
def test_a_server_that_is_gone_means_down(mariadb: PrivateMariaDB, mariadb_rig: WrittenShop) -> None:
    cart = mariadb_rig.add_cart()
    mariadb.kill()

    with pytest.raises(StoreDown):
        mariadb_rig.shop.find_view(cart)
    with pytest.raises(StoreDown):
        mariadb_rig.shop.find_view(cart)

    mariadb.start()
    assert mariadb_rig.shop.find_view(cart) is not None


@pytest.mark.mariadb
def test_in_a_transaction_nothing_is_committed(mariadb_rig: WrittenShop, mariadb_engine: Engine) -> None:
    mariadb_rig.add_payment(mariadb_rig.add_cart(), "tr_1")

    with mariadb_engine.connect() as db:
        SqlShop(db).correct_payment("tr_1", bank_status="paid", reason="x")
        inside = SqlShop(db).find_payment("tr_1")
        outside = mariadb_rig.shop.find_payment("tr_1")
        db.rollback()

    assert inside is not None
    assert outside is not None
    assert (inside.bank_status, outside.bank_status) == ("paid", "open")


@pytest.mark.mariadb
def test_a_lock_that_another_run_may_get_is_the_transactions_owners_affair(
    mariadb_rig: WrittenShop, mariadb_engine: Engine
) -> None:
    mariadb_rig.add_payment(mariadb_rig.add_cart(), "tr_1")

    with mariadb_engine.connect() as holder, mariadb_engine.connect() as waiter:
        SqlShop(holder).correct_payment("tr_1", bank_status="paid", reason="x")
        waiter.execute(text("SET SESSION innodb_lock_wait_timeout = 0"))

        with pytest.raises(OperationalError):
            SqlShop(waiter).correct_payment("tr_1", bank_status="paid", reason="y")


@pytest.mark.mariadb
@pytest.mark.parametrize("zone", ["+00:00", "+02:00", "-11:00"])
def test_ages_are_right_in_whatever_zone_the_server_lives(
    mariadb_rig: WrittenShop, mariadb_engine: Engine, zone: str
) -> None:
    with mariadb_engine.connect() as db:
        db.execute(text(f"SET time_zone = '{zone}'"))
        db.execute(
            text(
                "INSERT INTO ps_mollie_payments (transaction_id, cart_id, method, bank_status, created_at) "
                "VALUES ('tr_1', 42, 'ideal', 'open', NOW() - INTERVAL 29 MINUTE)"
            )
        )

        row = SqlShop(db).find_payment("tr_1")

        assert row is not None
        assert timedelta(minutes=29) <= row.age < timedelta(minutes=30)
        db.execute(text("SET time_zone = DEFAULT"))


SPRING = int(datetime(2026, 3, 29, 1, 0, tzinfo=UTC).timestamp())
"""The clocks of Amsterdam go from 02:00 to 03:00."""

AMSTERDAM = f"""
    REPLACE INTO mysql.time_zone VALUES (4242, 'N');
    REPLACE INTO mysql.time_zone_name VALUES ('Test/Amsterdam', 4242);
    REPLACE INTO mysql.time_zone_transition_type VALUES (4242, 0, 3600, 0, 'CET'), (4242, 1, 7200, 1, 'CEST');
    REPLACE INTO mysql.time_zone_transition VALUES (4242, {SPRING - 10_000_000}, 0), (4242, {SPRING}, 1);
"""


@pytest.mark.mariadb
def test_the_night_when_the_clocks_change_makes_no_payment_older(
    mariadb_database: Database, mariadb_rig: WrittenShop, mariadb_engine: Engine
) -> None:
    mariadb_database.run_script(AMSTERDAM)
    with mariadb_engine.connect() as db:
        db.execute(text(f"SET time_zone = 'Test/Amsterdam', timestamp = {SPRING + 600}"))
        assert db.execute(text("SELECT CAST(NOW() AS CHAR)")).scalar_one() == "2026-03-29 03:10:00"
        db.execute(
            text(
                "INSERT INTO ps_mollie_payments (transaction_id, cart_id, method, bank_status, created_at) "
                "VALUES ('tr_1', 42, 'ideal', 'open', '2026-03-29 01:50:00')"
            )
        )

        row = SqlShop(db).find_payment("tr_1")

        assert row is not None
        assert row.age == timedelta(minutes=20)
        db.execute(text("SET time_zone = DEFAULT, timestamp = DEFAULT"))
