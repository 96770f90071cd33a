"""Fixtures and rules that every test shares; the servers themselves live in `tests.services`."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import pytest

from tests.services.mariadb import Database, PrivateMariaDB

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[PrivateMariaDB]:
    """One private MariaDB for the test process (with pytest-xdist: one for each worker)."""
    with PrivateMariaDB() as server:
        yield server


@pytest.fixture
def mariadb_database(mariadb: PrivateMariaDB) -> Iterator[Database]:
    """A fresh, empty database, dropped after the test; the server is started again if a test left it stopped."""
    mariadb.start()
    name = f"test_{os.getpid()}_{next(_NUMBERS)}"
    yield mariadb.create_database(name)
    mariadb.start()
    mariadb.drop_database(name)
