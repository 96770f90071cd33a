"""Every backend in turn, and two sets of locks on it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bridge.adapters.clock import SystemClock
from bridge.adapters.flock_locks import FlockCartLocks
from bridge.adapters.lock_files import lock_file_name
from bridge.ports.locks import CartLocks
from tests.contract.locks.backends import Backend, FlockBackend, MemoryBackend, RedisBackend, closing
from tests.contract.locks.moves import KEY


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """An empty directory for lock files."""
    made = tmp_path / "locks"
    made.mkdir()
    return made


@pytest.fixture(params=["memory", "flock", pytest.param("redis", marks=pytest.mark.redis)])
def backend(request: pytest.FixtureRequest, threads: ThreadPoolExecutor) -> Iterator[Backend]:
    """Each kind of lock; `moves.shared` leaves out the one that no other process sees.

    It is closed before the threads are waited for: closing ends their waiting, also when a test has failed.
    """
    match request.param:
        case "memory":
            made: Backend = MemoryBackend()
        case "flock":
            made = FlockBackend(request.getfixturevalue("directory"))
        case _:
            made = RedisBackend(request.getfixturevalue("redis_server"))
    with closing(made):
        yield made


@pytest.fixture
def locks(backend: Backend) -> CartLocks:
    return backend.locks()


@pytest.fixture
def others(backend: Backend) -> CartLocks:
    """The locks as another process has them (in memory: the same)."""
    return backend.locks()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


@pytest.fixture
def flock_locks(directory: Path, threads: ThreadPoolExecutor) -> Iterator[FlockCartLocks]:
    made = FlockCartLocks(directory, SystemClock())
    yield made
    made.close()


@pytest.fixture
def file(directory: Path) -> Path:
    """The lock file of the tests' key."""
    return directory / lock_file_name(KEY)
