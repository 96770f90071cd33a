"""What the ledger promises of a real server: who waits, who runs again, what is read after waiting."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier, Event
from typing import cast

import pytest
from sqlalchemy import Connection, event

from bridge.adapters.ledger import SqlLedger
from bridge.domain.cart import CartRef
from bridge.domain.errors import BridgeError, InvalidRequest, LockTimeout, StoreDown
from bridge.ports.ledger import CartTransaction
from bridge.ports.shop import Shop
from tests.contract.ledger_backends import PREFIX, engine_for, sql_ledger
from tests.contract.ledger_builders import (
    CART,
    NOW,
    OTHER_CART,
    a_key,
    a_lease,
    a_refund,
    an_attempt,
    an_entry,
    raise_fence,
)
from tests.services.mariadb import Database
from tests.services.waiting import BOUNDED

pytestmark = pytest.mark.mariadb


class RawShop:
    """Stands where the shop's reader stands: runs any statement on the transaction's own connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def run(self, sql: str) -> object:
        result = self._connection.exec_driver_sql(sql)
        return result.scalar() if result.returns_rows else None


def raw_shop(connection: Connection) -> Shop:
    return cast("Shop", RawShop(connection))


def run(tx: CartTransaction, sql: str) -> object:
    return cast("RawShop", tx.shop).run(sql)


def fails_with(number: int, state: str = "HY000") -> str:
    """A statement that the server answers with this error."""
    return f"SIGNAL SQLSTATE '{state}' SET MYSQL_ERRNO = {number}, MESSAGE_TEXT = 'made for a test'"


@pytest.fixture
def ledger(mariadb_database: Database) -> Iterator[SqlLedger]:
    with sql_ledger(mariadb_database.url, raw_shop, lock_wait=1) as on_mariadb:
        yield on_mariadb


@pytest.mark.req("L4")
def test_of_two_that_deadlock_both_get_through(ledger: SqlLedger) -> None:
    met = Barrier(2)
    runs: list[str] = []

    def work(tx: CartTransaction, first: str, second: str) -> None:
        runs.append(first)
        raise_fence(tx)
        tx.save_key(a_key(first))
        if len(runs) <= 2:
            met.wait(timeout=30)
        tx.save_key(a_key(second))

    ledger.in_cart(CART, raise_fence)
    ledger.in_cart(OTHER_CART, raise_fence)
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(ledger.in_cart, CART, lambda tx: work(tx, "a", "b"))
        other = pool.submit(ledger.in_cart, OTHER_CART, lambda tx: work(tx, "b", "a"))
        one.result(timeout=30)
        other.result(timeout=30)
    assert len(runs) >= 3, "nobody was in the other's way"
    states = [ledger.find_state(cart) for cart in (CART, OTHER_CART)]
    assert [state.fence for state in states if state] == [2, 2]


@pytest.mark.req("L4")
@pytest.mark.parametrize(("number", "state"), [(1213, "40001"), (1020, "HY000"), (3101, "40000")])
def test_a_transaction_that_the_server_undid_runs_three_times_in_all(
    ledger: SqlLedger, number: int, state: str
) -> None:
    runs: list[int] = []

    def work(tx: CartTransaction) -> None:
        runs.append(raise_fence(tx))
        run(tx, fails_with(number, state))

    with pytest.raises(LockTimeout):
        ledger.in_cart(CART, work)
    assert runs == [1, 1, 1]
    assert ledger.find_state(CART) is None


@pytest.mark.req("L4")
def test_what_succeeds_at_the_third_run_is_stored_once(ledger: SqlLedger) -> None:
    runs: list[int] = []

    def work(tx: CartTransaction) -> None:
        runs.append(raise_fence(tx))
        tx.audit(an_entry())
        if len(runs) < 3:
            run(tx, fails_with(1213))

    ledger.in_cart(CART, work)
    assert ledger.audit_of(CART, 9) == (an_entry(),)


@pytest.mark.req("L4")
@pytest.mark.parametrize(
    ("number", "outcome"), [(1205, LockTimeout), (1146, StoreDown), (1142, StoreDown), (1030, StoreDown)]
)
def test_no_other_error_is_tried_again(ledger: SqlLedger, number: int, outcome: type[BridgeError]) -> None:
    runs: list[int] = []

    def work(tx: CartTransaction) -> None:
        runs.append(raise_fence(tx))
        run(tx, fails_with(number))

    with pytest.raises(outcome):
        ledger.in_cart(CART, work)
    assert runs == [1]


@pytest.mark.req("L4")
def test_a_deadlock_that_the_work_keeps_to_itself_is_not_half_committed(
    ledger: SqlLedger, mariadb_database: Database
) -> None:
    """The server has undone all before it; what came after it would be committed alone."""
    mariadb_database.execute(
        "CREATE TRIGGER undoes BEFORE INSERT ON ps_molbridge_refund FOR EACH ROW " + fails_with(1213)
    )
    runs: list[int] = []

    def work(tx: CartTransaction) -> None:
        runs.append(raise_fence(tx))
        if len(runs) == 1:
            with pytest.raises(Exception, match="1213"):
                tx.save_refund(a_refund())

    ledger.in_cart(CART, work)
    assert runs == [1, 1]


@pytest.mark.req("L2")
def test_what_is_committed_while_waiting_for_the_row_is_seen(ledger: SqlLedger, mariadb_database: Database) -> None:
    """The shop wrote an order while this transaction waited, and again while it was at work."""
    mariadb_database.execute("CREATE TABLE orders (n INT) ENGINE=InnoDB")
    ledger.in_cart(CART, raise_fence)
    locked, may_go = Event(), Event()

    def holder(tx: CartTransaction) -> None:
        locked.set()
        may_go.wait(timeout=30)

    def reader(tx: CartTransaction) -> list[object]:
        seen = [run(tx, "SELECT COUNT(*) FROM orders")]
        mariadb_database.execute("INSERT INTO orders VALUES (2)")
        return [*seen, run(tx, "SELECT COUNT(*) FROM orders")]

    with ThreadPoolExecutor(2) as pool:
        pool.submit(ledger.in_cart, CART, holder)
        assert locked.wait(timeout=30)
        found = pool.submit(ledger.in_cart, CART, reader)
        mariadb_database.execute("INSERT INTO orders VALUES (1)")
        may_go.set()
        assert found.result(timeout=30) == [1, 2]


def test_a_new_cart_does_not_wait_for_another_new_cart(ledger: SqlLedger) -> None:
    """Under REPEATABLE READ the first one's gap lock would keep the second one's row out."""

    def outer(tx: CartTransaction) -> None:
        ledger.in_cart(OTHER_CART, raise_fence)
        raise_fence(tx)

    ledger.in_cart(CART, outer)
    assert [state is not None for state in (ledger.find_state(CART), ledger.find_state(OTHER_CART))] == [True, True]


def test_a_row_that_stays_locked_is_not_waited_for_longer_than_said(
    ledger: SqlLedger, mariadb_database: Database
) -> None:
    ledger.in_cart(CART, raise_fence)
    with mariadb_database.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM ps_molbridge_cart FOR UPDATE")
        begun = time.monotonic()
        with pytest.raises(LockTimeout):
            ledger.in_cart(CART, raise_fence)
        assert 0.9 < time.monotonic() - begun < BOUNDED  # the server's own limit is 50 s
        connection.rollback()
    assert ledger.in_cart(CART, raise_fence) == 2


@pytest.mark.req("P9")
def test_a_new_cart_costs_no_statement_too_many(mariadb_database: Database) -> None:
    with engine_for(mariadb_database.url) as engine:
        ledger = SqlLedger(engine, PREFIX, raw_shop)
        ledger.ping()
        statements: list[str] = []
        event.listen(engine, "before_cursor_execute", lambda *given: statements.append(" ".join(given[2].split()[:3])))
        before = _questions(mariadb_database)
        cost_of_asking = _questions(mariadb_database) - before

        def reserve(tx: CartTransaction) -> None:
            tx.find_key("payments", "key-1", NOW)
            raise_fence(tx)
            tx.attempts()
            tx.add_attempt(an_attempt())
            tx.save_key(a_key())
            tx.audit(an_entry())

        ledger.in_cart(CART, reserve)
        asked = _questions(mariadb_database) - before - 2 * cost_of_asking
    assert statements == [
        "SELECT json_array(ps_molbridge_cart.id_shop, ps_molbridge_cart.id_cart,",
        "INSERT INTO ps_molbridge_attempt",
        "INSERT INTO ps_molbridge_idempotency",
        "INSERT INTO ps_molbridge_audit",
        "INSERT INTO ps_molbridge_cart",
    ]
    commit = 1
    assert asked == len(statements) + commit


def _questions(database: Database) -> int:
    ((_, value),) = database.execute("SHOW GLOBAL STATUS LIKE 'Questions'")
    return int(value)


@pytest.mark.parametrize("lease", [a_lease(holder="x" * 192), a_lease("é"), a_lease(holder="\ud800")])
def test_what_no_column_can_hold_is_refused_not_cut(ledger: SqlLedger, lease: object) -> None:
    with pytest.raises(InvalidRequest):
        ledger.in_cart(CART, lambda tx: tx.save_state(replace(tx.state, lease=lease)))  # type: ignore[arg-type]
    assert ledger.find_state(CART) is None


def test_a_cart_number_beyond_the_shops_is_refused(ledger: SqlLedger) -> None:
    with pytest.raises(InvalidRequest):
        ledger.in_cart(CartRef(shop_id=1, cart_id=2**32), raise_fence)


def test_missing_tables_are_named(mariadb_database: Database, ledger: SqlLedger) -> None:
    mariadb_database.execute("DROP TABLE ps_molbridge_cart")
    with pytest.raises(StoreDown, match="mollie-bridge migrate"):
        ledger.in_cart(CART, raise_fence)


def test_no_error_text_holds_a_value(ledger: SqlLedger) -> None:
    with pytest.raises(InvalidRequest) as caught:
        ledger.in_cart(CART, lambda tx: tx.save_state(replace(tx.state, lease=a_lease("secret" * 20))))
    assert "secret" not in str(caught.value)
    assert "secret" not in str(caught.value.__cause__).replace("lease_token", "")


def test_the_session_keeps_the_servers_time_zone(ledger: SqlLedger, mariadb_database: Database) -> None:
    """The age of the shop's rows is measured by the database's clock in the zone that the shop wrote them in."""
    mariadb_database.execute("SET GLOBAL time_zone = '+05:30'")
    try:
        with sql_ledger(mariadb_database.url, raw_shop) as fresh:
            assert fresh.in_cart(CART, lambda tx: run(tx, "SELECT @@session.time_zone")) == "+05:30"
            fresh.audit(an_entry())
            assert fresh.audit_of(CART, 1) == (an_entry(),)
    finally:
        mariadb_database.execute("SET GLOBAL time_zone = 'SYSTEM'")
