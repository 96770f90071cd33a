"""The world that the tests of the whole product share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.world import World, running_world
from tests.services.mariadb import Database, PrivateMariaDB


@pytest.fixture(scope="module")
def module_database(mariadb: PrivateMariaDB, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database for all tests of a module."""
    name = f"world_{request.module.__name__.rpartition('.')[2]}"[:60]
    mariadb.start()
    yield mariadb.create_database(name)
    mariadb.start()
    mariadb.drop_database(name)


@pytest.fixture(scope="module")
def world(module_database: Database) -> Iterator[World]:
    """Shop, Mollie and sidecar for all tests of a module; each test makes carts of its own."""
    with running_world(module_database) as running:
        yield running
