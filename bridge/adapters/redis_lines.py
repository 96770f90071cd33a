"""Lines to Redis: a contender's connection to ask on, and one to sleep on until somebody rings."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator
from secrets import token_hex
from typing import Any

import redis.exceptions
from redis import Redis
from redis.client import PubSub
from redis.commands.core import Script
from redis.connection import AbstractConnection

from bridge.adapters.redis_scripts import OWN_PREFIX

_NO_MASTER = (redis.exceptions.ReadOnlyError, redis.exceptions.MasterDownError)
"""Since a fail-over this is a replica. It keeps its connections, and refused each lock for as long as they lasted."""

_SUBSCRIBING = 2.0
"""Seconds until a subscription must be confirmed: as long as any other answer may take."""


class Line:
    """Two connections for one thread at a time; the one to sleep on is opened when it is needed first."""

    def __init__(self, shared: Redis) -> None:
        self.bell = f"{OWN_PREFIX}bell:{token_hex(8)}"
        self.listens = False
        self._client = Redis(connection_pool=shared.connection_pool, single_connection_client=True)
        self._subscription: PubSub = shared.pubsub()  # type: ignore[no-untyped-call]

    def run(self, script: Script, keys: list[str], arguments: tuple[str | int, ...]) -> Any:
        """Run a script and answer what it answers.

        Straight over the connection: with its telemetry and its pool redis-py's own call takes twice as long, which
        everybody waits for who stands in the queue. What goes wrong is left to redis-py: it connects again, and loads
        the script into a Redis that does not know it yet.
        """
        connection = self._client.connection
        assert connection is not None  # a client of one connection has it from the beginning
        try:
            connection.send_command("EVALSHA", script.sha, len(keys), *keys, *arguments)  # type: ignore[no-untyped-call]
            return connection.read_response()
        except _NO_MASTER:
            self._hang_up(connection)
        except (redis.exceptions.ConnectionError, redis.exceptions.NoScriptError):
            pass
        return script(keys, arguments, self._client)

    def _hang_up(self, connection: AbstractConnection) -> None:
        """Connect anew, to whom the address leads now; and listen anew, where the new master is heard."""
        connection.disconnect()  # type: ignore[no-untyped-call]
        self._client.connection_pool.disconnect(inuse_connections=False)
        self._subscription.reset()
        self.listens = False

    def listen(self) -> None:
        """Begin to listen to the bell; Redis must have confirmed it before anybody is told to ring."""
        self._subscription.subscribe(self.bell)
        if self._subscription.get_message(timeout=_SUBSCRIBING) is None:
            raise redis.exceptions.TimeoutError("Redis did not confirm a subscription in time")
        self.listens = True

    def sleep(self, seconds: float) -> str | None:
        """Sleep until the bell rings, `seconds` at most, and answer what it was rung with.

        It may come back for no reason, and a ring may be left from an earlier wait: what it was rung with tells.
        """
        message = self._subscription.get_message(ignore_subscribe_messages=True, timeout=seconds)
        return None if message is None else str(message["data"])

    def close(self) -> None:
        """Give up the bell and both connections."""
        self._subscription.close()
        self._client.close()


class Lines:
    """The lines of this process: as many as there were threads at a time that wanted one."""

    def __init__(self, shared: Redis) -> None:
        self._shared = shared
        self._idle: deque[Line] = deque()
        self._used: set[Line] = set()

    @contextlib.contextmanager
    def borrow(self) -> Iterator[Line]:
        """A line for the length of one call; after an error it is thrown away."""
        try:
            line = self._idle.pop()
        except IndexError:
            line = Line(self._shared)
        self._used.add(line)
        try:
            yield line
        except BaseException:
            line.close()
            raise
        else:
            self._idle.append(line)
        finally:
            self._used.discard(line)

    def ring_all(self) -> None:
        """Wake everybody who sleeps."""
        for line in tuple(self._used):
            with contextlib.suppress(redis.exceptions.RedisError):
                self._shared.publish(line.bell, "")

    def close(self) -> None:
        """Close those that nobody uses."""
        while self._idle:
            self._idle.pop().close()
