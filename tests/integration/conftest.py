"""The world that the tests of the whole product share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.patient import patient, shared
from tests.integration.reconcile_scene import reconciled, scene
from tests.integration.report_shop import PlantedShop, load_sample
from tests.integration.world import World, running_world
from tests.services.mariadb import Database, PrivateMariaDB

__all__ = ["module_database", "patient", "reconciled", "scene", "schema", "shared", "shop", "started", "world"]


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


@pytest.fixture
def started(request: pytest.FixtureRequest) -> None:
    """The sidecar runs when a test that asks for the world begins, whatever became of it in the test before."""
    if "world" in request.fixturenames:
        world: World = request.getfixturevalue("world")
        if not world.sidecar.running:
            world.sidecar.start()


@pytest.fixture(scope="module")
def schema(module_database: Database) -> Database:
    """The real schema of a shop, in which nothing was sold, for all tests of a module."""
    load_sample(module_database, rows=False)
    return module_database


@pytest.fixture
def shop(schema: Database) -> PlantedShop:
    """An empty shop with the real schema."""
    for table in ("cart", "cart_product", "orders", "order_payment", "mollie_payments"):
        schema.execute(f"TRUNCATE ps_{table}")
    return PlantedShop(database=schema)
