"""The worlds that the tests of the stand-in and of the real shim share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.mariadb import Database, PrivateMariaDB


@pytest.fixture(scope="module")
def module_database(mariadb: PrivateMariaDB, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database for all tests of a module."""
    mariadb.start()
    name = f"shim_{request.module.__name__.rpartition('.')[2]}"[:60]
    yield mariadb.create_database(name)
    mariadb.start()
    mariadb.drop_database(name)
