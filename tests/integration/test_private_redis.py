"""The private Redis that other tests stand on."""

from __future__ import annotations

import pytest
import redis

from tests.services.redis import NO_RETRY, PrivateRedis

pytestmark = pytest.mark.redis


def test_it_is_empty_and_asks_for_its_password(redis_server: PrivateRedis) -> None:
    with redis_server.client() as client:
        assert client.dbsize() == 0
    with (
        redis.Redis(host=redis_server.host, port=redis_server.port, retry=NO_RETRY) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


def test_kill_9_loses_every_key(redis_server: PrivateRedis) -> None:
    with redis_server.client() as client:
        client.set("a", "1")
        redis_server.kill()
        redis_server.start()
        assert client.get("a") is None


def test_a_durable_one_keeps_what_it_confirmed() -> None:
    with PrivateRedis(durable=True) as server, server.client() as client:
        client.set("a", "1")
        server.kill()
        server.start()
        assert client.get("a") == "1"
