"""Shops in a database, as the tests of the reader have them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from bridge.adapters.prestashop import SqlShop
from tests.contract.shop_tables import WrittenShop
from tests.services.mariadb import Database


@pytest.fixture
def sqlite_rig(tmp_path: Path) -> Iterator[WrittenShop]:
    """A shop in SQLite."""
    engine = create_engine(f"sqlite:///{tmp_path}/shop.db")
    yield WrittenShop.create(engine, "ps_", SqlShop)
    engine.dispose()


@pytest.fixture
def mariadb_engine(mariadb_database: Database) -> Iterator[Engine]:
    """A database of a MariaDB server."""
    engine = create_engine(mariadb_database.shop_url)
    yield engine
    engine.dispose()


@pytest.fixture
def mariadb_rig(mariadb_engine: Engine) -> WrittenShop:
    """A shop in MariaDB."""
    return WrittenShop.create(mariadb_engine, "ps_", SqlShop)
