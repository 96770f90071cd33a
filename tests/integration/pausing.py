"""A sidecar that stops itself (SIGSTOP) at a point of its work, as an overloaded machine or a frozen VM would.

The points lie between transactions and around every call: inside a transaction the database's row lock keeps everybody
else out, so there is nothing to take over. `PAUSES` names a file; while `<file>.armed` exists, every point that is
passed is appended to the file, and when the names that `<file>.armed` holds have been passed in their order, whatever
lies between them, the process stops.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

import requests.adapters
from sqlalchemy import event
from sqlalchemy.pool import Pool

from bridge.adapters.redis_locks import RedisCartLocks
from bridge.adapters.shop_http import HttpShopWebhook
from bridge.bootstrap import build_app
from bridge.config import load_settings
from bridge.demo.serving import serve_in_thread
from bridge.server import parse_bind
from tests.integration.shop_process import stop_here

PAUSES = "MOLBRIDGE_TEST_PAUSES"

_lock = threading.Lock()


def pass_point(name: str) -> None:
    """Note the point, and stop where it was asked for."""
    if threading.current_thread().name == "inbox":
        return
    points = Path(os.environ[PAUSES])
    armed = points.with_suffix(".armed")
    with _lock:
        if not armed.exists():
            return
        before = points.read_text().splitlines() if points.exists() else []
        points.write_text("\n".join([*before, name]) + "\n")
        wanted = armed.read_text().splitlines()
        if _are_passed(wanted, [*before, name]) and not _are_passed(wanted, before):
            stop_here()


def _are_passed(wanted: list[str], passed: list[str]) -> bool:
    rest = iter(passed)
    return all(name in rest for name in wanted)


def instrument() -> None:
    """Put points after every transaction, and around every call to Redis, to Mollie and to the shop."""

    @event.listens_for(Pool, "checkin")
    def _checked_in(*_: Any) -> None:
        pass_point("after a transaction")

    _around(requests.adapters.HTTPAdapter, "send", "the call to Mollie")
    _around(HttpShopWebhook, "_post", "the call to the shop")
    _around(RedisCartLocks, "acquire", "taking the lock")
    _around(RedisCartLocks, "release", "giving the lock back")


def _around(owner: type, method: str, name: str) -> None:
    inner = getattr(owner, method)

    def outer(self: Any, *arguments: Any, **options: Any) -> Any:
        pass_point(f"before {name}")
        try:
            return inner(self, *arguments, **options)
        finally:
            pass_point(f"after {name}")

    setattr(owner, method, outer)


def main() -> None:
    """`serve --config FILE`, as the real command."""
    instrument()
    settings = load_settings(Path(sys.argv[sys.argv.index("--config") + 1]))
    app, _ = build_app(settings)
    with serve_in_thread(app, port=parse_bind(settings.server.bind).port):
        threading.Event().wait()


if __name__ == "__main__":
    main()
