"""A sidecar that stops itself (SIGSTOP) at a point of its work, as an overloaded machine or a frozen VM would.

The points lie between transactions and around every call: inside a transaction the database's row lock keeps everybody
else out, so there is nothing to take over. `PAUSES` names a file. While `<file>.armed` exists, every point that the
work on its first line's transaction passes is appended to the file; and when the names that its other lines hold have
been passed in their order, whatever lies between them, the process stops. What else the process does (the work before,
a claim, the janitor) passes no point.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import requests.adapters
from sqlalchemy import event
from sqlalchemy.pool import Pool

from bridge.adapters.bounded_calls import BoundedCalls, Deadline
from bridge.adapters.redis_locks import RedisCartLocks
from bridge.adapters.shop_http import HttpShopWebhook
from bridge.bootstrap import build_app
from bridge.config import load_settings
from bridge.demo.serving import serve_in_thread
from bridge.server import parse_bind
from bridge.services.inbox import Inbox
from tests.integration.shop_process import stop_here

T = TypeVar("T")

PAUSES = "MOLBRIDGE_TEST_PAUSES"

_lock = threading.Lock()
_work = threading.local()
"""`transaction`: whose delivery the thread works on."""


def pass_point(name: str) -> None:
    """Note the point, and stop where it was asked for."""
    points = Path(os.environ[PAUSES])
    armed = points.with_suffix(".armed")
    with _lock:
        if not armed.exists():
            return
        transaction_id, *wanted = armed.read_text().splitlines()
        if _in_hand() != transaction_id:
            return
        before = points.read_text().splitlines() if points.exists() else []
        points.write_text("\n".join([*before, name]) + "\n")
        if _are_passed(wanted, [*before, name]) and not _are_passed(wanted, before):
            stop_here()


def _are_passed(wanted: list[str], passed: list[str]) -> bool:
    rest = iter(passed)
    return all(name in rest for name in wanted)


def _in_hand() -> str | None:
    return getattr(_work, "transaction", None)


def _working_on(transaction_id: str | None, work: Callable[[], T]) -> T:
    before, _work.transaction = _in_hand(), transaction_id
    try:
        return work()
    finally:
        _work.transaction = before


def _follow_the_work() -> None:
    """Know whose delivery a thread works on, also where a call is made in another thread."""
    run, bounded = Inbox._run, BoundedCalls.run

    def run_for(self: Inbox, names: tuple[str, ...], *rest: Any) -> None:
        _working_on(names[0], lambda: run(self, names, *rest))

    def bounded_for(self: BoundedCalls, work: Callable[[], T], deadline: Deadline) -> T:
        transaction_id = _in_hand()
        return bounded(self, lambda: _working_on(transaction_id, work), deadline)

    setattr(Inbox, "_run", run_for)  # noqa: B010  (a method is replaced, and mypy is told)
    setattr(BoundedCalls, "run", bounded_for)  # noqa: B010


def instrument() -> None:
    """Put points after every transaction, and around every call to Redis, to Mollie and to the shop."""

    _follow_the_work()

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
