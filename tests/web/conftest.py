"""The application over a world of stand-ins, and callers with each token."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import cast

import pytest
from flask import Flask
from structlog.testing import capture_logs

from bridge.adapters.clock import SystemClock
from bridge.ports.clock import Clock
from bridge.services.container import Services
from bridge.web.app import create_app
from tests.fakes.busy_month import BusyMonth
from tests.fakes.services import World, make_world
from tests.web.browsing import Browsing, browsing
from tests.web.caller import ADMIN_TOKEN, SETTINGS, SHOP_TOKEN, Caller, caller


class ServicesOfTheTest:
    """The services of the test that runs now, so that the application is built once for all of them."""

    def __init__(self) -> None:
        self.world: World | None = None

    @property
    def clock(self) -> Clock:
        """For whoever keeps it: the clock of whichever test runs."""
        return _ClockOfTheTest(self)

    def __getattr__(self, name: str) -> object:
        if self.world is None:
            raise AssertionError("a test that calls the application asks for the fixture `app` or a caller")
        return getattr(self.world.services, name)


class _ClockOfTheTest(SystemClock):
    """The time of the test that runs, for what the application keeps; and a monotonic clock that no test turns back."""

    def __init__(self, services: ServicesOfTheTest) -> None:
        self._services = services

    def now(self) -> datetime:
        world = self._services.world
        return world.clock.now() if world is not None else super().now()


@pytest.fixture(scope="session")
def _built() -> tuple[Flask, ServicesOfTheTest]:
    services = ServicesOfTheTest()
    return create_app(cast("Services", services), SETTINGS), services


@pytest.fixture
def running(_built: tuple[Flask, ServicesOfTheTest]) -> ServicesOfTheTest:
    """What the application runs on; a test may put other services there."""
    return _built[1]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Log lines are kept from the terminal; a test that looks at them captures them itself."""
    with capture_logs():
        yield


@pytest.fixture
def world() -> Iterator[World]:
    with make_world() as made:
        yield made


@pytest.fixture
def app(world: World, _built: tuple[Flask, ServicesOfTheTest], running: ServicesOfTheTest) -> Iterator[Flask]:
    running.world = world
    yield _built[0]
    running.world = None


@pytest.fixture
def shim(app: Flask) -> Caller:
    """A caller with the shop's token."""
    return caller(app, SHOP_TOKEN)


@pytest.fixture
def admin(app: Flask) -> Caller:
    return caller(app, ADMIN_TOKEN)


@pytest.fixture
def stranger(app: Flask) -> Caller:
    """A caller without a token."""
    return caller(app, None)


@pytest.fixture
def browser(app: Flask) -> Browsing:
    """Signed in."""
    made = browsing(app)
    made.sign_in()
    return made


@pytest.fixture
def busy(browser: Browsing, world: World) -> Browsing:
    """The same, after a month in which all sorts of things happened."""
    BusyMonth(world.ledger, world.clock.now()).write()
    return browser
