"""What the unit tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.world import World


@pytest.fixture
def world() -> Iterator[World]:
    """A shop, Mollie and a running bridge, all in memory; nothing is there but the cart."""
    made = World()
    yield made
    made.close()
