"""Fixtures and rules that every test shares; the servers themselves live in `tests.services`.

A test that needs a server says so with a marker, and a missing server fails it: nothing is ever skipped.
"""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable, Iterator

import pytest

from tests.services import mariadb as mariadb_service
from tests.services import nginx as nginx_service
from tests.services import redis as redis_service
from tests.services.mariadb import Database, PrivateMariaDB
from tests.services.mysql import private_database_server
from tests.services.php import require_php_packages
from tests.services.process import program
from tests.services.redis import PrivateRedis

pytest_plugins = ["tests.services.requirements", "tests.services.figures", "tests.services.order"]

NEEDS: dict[str, Callable[[], object]] = {
    "mariadb": lambda: program("mariadbd", mariadb_service.SERVER_PACKAGE),
    "redis": lambda: program("redis-server", redis_service.SERVER_PACKAGE),
    "php": require_php_packages,
    "nginx": lambda: program("nginx", nginx_service.SERVER_PACKAGE),
    "browser": lambda: program("chromium", "chromium"),
}
"""What a marked test finds installed, or fails."""

MARKER_OF_FIXTURE = {
    "mariadb": "mariadb",
    "mariadb_database": "mariadb",
    "redis_process": "redis",
    "redis_server": "redis",
}
"""Without the marker the test would count as fast and start a server."""

_NUMBERS = itertools.count(1)


def pytest_configure() -> None:
    """A shell lets its background jobs ignore SIGINT, and they hand that on: the programs under test shall not."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail, with one line, a test whose services are not installed or that uses one without saying so."""
    for marker, require in NEEDS.items():
        if item.get_closest_marker(marker):
            require()
    for fixture in getattr(item, "fixturenames", ()):
        needed = MARKER_OF_FIXTURE.get(fixture)
        if needed and not item.get_closest_marker(needed):
            pytest.fail(f"uses the fixture {fixture} and needs @pytest.mark.{needed}", pytrace=False)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[PrivateMariaDB]:
    """One private MariaDB (or MySQL, when one is named) for the test process, with pytest-xdist for each worker."""
    with private_database_server() as server:
        yield server


@pytest.fixture
def mariadb_database(mariadb: PrivateMariaDB) -> Iterator[Database]:
    """A fresh, empty database, dropped after the test; the server is started again if a test left it stopped."""
    mariadb.start()
    name = f"test_{os.getpid()}_{next(_NUMBERS)}"
    yield mariadb.create_database(name)
    mariadb.start()
    mariadb.drop_database(name)


@pytest.fixture(scope="session")
def redis_process() -> Iterator[PrivateRedis]:
    """One private Redis for the test process; `redis_server` hands it out empty."""
    with PrivateRedis() as server:
        yield server


@pytest.fixture
def redis_server(redis_process: PrivateRedis) -> PrivateRedis:
    """The private Redis, running and empty; a test may stop, kill and start it."""
    redis_process.start()
    redis_process.flush()
    return redis_process
