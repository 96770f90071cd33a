"""What only the reader on a database does: odd rows and prefixes, outages, somebody else's transaction."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError

from bridge.adapters.prestashop import SqlShop
from bridge.domain.cart import CartRef
from bridge.domain.errors import ConfigurationError, StoreDown
from tests.contract.shop_tables import WrittenShop
from tests.services.mariadb import Database, PrivateMariaDB

CART = CartRef(shop_id=1, cart_id=42)


def test_a_payment_in_another_currency_than_the_orders_is_not_taken_for_its_payment(sqlite_rig: WrittenShop) -> None:
    cart = sqlite_rig.add_cart()
    sqlite_rig.add_order(cart, "14.40", reference="REF", currency="EUR")
    other = sqlite_rig.add_cart(43)
    sqlite_rig.add_order(other, "14.40", reference="REF", currency="USD", paid_by="tr_1")

    record = sqlite_rig.shop.find_record(cart)

    assert record is not None
    assert record.paid_by == {}


@pytest.mark.req("P8")
def test_a_correction_touches_nothing_but_status_reason_and_time(sqlite_rig: WrittenShop) -> None:
    sqlite_rig.add_payment(sqlite_rig.add_cart(), "tr_1", order_id=3, age=timedelta(hours=1))
    before = sqlite_rig.payment_row("tr_1")

    sqlite_rig.shop.correct_payment("tr_1", bank_status="expired", reason="r" * 100)

    after = sqlite_rig.payment_row("tr_1")
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"bank_status", "reason", "updated_at"}
    assert after["reason"] == "r" * 64


def test_a_view_costs_one_statement(sqlite_rig: WrittenShop) -> None:
    cart = sqlite_rig.add_cart()
    sqlite_rig.add_order(cart)
    statements: list[str] = []
    event.listen(sqlite_rig.engine, "before_cursor_execute", lambda *context: statements.append(context[2]))

    sqlite_rig.shop.find_view(cart)

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
    sqlite_rig = WrittenShop.create(engine, "", SqlShop)

    assert sqlite_rig.shop.find_view(sqlite_rig.add_cart()) is not None
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
