"""The application over a world of stand-ins, and callers with each token."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from bridge.web.app import create_app
from tests.fakes.services import World, make_world
from tests.web.caller import ADMIN_TOKEN, SETTINGS, SHOP_TOKEN, Caller, caller


@pytest.fixture
def world() -> Iterator[World]:
    with make_world() as made:
        yield made


@pytest.fixture
def app(world: World) -> Flask:
    return create_app(world.services, SETTINGS)


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
