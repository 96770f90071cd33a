"""The application over a world of stand-ins, and callers with each token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest
from flask import Flask
from structlog.testing import capture_logs

from bridge.ports.clock import Clock
from bridge.services.container import Services
from bridge.web.app import create_app
from tests.fakes.clock import FakeClock
from tests.fakes.services import World, make_world
from tests.web.caller import ADMIN_TOKEN, SETTINGS, SHOP_TOKEN, Caller, caller


class ServicesOfTheTest:
    """The services of the test that runs now, so that the application is built once for all of them."""

    def __init__(self) -> None:
        self.world: World | None = None

    @property
    def clock(self) -> Clock:
        """For whoever keeps it: the clock of whichever test runs."""
        return cast("Clock", _ClockOfTheTest(self))

    def __getattr__(self, name: str) -> object:
        if self.world is None:
            raise AssertionError("a test that calls the application asks for the fixture `app` or a caller")
        return getattr(self.world.services, name)


class _ClockOfTheTest:
    def __init__(self, services: ServicesOfTheTest) -> None:
        self._services = services

    def __getattr__(self, name: str) -> object:
        world = self._services.world
        return getattr(world.clock if world is not None else FakeClock(), name)


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
