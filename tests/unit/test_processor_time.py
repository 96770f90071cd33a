"""The processor time that the benchmarks print."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from benchmarks.processor import processes_of, processor_seconds, used_by_each

IDLE = "import sys; sys.stdin.read()"
STARTS_ANOTHER = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {IDLE!r}])"


def burn(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


@pytest.fixture
def parent() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", STARTS_ANOTHER], stdin=subprocess.PIPE) as process:
        assert process.stdin
        yield process
        process.stdin.close()


def test_work_is_counted_and_rest_is_not() -> None:
    (used,) = used_by_each([os.getpid()], 1, lambda _: burn(0.05))
    (rested,) = used_by_each([os.getpid()], 1, lambda _: time.sleep(0.05))

    assert 0.05 <= used < 0.2
    assert rested < 0.04


def test_a_process_that_was_started_belongs_to_it(parent: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while len(pids := processes_of(parent.pid)) < 2:
        assert time.monotonic() < deadline

    assert pids[0] == parent.pid
    assert processor_seconds(pids) > processor_seconds(pids[:1]) > 0
