"""Fixtures of the contract suites: one parameter for each implementation of a port, or each kind of database."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.figures_backends import counted
from tests.contract.ledger_backends import ledger
from tests.contract.shop_backends import mariadb_engine, mariadb_rig, sqlite_rig
from tests.services.mariadb import Database

__all__ = ["counted", "ledger", "mariadb_engine", "mariadb_rig", "sqlite_rig"]


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    database: Database = request.getfixturevalue("mariadb_database")
    return database.url
