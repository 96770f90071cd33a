"""Bells: connections to Redis that sleep until somebody rings for them."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator
from secrets import token_hex

import redis.exceptions
from redis import Redis
from redis.client import PubSub

from bridge.adapters.redis_scripts import OWN_PREFIX

_IDLE_KEPT = 4
"""Bells kept open while nobody waits; making one costs a connection and a subscription, about a millisecond."""
_SUBSCRIBING = 2.0
"""Seconds until a subscription must be confirmed: as long as any other answer may take."""


class Bell:
    """A channel of its own, heard by one waiting thread at a time; it costs nothing until it listens."""

    def __init__(self, client: Redis) -> None:
        self.channel = f"{OWN_PREFIX}bell:{token_hex(8)}"
        self.listens = False
        self._subscription: PubSub = client.pubsub()  # type: ignore[no-untyped-call]

    def listen(self) -> None:
        """Begin to listen; Redis must have confirmed it before anybody is told to ring here."""
        self._subscription.subscribe(self.channel)
        if self._subscription.get_message(timeout=_SUBSCRIBING) is None:
            raise redis.exceptions.TimeoutError("Redis did not confirm a subscription in time")
        self.listens = True

    def wait(self, seconds: float) -> str | None:
        """Sleep until it rings, `seconds` at most, and answer what it was rung with.

        It may come back for no reason, and a ring may be left from an earlier wait: what it was rung with tells.
        """
        message = self._subscription.get_message(ignore_subscribe_messages=True, timeout=seconds)
        return None if message is None else str(message["data"])

    def close(self) -> None:
        """Give up the channel and its connection."""
        self._subscription.close()


class Bells:
    """The bells of this process; each is used again and again, since an old ring does no harm."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._idle: deque[Bell] = deque()
        self._used: set[Bell] = set()

    @contextlib.contextmanager
    def borrow(self) -> Iterator[Bell]:
        """A bell for the length of one wait; after an error it is thrown away."""
        try:
            bell = self._idle.pop()
        except IndexError:
            bell = Bell(self._client)
        self._used.add(bell)
        try:
            yield bell
        except BaseException:
            bell.close()
            raise
        finally:
            self._used.discard(bell)
        if bell.listens and len(self._idle) < _IDLE_KEPT:
            self._idle.append(bell)
        else:
            bell.close()

    def ring_all(self) -> None:
        """Wake everybody who waits."""
        for bell in tuple(self._used):
            with contextlib.suppress(redis.exceptions.RedisError):
                self._client.publish(bell.channel, "")

    def close(self) -> None:
        """Close those that nobody uses."""
        while self._idle:
            self._idle.pop().close()
