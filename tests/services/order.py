"""Long tests first: a process that begins one when the others have nothing left to do keeps everybody waiting.

pytest-xdist gives each of its processes a stretch of the list, and whoever has done his takes over from the others'
ends. So the long ones stand at the beginnings of the stretches, evenly.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

import pytest

T = TypeVar("T")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that are marked as `long` where they are begun first; what is not to run is out already."""
    long = [item for item in items if item.get_closest_marker("long")]
    others = [item for item in items if not item.get_closest_marker("long")]
    items[:] = spread(long, others, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def spread(long: Sequence[T], others: Sequence[T], stretches: int) -> list[T]:
    """As many stretches of about the same length, each beginning with its share of the long ones."""
    whole = len(long) + len(others)
    ends = [whole * (number + 1) // stretches for number in range(stretches)]
    found: list[T] = []
    taken = 0
    for number, end in enumerate(ends):
        found += long[number::stretches]
        room = max(0, end - len(found))
        found += others[taken : taken + room]
        taken += room
    return found + list(others[taken:])
