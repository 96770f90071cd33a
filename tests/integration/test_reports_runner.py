"""Running reports: any prefix, sessions that can not write, and what is missing put into words."""

from __future__ import annotations

import pymysql
import pytest
from sqlalchemy import create_engine

from bridge.adapters.reports import SqlReports
from bridge.demo.storefront.schema import shop_tables
from bridge.demo.storefront.seed import seed
from bridge.domain.errors import ReportUnavailable
from bridge.domain.report_catalogue import BY_NAME
from tests.integration.report_shop import SHOP_ONLY, PlantedShop
from tests.services.mariadb import Database

pytestmark = [pytest.mark.mariadb, pytest.mark.req("P6")]

# The runner


@pytest.mark.parametrize("prefix", ["", "1e5_", "shop2_"])
def test_another_prefix_is_no_matter(mariadb_database: Database, prefix: str) -> None:
    engine = create_engine(mariadb_database.shop_url)
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
