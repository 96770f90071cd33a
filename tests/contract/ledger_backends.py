"""The three ledgers that the contract is held against."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Barrier
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, Engine

from bridge.adapters.ledger import SqlLedger, create_engine
from bridge.adapters.migrations import migrate
from bridge.ports.ledger import Ledger
from bridge.ports.shop import Shop
from tests.fakes.memory_ledger import MemoryLedger
from tests.fakes.shop import FakeShop
from tests.services.mariadb import Database

T = TypeVar("T")

PREFIX = "ps_"


@contextmanager
def engine_for(url: str, **options: Any) -> Iterator[Engine]:
    """An engine on a database with the bridge's tables."""
    engine = create_engine(url, **options)
    try:
        migrate(engine, PREFIX)
        yield engine
    finally:
        engine.dispose()


@contextmanager
def sql_ledger(url: str, shop_of: Callable[[Connection], Shop] | None = None, **options: Any) -> Iterator[SqlLedger]:
    """A ledger on a database; the shop is an empty one unless a reader is given."""
    shop = FakeShop()
    with engine_for(url, **options) as engine:
        yield SqlLedger(engine, PREFIX, shop_of or (lambda _: shop))


@cache
def _empty_tables() -> bytes:
    """A SQLite file with the bridge's tables; making them takes longer than most tests."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bridge.db"
        with engine_for(f"sqlite:///{path}"):
            pass
        return path.read_bytes()


def new_sqlite(folder: Path) -> str:
    """The URL of a SQLite file with the bridge's tables."""
    path = folder / "bridge.db"
    path.write_bytes(_empty_tables())
    return f"sqlite:///{path}"


@pytest.fixture(params=["memory", "sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger of each kind."""
    match request.param:
        case "memory":
            yield MemoryLedger(FakeShop())
        case "sqlite":
            with sql_ledger(new_sqlite(tmp_path)) as on_sqlite:
                yield on_sqlite
        case _:
            database: Database = request.getfixturevalue("mariadb_database")
            with sql_ledger(database.url) as on_mariadb:
                yield on_mariadb


def at_once(count: int, work: Callable[[int], T]) -> list[T]:
    """Run `work(0)` ... `work(count - 1)` in threads that set off together; their results in that order."""
    start = Barrier(count)

    def run(number: int) -> T:
        start.wait(timeout=30)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))
