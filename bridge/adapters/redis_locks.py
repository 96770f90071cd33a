"""Locks in Redis, for several hosts, under the keys that Symfony's RedisStore uses.

redis-py's own Lock takes part in the exclusion but is not used: it waits by polling, knows no order, and what it stores
does not say who holds. What it does is one SET NX PX and two scripts; see `redis_scripts` for ours.

Redis may forget a lock (fail-over, eviction, restart): then two may hold it, and the database's fence decides.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import redis.exceptions
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from bridge.adapters.lock_holds import new_token
from bridge.adapters.lock_keeper import LockKeeper
from bridge.adapters.lock_queue import LockQueue
from bridge.adapters.lock_watchdog import LockWatchdog
from bridge.adapters.redis_lines import Line, Lines
from bridge.adapters.redis_orphans import RedisOrphans
from bridge.adapters.redis_scripts import keys_of, scripts
from bridge.adapters.redis_sight import Told, holds_in_redis, micros, told_by
from bridge.domain.errors import LockBackendDown
from bridge.ports.clock import Clock
from bridge.ports.locks import Grant, HeldLock

_CONNECTING = 1.0
"""Seconds to a Redis next door: a second is a fault, and two tries must fit into the 5 s of a lock's time limit."""
_ANSWERING = 2.0
"""Seconds for an answer: scripts take microseconds, a fork for a snapshot may stop Redis for some hundred ms."""
_PATIENCE = 1.0
"""Seconds after which a waiter asks unbidden: the bell may have got lost with a connection."""
_POLL = 0.025
"""Seconds between the looks of the first in line at a lock that PHP holds, which rings no bell (Symfony: 100 ms)."""

_CONNECTIONS = 10_000
"""At most; the number of threads is the true bound, as each has one connection to ask and one to sleep on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What a contender wants; `lifetime` in seconds, `about` what others may know of him (JSON)."""

    key: str
    token: str
    purpose: str
    lifetime: float
    keep: bool
    about: str


class RedisCartLocks:
    """`CartLocks` that every process on every host shares that talks to the same Redis.

    The contenders of one process stand in one queue per key, and the first of them stands in the queue in Redis, so the
    processes take turns. A hold lives in Redis: any process may renew or release it who knows its token.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        self._redis = connect(url)
        self._clock = clock
        self._holder = f"{socket.gethostname()}:{os.getpid()}"
        self._queue = LockQueue()
        self._lines = Lines(self._redis)
        self._keeper = LockKeeper(clock)
        self._closed = threading.Event()
        self._watchdog = LockWatchdog(self._keeper, clock, self._extend)
        self._orphans = RedisOrphans(self._keeper, clock, self._give_back)
        self._scripts = scripts(self._redis, patience=_PATIENCE, poll=_POLL)

    def acquire(self, key: str, *, timeout: float, lifetime: float, purpose: str, keep: bool = True) -> Grant | None:
        """See `CartLocks.acquire`. The watchdog extends a kept hold by `lifetime` three times in its course."""
        deadline = self._clock.monotonic() + timeout
        if not self._queue.enter(key, timeout):
            return None
        about = json.dumps({"purpose": purpose, "holder": self._holder, "kept": keep})
        wish = _Wish(key=key, token=new_token(), purpose=purpose, lifetime=lifetime, keep=keep, about=about)
        try:
            with _translated():
                grant = self._take(wish, deadline)
        except BaseException:
            self._orphans.add(key, wish.token, lifetime)
            raise
        finally:
            # The turn is for asking, not for holding: the hold may be released by another process, which could not
            # give the turn on here.
            self._queue.leave(key)
        if grant is not None and keep:
            self._watchdog.guard(key, wish.token, lifetime)
            if self._closed.is_set():
                self.release(key, wish.token)
                self._refuse_when_closed()
        return grant

    def renew(self, key: str, token: str, *, lifetime: float) -> Grant | None:
        """See `CartLocks.renew`. A kept hold stays kept, with the new lifetime if it was taken here."""
        told = self._extend(key, token, lifetime)
        if told is None:
            return None
        if self._watchdog.dismiss(token) is not None:
            self._watchdog.guard(key, token, lifetime)
        return Grant(
            key=key,
            token=token,
            purpose=told.purpose,
            taken_at=told.since,
            expires_at=None if told.kept else self._clock.now() + timedelta(seconds=lifetime),
        )

    def release(self, key: str, token: str) -> bool:
        """See `CartLocks.release`. When Redis can not be asked, a kept hold is released as soon as it can."""
        lifetime = self._watchdog.dismiss(token)
        try:
            return self._give_back(key, token)
        except LockBackendDown:
            if lifetime is not None:
                self._orphans.add(key, token, lifetime)
            raise

    def ping(self) -> None:
        """See `CartLocks.ping`: Redis answers (also one that is full, or no longer the master)."""
        with _translated():
            self._redis.ping()

    def held(self) -> tuple[HeldLock, ...]:
        """See `CartLocks.held`: the holds of every process and host, and those that PHP has for a cart."""
        with _translated():
            return holds_in_redis(self._redis, self._clock.now())

    def close(self) -> None:
        """See `CartLocks.close`. Holds that are not kept stay: they stand for the work of somebody who goes on with it,
        and any other process may release them.
        """
        self._closed.set()
        self._queue.close()
        self._lines.ring_all()
        self._queue.wait_until_empty(_CONNECTING + _ANSWERING)
        self._keeper.close()
        for key, token in self._watchdog.guarded():
            with contextlib.suppress(LockBackendDown):
                self.release(key, token)
        self._lines.close()
        self._redis.close()

    def _take(self, wish: _Wish, deadline: float) -> Grant | None:
        # After an error the line is thrown away, and with its bell the place in the queue: the next to let go passes it
        # over.
        with self._lines.borrow() as line:
            place = ""
            while True:
                left = deadline - self._clock.monotonic()
                if line.listens and left > 0:
                    place = f"{line.bell} {wish.token} {_ms(wish.lifetime)} {wish.about}"
                grant, pause = self._ask_for(wish, place, line)
                if grant is not None:
                    return grant
                if left <= 0:
                    if place:
                        self._leave_queue(wish, place, line)
                    return None
                if not line.listens:
                    line.listen()
                elif line.sleep(min(pause, left)) == wish.token:
                    return _grant(wish, self._clock.now())
                self._refuse_when_closed()

    def _leave_queue(self, wish: _Wish, place: str, line: Line) -> None:
        arguments = (wish.token, micros(self._clock.now()), place)
        line.run(self._scripts.withdraw, keys_of(wish.key), arguments)

    def _ask_for(self, wish: _Wish, place: str, line: Line) -> tuple[Grant | None, float]:
        """The grant, or None and the seconds after which it makes sense to ask again."""
        now = self._clock.now()
        arguments = (wish.token, micros(now), _ms(wish.lifetime), wish.about, place)
        pause = int(line.run(self._scripts.ask, keys_of(wish.key), arguments))
        return (None, pause / 1000) if pause else (_grant(wish, now), 0.0)

    def _give_back(self, key: str, token: str) -> bool:
        with _translated(), self._lines.borrow() as line:
            return bool(line.run(self._scripts.release, keys_of(key), (token, micros(self._clock.now()))))

    def _extend(self, key: str, token: str, lifetime: float) -> Told | None:
        """What the holder said of himself; None when the hold is no longer the caller's."""
        with _translated(), self._lines.borrow() as line:
            told = line.run(self._scripts.renew, keys_of(key), (token, _ms(lifetime)))
        return None if told is None else told_by(told)

    def _refuse_when_closed(self) -> None:
        if self._closed.is_set():
            raise LockBackendDown("the locks of this process are closed: it is shutting down")


def _grant(wish: _Wish, now: datetime) -> Grant:
    expires_at = None if wish.keep else now + timedelta(seconds=wish.lifetime)
    return Grant(key=wish.key, token=wish.token, purpose=wish.purpose, taken_at=now, expires_at=expires_at)


def connect(url: str) -> Redis:
    """A client whose every call ends in bounded time; `url` as redis-py takes it (redis://, rediss://, unix://)."""
    # One more try only when the connection was found dead: a Redis that restarted costs no request. Every script may be
    # run twice without harm, since a token names one hold.
    retry = Retry(NoBackoff(), 1, supported_errors=(redis.exceptions.ConnectionError,))
    return Redis.from_url(
        url,
        decode_responses=True,
        socket_connect_timeout=_CONNECTING,
        socket_timeout=_ANSWERING,
        retry=retry,
        max_connections=_CONNECTIONS,
    )


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except redis.exceptions.RedisError as error:
        raise LockBackendDown(f"the locks in Redis are out of reach: {error}") from error


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
