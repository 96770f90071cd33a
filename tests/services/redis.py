"""A private Redis server."""

from __future__ import annotations

import secrets

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.services.process import PrivateServer, program

SERVER_PACKAGE = "redis-server"

NO_RETRY = Retry(NoBackoff(), 0)
"""For a client that is to see the first failure: by itself redis-py tries for seconds, even a wrong password."""


class PrivateRedis(PrivateServer):
    """Redis on a free port with a password of its own.

    It keeps nothing on disk, so `kill` and `start` lose every key, as a failover to an empty replica would. With
    `durable=True` every write is flushed to the append-only file and is there again after a crash.
    """

    name = "redis"

    def __init__(self, *, durable: bool = False) -> None:
        self._server = program("redis-server", SERVER_PACKAGE)
        super().__init__()
        self._durable = durable
        self.password = secrets.token_hex(8)

    @property
    def url(self) -> str:
        """The URL that redis-py takes, database 0."""
        return f"redis://:{self.password}@{self.host}:{self.port}/0"

    def client(self) -> redis.Redis:
        """A new client that answers in text and gives up on a dead server after 5 s; the caller closes it."""
        return redis.Redis.from_url(self.url, decode_responses=True, socket_timeout=5)

    def flush(self) -> None:
        """Forget every key, script and client name."""
        with self.client() as client:
            client.flushall()

    def command(self) -> list[str]:
        """The server, deaf to the machine's configuration files."""
        append_only = ["--appendonly", "yes", "--appendfsync", "always"] if self._durable else ["--appendonly", "no"]
        return [
            self._server,
            *("--bind", self.host),
            *("--port", str(self.port)),
            *("--requirepass", self.password),
            *("--dir", str(self.folder)),
            *("--save", ""),
            *append_only,
            *("--daemonize", "no"),
        ]

    def answers(self) -> bool:
        """Whether it takes the password and has its data loaded."""
        with redis.Redis.from_url(self.url, socket_timeout=1, retry=NO_RETRY) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False
