"""Non-blocking file locks as PHP takes them in a shop: Symfony's FlockStore, one temporary directory per web server."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bridge.adapters.lock_files import lock_file_name

_POLL: Final = 0.02
"""Seconds between two tries. flock(2) knows no time limit, and only a shop without its sidecar waits here at all."""


@contextlib.contextmanager
def held(folder: Path, key: str, *, wait: float = 0.0) -> Iterator[bool]:
    """Hold the lock on `key` inside the block; the block learns whether it was to be had within `wait` seconds.

    The file stays: deleting it would part the waiters over two files. The kernel lets go when the process dies.
    """
    handle = os.open(folder / lock_file_name(key), os.O_RDWR | os.O_CREAT, 0o666)
    try:
        yield _taken(handle, wait)
    finally:
        os.close(handle)


def _taken(handle: int, wait: float) -> bool:
    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL)
        else:
            return True
