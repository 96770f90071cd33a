"""The ledger when its database is killed, restarted, frozen, or gone."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from bridge.adapters.ledger import SqlLedger, create_engine
from bridge.adapters.ledger.faults import CommitUnknown
from bridge.domain.cart import CartRef
from bridge.domain.errors import LockTimeout, StoreDown
from bridge.ports.ledger import CartTransaction
from tests.contract.ledger_backends import PREFIX, at_once, engine_for, sql_ledger
from tests.contract.ledger_builders import CART, NOW, a_delivery, an_attempt, an_entry, raise_fence, store
from tests.fakes.shop import FakeShop
from tests.services.mariadb import Database, PrivateMariaDB
from tests.services.process import free_port
from tests.services.waiting import BOUNDED, wait_until

pytestmark = pytest.mark.mariadb


@pytest.fixture
def engine(mariadb_database: Database) -> Iterator[Engine]:
    with engine_for(mariadb_database.url, pool_size=4, connect_timeout=1, read_timeout=3, lock_wait=2) as on_mariadb:
        yield on_mariadb


@pytest.fixture
def ledger(engine: Engine) -> SqlLedger:
    return SqlLedger(engine, PREFIX, lambda _: FakeShop())


def fill_pool(ledger: SqlLedger) -> None:
    """Leave four idle connections in the pool."""
    at_once(4, lambda number: ledger.in_cart(CartRef(shop_id=1, cart_id=100 + number), raise_fence))


@contextmanager
def within(seconds: float) -> Iterator[None]:
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < seconds


def test_a_killed_and_restarted_server_is_not_noticed(ledger: SqlLedger, mariadb: PrivateMariaDB) -> None:
    attempt = an_attempt()
    store(ledger, attempt)
    fill_pool(ledger)
    mariadb.kill()
    mariadb.start()
    assert at_once(4, lambda _: ledger.find_attempt(attempt.id)) == [attempt] * 4
    assert sorted(at_once(4, lambda _: ledger.in_cart(CART, raise_fence))) == [1, 2, 3, 4]


def test_nor_by_a_transaction_or_a_write_that_comes_first(ledger: SqlLedger, mariadb: PrivateMariaDB) -> None:
    fill_pool(ledger)
    mariadb.restart()
    assert ledger.in_cart(CART, raise_fence) == 1
    mariadb.restart()
    delivery = a_delivery()
    ledger.save_delivery(delivery)
    assert ledger.find_delivery(delivery.id) == delivery
    mariadb.restart()
    assert ledger.shop.find_cart(42) is None
    ledger.ping()


def test_connections_that_an_administrator_kills_come_back(ledger: SqlLedger, mariadb_database: Database) -> None:
    fill_pool(ledger)
    for (thread,) in mariadb_database.execute(
        "SELECT id FROM information_schema.processlist WHERE db = %s AND id <> CONNECTION_ID()", mariadb_database.name
    ):
        mariadb_database.execute(f"KILL {thread}")
    assert ledger.in_cart(CART, raise_fence) == 1


def test_a_server_that_a_fail_over_has_made_a_replica_is_left_at_its_first_refusal(mariadb_database: Database) -> None:
    """It refuses to write and keeps its connections; new ones reach whoever is the master now."""
    user = f"fails_over_{mariadb_database.name}"[:32]  # MySQL takes no more
    mariadb_database.execute(f"CREATE USER '{user}'@'127.0.0.1' IDENTIFIED BY 'p'")
    mariadb_database.execute(f"GRANT ALL ON `{mariadb_database.name}`.* TO '{user}'@'127.0.0.1'")
    plain = replace(mariadb_database, user=user, password="p")

    def connections() -> set[int]:
        sql = "SELECT id FROM information_schema.processlist WHERE user = %s"
        return {int(number) for (number,) in mariadb_database.execute(sql, user)}

    with sql_ledger(plain.url, pool_size=4) as ledger:
        fill_pool(ledger)
        before = connections()
        mariadb_database.execute("SET GLOBAL read_only = 1")
        try:
            with pytest.raises(StoreDown, match="1290"):
                ledger.in_cart(CART, raise_fence)
            with pytest.raises(StoreDown, match="takes no writes"):
                ledger.ping()
        finally:
            mariadb_database.execute("SET GLOBAL read_only = 0")

        assert sorted(at_once(4, lambda _: ledger.in_cart(CART, raise_fence))) == [1, 2, 3, 4]
        assert len(before) == 4
        wait_until(lambda: not connections() & before, what="the old connections to be closed")
    mariadb_database.execute(f"DROP USER '{user}'@'127.0.0.1'")


def test_a_server_that_is_gone_is_said_to_be_down_at_once_and_is_back_when_it_is(
    ledger: SqlLedger, mariadb: PrivateMariaDB
) -> None:
    fill_pool(ledger)
    mariadb.kill()
    with within(BOUNDED):
        for ask in (ledger.ping, lambda: ledger.in_cart(CART, raise_fence), lambda: ledger.audit(an_entry())):
            with pytest.raises(StoreDown):
                ask()
    mariadb.start()
    assert ledger.in_cart(CART, raise_fence) == 1


def test_a_server_that_dies_within_a_transaction_leaves_nothing_of_it(
    ledger: SqlLedger, mariadb: PrivateMariaDB
) -> None:
    runs: list[int] = []

    def work(tx: CartTransaction) -> None:
        runs.append(raise_fence(tx))
        tx.add_attempt(an_attempt())
        mariadb.kill()

    with pytest.raises(StoreDown):
        ledger.in_cart(CART, work)
    mariadb.start()
    assert runs == [1]
    assert ledger.attempts_of(CART) == ()
    assert ledger.find_state(CART) is None


@pytest.mark.parametrize("arrived", [False, True], ids=["before COMMIT arrived", "after COMMIT was done"])
def test_a_commit_of_unknown_outcome_is_never_repeated(
    engine: Engine, ledger: SqlLedger, mariadb: PrivateMariaDB, arrived: bool
) -> None:
    ledger.in_cart(CART, raise_fence)
    runs: list[int] = []

    @event.listens_for(engine, "commit", once=True)
    def _lose_the_answer(connection: object) -> None:
        if arrived:
            driver = connection.connection.driver_connection  # type: ignore[attr-defined]
            driver.commit()
        mariadb.kill()

    with pytest.raises(CommitUnknown):
        ledger.in_cart(CART, lambda tx: runs.append(raise_fence(tx)))
    mariadb.start()
    assert runs == [2]
    state = ledger.find_state(CART)
    assert state is not None
    assert state.fence == (2 if arrived else 1)


def test_a_frozen_server_is_waited_for_once(ledger: SqlLedger, mariadb: PrivateMariaDB) -> None:
    ledger.ping()
    os.kill(mariadb.pid, signal.SIGSTOP)
    try:
        with within(5.9), pytest.raises(StoreDown):
            ledger.in_cart(CART, raise_fence)
    finally:
        os.kill(mariadb.pid, signal.SIGCONT)
    assert ledger.in_cart(CART, raise_fence) == 1


def test_an_address_that_swallows_everything_is_given_up() -> None:
    """A listener whose queue is full answers nothing at all, as a firewall that drops packets."""
    with socket.socket() as listener:
        port = free_port()
        listener.bind(("127.0.0.1", port))
        listener.listen(0)
        crowd = [socket.socket() for _ in range(4)]
        for client in crowd:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        down = SqlLedger(
            create_engine(f"mysql+pymysql://u:p@127.0.0.1:{port}/d", connect_timeout=1), "ps_", lambda _: FakeShop()
        )
        with within(BOUNDED), pytest.raises(StoreDown):
            down.ping()
        for client in crowd:
            client.close()


def test_a_wrong_password_says_nothing_of_itself(mariadb_database: Database) -> None:
    url = mariadb_database.url.replace(mariadb_database.password, "no-such-password")
    down = SqlLedger(create_engine(url), "ps_", lambda _: FakeShop())
    with pytest.raises(StoreDown) as caught:
        down.ping()
    assert "1045" in str(caught.value)
    assert "no-such-password" not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_who_finds_no_connection_in_time_is_told_so(mariadb_database: Database) -> None:
    with sql_ledger(mariadb_database.url, pool_size=1, pool_timeout=0.2) as small:

        def work(tx: CartTransaction) -> None:
            with pytest.raises(StoreDown):
                small.ping()

        small.in_cart(CART, work)
        small.ping()


def test_a_sqlite_file_that_another_process_keeps_is_not_waited_for_longer_than_said(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'bridge.db'}"
    with sql_ledger(url, lock_wait=1) as mine, sql_ledger(url, lock_wait=1) as anothers:

        def work(tx: CartTransaction) -> None:
            with within(4.9), pytest.raises(LockTimeout):
                mine.in_cart(CART, raise_fence)
            assert mine.queues.due_deliveries(NOW, 1) == ()

        anothers.in_cart(CART, work)
        assert mine.in_cart(CART, raise_fence) == 1
