"""What the API was asked, so that a test can say "Mollie was not asked"."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRequest:
    """One request to `/v2`. `status` is None while it runs, and stays so when it never got an answer."""

    number: int
    method: str
    path: str
    key: str | None
    at: datetime
    status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """How many of each were made, how many different idempotency keys came, how many requests."""

    payments: int
    refunds: int
    orders: int
    idempotency_keys: int
    requests: int


class Traffic:
    """The log of requests, in the order they came in."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[LoggedRequest] = []
        self._life = 0

    def arrived(self, method: str, path: str, key: str | None, at: datetime) -> tuple[int, int]:
        """Note a request; the ticket is for `answered`."""
        with self._lock:
            number = len(self._requests)
            self._requests.append(LoggedRequest(number=number, method=method, path=path, key=key, at=at))
            return self._life, number

    def answered(self, ticket: tuple[int, int], status: int) -> None:
        """Note how a request was answered."""
        life, number = ticket
        with self._lock:
            if life == self._life:
                self._requests[number] = replace(self._requests[number], status=status)

    def requests(self, method: str = ".*", path: str = ".*") -> list[LoggedRequest]:
        """The requests so far whose method and path match (regular expressions, matched whole)."""
        with self._lock:
            logged = list(self._requests)
        return [each for each in logged if re.fullmatch(method, each.method) and re.fullmatch(path, each.path)]

    def clear(self) -> None:
        """Forget them."""
        with self._lock:
            self._life += 1
            self._requests.clear()
