"""The worlds that the tests of the stand-in and of the real shim share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.mariadb import Database, PrivateMariaDB
from tests.shim.wire import Wire, wire_to
from tests.shim.world import ShimWorld, running_world

VERSIONS = ("1.7.8.11", "8.2.1", "9.1.4")


@pytest.fixture(scope="module")
def module_database(mariadb: PrivateMariaDB, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database for all tests of a module."""
    mariadb.start()
    name = f"shim_{request.module.__name__.rpartition('.')[2]}"[:60]
    yield mariadb.create_database(name)
    mariadb.start()
    mariadb.drop_database(name)


@pytest.fixture(scope="module", params=VERSIONS)
def world(mariadb: PrivateMariaDB, request: pytest.FixtureRequest) -> Iterator[ShimWorld]:
    """The shop on two web servers with shim and sidecar, in each version; leases are short."""
    mariadb.start()
    name = f"shim_{request.module.__name__.rpartition('.')[2]}"
    database = mariadb.create_database(name)
    short = {"locks": {"lifetime": 6.0}, "webhooks": {"shop_timeout": 4.0}}
    with running_world(database, web_servers=2, guarded=True, sidecar=short, version=request.param) as running:
        running.wait_until_learned()
        yield running
    mariadb.drop_database(name)


@pytest.fixture(scope="module")
def open_wire(world: ShimWorld) -> Iterator[Wire]:
    """The wire that the shim of this world has to its sidecar."""
    assert world.sidecar is not None
    with wire_to(world.sidecar.port) as wire:
        world.server.admin("configure", {"MOLLIEBRIDGE_ENDPOINT": wire.url})
        yield wire


@pytest.fixture
def wire(world: ShimWorld, open_wire: Wire) -> Iterator[Wire]:
    """The wire, in order again afterwards, as the shop is; nothing of the shim's may have failed."""
    yield open_wire
    open_wire.clear()
    world.mollie.faults.clear()
    world.set(gap_ms=None, fatal_in_invoice=None, friendly_urls=None)
    for server in world.servers:
        assert "PHP Fatal" not in server.errors, server.errors[-2000:]
        assert "molliebridge:" not in server.errors, server.errors[-2000:]
    # To the shim that would look like an outage, and the shop would go on without the sidecar.
    assert world.sidecar is not None
    assert "malformed-request" not in world.sidecar.log.read_text(errors="replace")
