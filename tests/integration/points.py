"""The points of a process's work, found by instrumenting and not by hand: whatever leaves the process has one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests.adapters
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import Pool

from bridge.adapters.shop_http import HttpShopWebhook


def instrument(pass_point: Callable[[str], None]) -> None:
    """Call `pass_point(name)` after every statement, around every commit, and around every call to Mollie and the shop.

    It is called in the thread that does the work, and may end the process there.
    """

    @event.listens_for(Engine, "after_cursor_execute")
    def _executed(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        pass_point(f"after {' '.join(statement.split())[:60]}")

    @event.listens_for(Engine, "commit")
    def _committing(connection: Any) -> None:
        pass_point("before COMMIT")

    @event.listens_for(Pool, "checkin")
    def _checked_in(*_: Any) -> None:
        pass_point("after the transaction")

    _around(requests.adapters.HTTPAdapter, "send", "the call to Mollie", pass_point)
    _around(HttpShopWebhook, "_post", "the call to the shop", pass_point)


def _around(owner: type, method: str, name: str, pass_point: Callable[[str], None]) -> None:
    inner = getattr(owner, method)

    def outer(self: Any, *arguments: Any, **options: Any) -> Any:
        pass_point(f"before {name}")
        try:
            return inner(self, *arguments, **options)
        finally:
            pass_point(f"after {name}")

    setattr(owner, method, outer)
