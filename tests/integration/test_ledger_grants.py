"""The rights in sql/grants.sql: enough for everything the bridge does, and for nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pymysql
import pytest
from sqlalchemy import URL

from bridge.adapters.ledger import SqlLedger, create_engine
from bridge.adapters.migrations import HEAD, migrate, schema_version
from bridge.adapters.prestashop import SqlShop
from bridge.demo.storefront.schema import shop_tables
from bridge.domain.attempt import AttemptState
from bridge.domain.cart import CartRef
from bridge.domain.errors import ConfigurationError, StoreDown
from bridge.domain.records import RefundState
from bridge.ports.ledger import CartTransaction
from tests.contract.ledger_builders import CART, NOW, a_delivery, a_key, a_lease, a_refund, an_attempt, an_entry, store
from tests.services.mariadb import Database

pytestmark = pytest.mark.mariadb

SQL = Path(__file__).parents[2] / "sql"
OWN_TABLES = ("cart", "attempt", "idempotency", "delivery", "refund", "audit", "version")


@pytest.fixture
def shop_database(mariadb_database: Database) -> Iterator[Database]:
    """A shop's database with the bridge's tables, after sql/schema.sql and sql/grants.sql."""
    engine = create_engine(mariadb_database.url)
    shop_tables("ps_").create(engine)
    engine.dispose()
    mariadb_database.run_script((SQL / "schema.sql").read_text())
    mariadb_database.run_script((SQL / "grants.sql").read_text().replace("'localhost'", "'127.0.0.1'"))
    yield mariadb_database
    mariadb_database.execute("DROP USER 'mollie_bridge'@'127.0.0.1', 'mollie_bridge_migrate'@'127.0.0.1'")


@pytest.fixture
def running(shop_database: Database) -> Database:
    """The database as the bridge's own user sees it."""
    return replace(shop_database, user="mollie_bridge", password="choose-a-password")


@pytest.fixture
def migrating(shop_database: Database) -> Database:
    """The database as the user that migrates sees it."""
    return replace(shop_database, user="mollie_bridge_migrate", password="choose-another-password")


@pytest.fixture
def ledger(running: Database) -> Iterator[SqlLedger]:
    engine = create_engine(running.url)
    migrate(engine, "ps_")
    yield SqlLedger(engine, "ps_", lambda connection: SqlShop(connection, "ps_"))
    engine.dispose()


def test_everything_that_the_ledger_does_is_allowed(ledger: SqlLedger) -> None:
    attempt, delivery, refund = an_attempt(), a_delivery(), a_refund()

    def work(tx: CartTransaction) -> None:
        tx.save_state(replace(tx.state, fence=tx.state.fence + 1, lease=a_lease()))
        tx.save_key(a_key())
        tx.save_refund(refund)
        tx.save_delivery(delivery)
        tx.audit(an_entry(at=NOW))

    store(ledger, attempt)
    ledger.in_cart(CART, work)
    ledger.in_cart(CART, work)
    ledger.in_cart(CART, lambda tx: tx.save_attempt(attempt.moved(AttemptState.OPEN, NOW)))
    assert ledger.queues.claim_delivery(delivery.id, NOW, NOW + timedelta(seconds=1)) is not None
    assert ledger.leased()
    assert ledger.queues.refunds_in(frozenset({RefundState.QUEUED}), 9) == (refund,)
    later = NOW + timedelta(days=1)
    assert ledger.queues.prune(later, audit_before=later, deliveries_before=later) == 3


def test_everything_that_is_read_of_the_shop_may_be_read(ledger: SqlLedger, shop_database: Database) -> None:
    _fill_shop(shop_database)
    cart = CartRef(shop_id=1, cart_id=42)
    assert ledger.shop.find_cart(42) == cart
    assert ledger.shop.find_cart_of("tr_first") == cart
    view = ledger.in_cart(cart, lambda tx: tx.shop.find_view(cart))
    assert view is not None
    assert len(view.orders) == len(view.payments) == 1
    assert ledger.shop.find_record(cart) is not None
    assert ledger.shop.find_payment("tr_first") is not None
    access = ledger.shop.find_mollie_access(1)
    assert access is not None
    assert access.api_key == "test_key"
    assert ledger.shop.correct_payment("tr_first", bank_status="paid", reason="by the bridge")
    assert shop_database.execute("SELECT bank_status, reason FROM ps_mollie_payments") == (("paid", "by the bridge"),)


@pytest.mark.req("P8")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ps_mollie_payments SET order_id = 1",
        "INSERT INTO ps_mollie_payments SELECT * FROM ps_mollie_payments",
        "DELETE FROM ps_mollie_payments",
        "UPDATE ps_orders SET current_state = 1",
        "DELETE FROM ps_cart",
        "UPDATE ps_configuration SET value = ''",
        "SELECT * FROM ps_customer",
        "SELECT * FROM mysql.user",
        "CREATE TABLE ps_molbridge_more (n INT)",
        "ALTER TABLE ps_molbridge_cart ADD COLUMN n INT",
        "DROP TABLE ps_molbridge_cart",
        "UPDATE ps_molbridge_audit SET event = 'nothing happened'",
        "UPDATE ps_molbridge_version SET version_num = '0'",
    ],
)
def test_nothing_else_is(running: Database, statement: str) -> None:
    with pytest.raises(pymysql.err.MySQLError) as denied:
        running.execute(statement)
    assert denied.value.args[0] in {1044, 1142, 1143}


def test_the_bridges_own_user_says_plainly_that_it_may_not_migrate(shop_database: Database, running: Database) -> None:
    shop_database.execute("DROP TABLE ps_molbridge_audit")
    shop_database.execute("DELETE FROM ps_molbridge_version")
    engine = create_engine(running.url)
    with pytest.raises(ConfigurationError, match=r"sql/grants\.sql"):
        migrate(engine, "ps_")
    engine.dispose()


def test_a_missing_right_is_said_to_be_one(ledger: SqlLedger, shop_database: Database) -> None:
    shop_database.execute("REVOKE INSERT ON ps_molbridge_audit FROM 'mollie_bridge'@'127.0.0.1'")
    with pytest.raises(StoreDown, match="lacks a right"):
        ledger.audit(an_entry())


def test_the_migrating_user_makes_every_table_and_touches_none_of_the_shop(
    shop_database: Database, migrating: Database
) -> None:
    for name in OWN_TABLES:
        shop_database.execute(f"DROP TABLE ps_molbridge_{name}")
    engine = create_engine(migrating.url)
    migrate(engine, "ps_")
    assert schema_version(engine, "ps_") == HEAD
    engine.dispose()
    for statement in ("SELECT * FROM ps_orders", "DROP TABLE ps_cart", "CREATE TABLE ps_other (n INT)"):
        with pytest.raises(pymysql.err.MySQLError) as denied:
            migrating.execute(statement)
        assert denied.value.args[0] == 1142


def _fill_shop(database: Database) -> None:
    database.run_script(
        """
        SET SESSION sql_mode = '';
        INSERT INTO ps_shop (id_shop, id_shop_group, name) VALUES (1, 1, 'Shop');
        INSERT INTO ps_currency (id_currency, name, iso_code) VALUES (1, 'Euro', 'EUR');
        INSERT INTO ps_cart (id_cart, id_shop, id_customer) VALUES (42, 1, 7);
        INSERT INTO ps_order_state (id_order_state, invoice, paid) VALUES (2, 1, 1);
        INSERT INTO ps_orders (id_order, id_cart, reference, module, total_paid, id_currency, current_state)
            VALUES (5, 42, 'REF', 'mollie', 14.40, 1, 2);
        INSERT INTO ps_mollie_payments (transaction_id, cart_id, order_id, method, bank_status, created_at)
            VALUES ('tr_first', 42, 5, 'ideal', 'open', NOW());
        INSERT INTO ps_configuration (name, value)
            VALUES ('MOLLIE_ENVIRONMENT', '0'), ('MOLLIE_API_KEY_TEST', 'test_key');
        """
    )


@pytest.mark.parametrize("password", ["plain", "Zoë", "密码", "a b'\"\\%@:/?#"])
def test_a_password_is_sent_as_php_sends_it(mariadb_database: Database, password: str) -> None:
    mariadb_database.execute("DROP USER IF EXISTS 'zoe'@'127.0.0.1'")
    mariadb_database.execute("CREATE USER 'zoe'@'127.0.0.1' IDENTIFIED BY %s", password)
    mariadb_database.execute(f"GRANT SELECT ON {mariadb_database.name}.* TO 'zoe'@'127.0.0.1'")
    url = URL.create(
        "mysql+pymysql",
        username="zoe",
        password=password,
        host=mariadb_database.host,
        port=mariadb_database.port,
        database=mariadb_database.name,
    )
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
    finally:
        engine.dispose()
        mariadb_database.execute("DROP USER 'zoe'@'127.0.0.1'")
