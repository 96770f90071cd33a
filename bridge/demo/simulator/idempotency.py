"""Idempotency-Key as Mollie keeps it: an hour, POST only, and the first answer is given again."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bridge.demo.simulator.errors import ApiError

LIFETIME = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """What the first request was answered."""

    status: int
    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    fingerprint: str
    begun_at: datetime
    answer: StoredAnswer | None = None


class IdempotencyKeys:
    """The keys of the last hour. A key is begun, then either finished with an answer or given up.

    Only answers of success are kept: a request that was refused or failed did nothing, and may be sent again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._seen: set[str] = set()

    def begin(self, key: str, fingerprint: str, now: datetime) -> StoredAnswer | None:
        """Claim `key`; the stored answer when it is a repeat, None when the caller is to do the work.

        Raises 400 for another payload under the same key and 409 while the first request is still running.
        """
        with self._lock:
            self._seen.add(key)
            entry = self._entries.get(key)
            if entry is None or now >= entry.begun_at + LIFETIME:
                self._entries[key] = _Entry(fingerprint=fingerprint, begun_at=now)
                return None
            if entry.fingerprint != fingerprint:
                raise ApiError(400, "The Idempotency-Key was used before with a different request")
            if entry.answer is None:
                raise ApiError(409, "A request with the same Idempotency-Key is still in progress")
            return entry.answer

    def finish(self, key: str, answer: StoredAnswer) -> None:
        """Keep `answer` for every repeat of `key`."""
        with self._lock:
            if key in self._entries:
                self._entries[key] = replace(self._entries[key], answer=answer)

    def give_up(self, key: str) -> None:
        """Forget `key`: its request did nothing."""
        with self._lock:
            self._entries.pop(key, None)

    @property
    def distinct(self) -> int:
        """How many different keys have ever been sent."""
        with self._lock:
            return len(self._seen)

    def reset(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._seen.clear()
