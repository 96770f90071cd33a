"""The port that the demo's shop gets."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from bridge.demo.ports import find_free_port


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_free_port_is_taken_as_it_is(taken: int) -> None:
    free = find_free_port(taken)

    assert find_free_port(free) == free


def test_the_next_free_port_is_taken_instead_of_one_in_use(taken: int) -> None:
    assert taken < find_free_port(taken) < taken + 50


def test_0_stays_any_port() -> None:
    assert find_free_port(0) == 0
