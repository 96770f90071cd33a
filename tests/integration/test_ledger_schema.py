"""The tables: made by the migrations, described twice (for people and for the program), and all the same."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Select, inspect

from bridge.adapters.ledger import SqlLedger, create_engine
from bridge.adapters.ledger.queue_statements import QueueStatements
from bridge.adapters.ledger.statements import Statements
from bridge.adapters.ledger.tables import ledger_tables
from bridge.adapters.migrations import HEAD, migrate, schema_version
from bridge.adapters.migrations.render import schema
from bridge.adapters.migrations.upgrade import newest_version
from bridge.domain.cart import CartRef
from bridge.domain.errors import ConfigurationError, StoreDown
from bridge.domain.records import DeliveryState, RefundState
from bridge.ports.ledger import CartTransaction
from tests.contract.ledger_backends import at_once, engine_for, sql_ledger
from tests.contract.ledger_builders import (
    NOW,
    a_dead_attempt,
    a_delivery,
    a_key,
    a_lease,
    a_refund,
    an_entry,
    raise_fence,
    store,
)
from tests.fakes.shop import FakeShop
from tests.services.mariadb import Database, PrivateMariaDB

ROOT = Path(__file__).parents[2]
MIGRATE = """
import sys
from bridge.adapters.ledger import create_engine
from bridge.adapters.migrations import migrate
engine = create_engine(sys.argv[1])
sys.stdin.readline()
migrate(engine, "ps_")
"""

LATER = NOW + timedelta(days=1)
NEWS = {"tx": "tr_5", "status": "paid", "refunded": 0, "charged_back": 0, "this": "another"}
DUE = {"due_by": NOW, "most": 10}
SILENT = {"quiet_since": NOW, "silent_since": NOW, "made_after": NOW, "at": NOW, "most": 10}

SHAPE = {
    "tables": "SELECT table_name, engine, table_collation FROM information_schema.tables",
    "columns": "SELECT table_name, ordinal_position, column_name, column_type, is_nullable, column_default,"
    " character_set_name, collation_name, extra FROM information_schema.columns",
    "indexes": "SELECT table_name, index_name, seq_in_index, column_name, non_unique"
    " FROM information_schema.statistics",
}


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'bridge.db'}"
    database: Database = request.getfixturevalue("mariadb_database")
    return database.url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = create_engine(url)
    yield engine
    engine.dispose()


def shape_of(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Everything that information_schema knows of the tables and of the version."""
    return {
        name: sorted(database.execute(f"{sql} WHERE table_schema = %s", database.name), key=repr)
        for name, sql in SHAPE.items()
    }


def test_an_empty_database_is_brought_to_the_newest_version(engine: Engine) -> None:
    assert schema_version(engine, "ps_") is None
    migrate(engine, "ps_")
    assert schema_version(engine, "ps_") == HEAD == newest_version()


def test_migrating_again_changes_nothing(engine: Engine, url: str) -> None:
    migrate(engine, "ps_")
    with sql_ledger(url) as ledger:
        store(ledger, a_dead_attempt())
        migrate(engine, "ps_")
        assert len(ledger.attempts_of(CartRef(shop_id=1, cart_id=42))) == 1


@pytest.mark.slow
def test_many_threads_and_processes_may_migrate_at_once(engine: Engine, url: str) -> None:
    others = [
        subprocess.Popen([sys.executable, "-c", MIGRATE, url], cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    for other in others:
        assert other.stdin is not None
        other.stdin.write(b"go\n")
        other.stdin.flush()
    at_once(4, lambda _: migrate(engine, "ps_"))
    for other in others:
        _, complaints = other.communicate(timeout=60)
        assert (other.returncode, complaints) == (0, b"")
    assert schema_version(engine, "ps_") == HEAD


@pytest.mark.parametrize("left", [1, 3, 6])
def test_half_done_work_is_finished(engine: Engine, left: int) -> None:
    """On the servers each statement commits: a crash leaves the tables and indexes made so far, and no version."""
    migrate(engine, "ps_")
    names = ["cart", "attempt", "idempotency", "delivery", "refund", "audit"]
    index = f"ps_molbridge_{names[left - 1]}_{'cart' if names[left - 1] == 'audit' else 'expiry'}"
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE ps_molbridge_version")
        for name in names[left:]:
            connection.exec_driver_sql(f"DROP TABLE ps_molbridge_{name}")
        if left > 1:
            on_table = f" ON ps_molbridge_{names[left - 1]}" if engine.dialect.name == "mysql" else ""
            connection.exec_driver_sql(f"DROP INDEX {index}{on_table}")
    migrate(engine, "ps_")
    tables = ledger_tables("ps_").metadata.tables
    with engine.connect() as connection:
        for name, table in tables.items():
            found = {found["name"] for found in inspect(connection).get_indexes(name)}
            assert found >= {wanted.name for wanted in table.indexes}


def test_a_database_that_is_newer_than_the_program_is_left_alone(engine: Engine) -> None:
    migrate(engine, "ps_")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE ps_molbridge_version SET version_num = '9999'")
    with pytest.raises(ConfigurationError, match="another version"):
        migrate(engine, "ps_")


@pytest.mark.parametrize("prefix", ["", "a" * 32, "Shop1_"])
def test_any_prefix_that_a_shop_may_have_works(url: str, engine: Engine, prefix: str) -> None:
    migrate(engine, prefix)
    ledger = SqlLedger(engine, prefix, lambda _: FakeShop())
    assert ledger.in_cart(CartRef(shop_id=1, cart_id=1), raise_fence) == 1


@pytest.mark.parametrize("prefix", ["ps`; DROP TABLE x", "a" * 33, "é", "ps-"])
def test_a_prefix_that_can_not_be_one_is_refused(tmp_path: Path, prefix: str) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'bridge.db'}")
    for use in (lambda: migrate(engine, prefix), lambda: SqlLedger(engine, prefix, lambda _: FakeShop())):
        with pytest.raises(ConfigurationError, match="prefix"):
            use()


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("nonsense", "can not be read"),
        ("postgresql://u@h/d", "for postgresql"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
    ],
)
def test_a_database_url_that_can_not_be_worked_with_is_refused(url: str, fault: str) -> None:
    with pytest.raises(ConfigurationError, match=fault):
        create_engine(url)


def test_waiting_for_a_row_must_not_look_like_a_dead_server() -> None:
    with pytest.raises(ConfigurationError, match="longer than lock_wait"):
        create_engine("mysql+pymysql://u@h/d", read_timeout=2, lock_wait=2)


def test_a_database_that_is_not_there_is_down(tmp_path: Path) -> None:
    with pytest.raises(StoreDown):
        migrate(create_engine(f"sqlite:///{tmp_path / 'no-such-folder' / 'bridge.db'}"), "ps_")


def test_the_sql_file_is_what_the_migrations_render() -> None:
    assert (ROOT / "sql" / "schema.sql").read_text() == schema(), (
        "run: python -m bridge.adapters.migrations.render > sql/schema.sql"
    )


@pytest.mark.mariadb
def test_file_migrations_and_program_describe_the_same_tables(
    mariadb: PrivateMariaDB, mariadb_database: Database
) -> None:
    by_file, by_program = mariadb.create_database("by_file"), mariadb.create_database("by_program")
    try:
        by_file.run_script((ROOT / "sql" / "schema.sql").read_text())
        with engine_for(mariadb_database.url):
            migrated = shape_of(mariadb_database)
        assert len(migrated["tables"]) == 9
        assert shape_of(by_file) == migrated
        program = create_engine(by_program.url)
        ledger_tables("ps_").metadata.create_all(program)
        program.dispose()
        by_program.execute("CREATE TABLE ps_molbridge_version LIKE by_file.ps_molbridge_version")
        assert shape_of(by_program) == migrated
    finally:
        mariadb.drop_database("by_file")
        mariadb.drop_database("by_program")


@pytest.mark.mariadb
def test_the_file_needs_no_migration_after_it(mariadb_database: Database) -> None:
    mariadb_database.run_script((ROOT / "sql" / "schema.sql").read_text())
    engine = create_engine(mariadb_database.url)
    assert schema_version(engine, "ps_") == HEAD
    engine.dispose()


@pytest.mark.mariadb
@pytest.mark.parametrize(
    ("statement", "values", "key"),
    [
        (lambda sql: sql.cart.leased_by, {"token": "token-5"}, "cart_lease"),
        (lambda sql: sql.cart.leased, {}, "cart_lease"),
        (lambda sql: sql.attempt.find_by_transaction, {"wanted": "tr_5"}, "attempt_tx"),
        (lambda sql: sql.attempt.of_cart.statement, {"shop": 1, "cart": 5}, "attempt_cart"),
        (lambda sql: sql.delivery.passed_on, NEWS, "delivery_tx"),
        (lambda sql: sql.refund.of_transaction, {"tx": "tr_5"}, "refund_tx"),
        (lambda sql: sql.audit.newest, {"shop": 1, "cart": 5, "most": 10}, "audit_cart"),
    ],
)
def test_every_look_has_its_index(
    full_ledger: Engine, statement: Callable[[Statements], Select[Any]], values: dict[str, object], key: str
) -> None:
    assert key_of(full_ledger, statement(Statements(ledger_tables("ps_"))).params(values)) == key


@pytest.mark.mariadb
@pytest.mark.parametrize(
    ("statement", "values", "key"),
    [
        (lambda sql: sql.delivery.due, DUE, "delivery_due"),
        (lambda sql: sql.delivery.waiting, {"tx": "tr_5"}, "delivery_tx"),
        (lambda sql: sql.delivery.count, {}, "delivery_due"),
        (lambda sql: sql.refund.due, DUE, "refund_state"),
        (lambda sql: sql.refund.doubtful, DUE, "refund_due"),
        (lambda sql: sql.notice.due, DUE, "notice_due"),
        (lambda sql: sql.leftover.live, {}, "attempt_state"),
        (lambda sql: sql.leftover.completed, {"since": LATER, "since_": LATER}, "attempt_state"),
        (lambda sql: sql.leftover.unchecked, SILENT, "attempt_state"),
        (lambda sql: sql.leftover.unfinished, {"most": 10}, "cart_phase"),
    ],
)
def test_every_look_into_a_queue_has_its_index(
    full_ledger: Engine, statement: Callable[[QueueStatements], Select[Any]], values: dict[str, object], key: str
) -> None:
    assert key_of(full_ledger, statement(QueueStatements(ledger_tables("ps_"))).params(values)) == key


def key_of(engine: Engine, wanted: Select[Any]) -> str:
    """The index that the server would use for (the first table of) a statement, its prefix left off."""
    compiled = wanted.compile(engine, compile_kwargs={"literal_binds": True})
    with engine.connect() as connection:
        # Of so few rows MySQL would rather read all in their order; of 200,000 it takes this index without being told.
        connection.exec_driver_sql("SET @a = 1 /*!80021 , SESSION optimizer_switch = 'prefer_ordering_index=off' */")
        plan = connection.exec_driver_sql(f"EXPLAIN {compiled}").first()
    assert plan is not None
    # "a|b": the rows of the first index, filtered by the second.
    return str(plan.key).split("|")[0].removeprefix("ps_molbridge_")


@pytest.fixture(scope="module")
def full_ledger(mariadb: PrivateMariaDB) -> Iterator[Engine]:
    """A few hundred rows in every table, most of them done with. Those who use it only read."""
    mariadb.start()
    database = mariadb.create_database("full_ledger")
    with engine_for(database.url) as engine:
        ledger = SqlLedger(engine, "ps_", lambda _: FakeShop())
        for number in range(1, 201):
            cart = CartRef(shop_id=1, cart_id=number)
            ledger.in_cart(cart, _history(cart, number))
        for table in ledger_tables("ps_").metadata.tables:
            database.execute(f"ANALYZE TABLE {table}")
        yield engine
    mariadb.start()
    mariadb.drop_database("full_ledger")


def _history(cart: CartRef, number: int) -> Callable[[CartTransaction], None]:
    def work(tx: CartTransaction) -> None:
        tx.save_state(replace(tx.state, lease=a_lease(f"token-{number}") if number < 10 else None))
        tx.add_attempt(a_dead_attempt(cart, transaction_id=f"tr_{number}"))
        tx.save_delivery(a_delivery(state=DeliveryState.DONE, next_try_at=None))
        tx.save_refund(a_refund(transaction_id=f"tr_{number}", state=RefundState.REFUNDED))
        tx.save_key(a_key(f"key-{number}"))
        tx.audit(an_entry(cart=cart))

    return work
