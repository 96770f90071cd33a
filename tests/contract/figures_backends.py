"""The three sources of figures, each with the ledger whose tables it reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.adapters.figures import SqlFigures
from bridge.ports.figures import FigureSource
from bridge.ports.ledger import Ledger
from tests.contract.ledger_backends import PREFIX, new_sqlite, sql_ledger
from tests.fakes.memory_ledger import MemoryLedger
from tests.fakes.shop import FakeShop
from tests.services.mariadb import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A ledger, and the figures over its tables."""

    ledger: Ledger
    figures: FigureSource


@contextmanager
def on_database(url: str) -> Iterator[Counted]:
    with sql_ledger(url) as ledger, closing(SqlFigures(url, PREFIX)) as figures:
        yield Counted(ledger=ledger, figures=figures)


@pytest.fixture(params=["memory", "sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)])
def counted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Counted]:
    """An empty ledger of each kind, and its figures."""
    match request.param:
        case "memory":
            ledger = MemoryLedger(FakeShop())
            yield Counted(ledger=ledger, figures=ledger.figures)
        case "sqlite":
            with on_database(new_sqlite(tmp_path)) as on_sqlite:
                yield on_sqlite
        case _:
            database: Database = request.getfixturevalue("mariadb_database")
            with on_database(database.url) as on_mariadb:
                yield on_mariadb
