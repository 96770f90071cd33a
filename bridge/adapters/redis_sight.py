"""Who holds locks in Redis, as far as it can be seen there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, cast

from redis import Redis

from bridge.adapters.redis_scripts import HELD, OWN_PREFIX
from bridge.ports.locks import HeldLock

_SEEN = "*webhook-cart-*"
"""The keys looked for besides our own: those that PHP takes for a cart, which are noted nowhere."""
_SCANNED_AT_ONCE = 1000


def holds_in_redis(redis: Redis, now: datetime) -> tuple[HeldLock, ...]:
    """Every hold under a key of ours, and PHP's; oldest first, those of unknown age last.

    PHP's are found by walking over all keys of the database (about 0.1 s for 100,000), so this is nothing for every
    request.
    """
    keys = {*redis.zrange(HELD, 0, -1), *_foreign_keys(redis)}
    holds = list(_read(redis, sorted(keys), now))
    return tuple(sorted(holds, key=lambda hold: (hold.since is None, hold.since or now, hold.key)))


def _foreign_keys(redis: Redis) -> Iterator[str]:
    for key in redis.scan_iter(match=_SEEN, count=_SCANNED_AT_ONCE):
        if not key.startswith(OWN_PREFIX):
            yield key


def _read(redis: Redis, keys: list[str], now: datetime) -> Iterator[HeldLock]:
    with redis.pipeline(transaction=False) as pipeline:
        for key in keys:
            pipeline.type(key)
            pipeline.pttl(key)
        answers = pipeline.execute()
    kinds = dict(zip(keys, answers[0::2], strict=True))
    lasting = dict(zip(keys, answers[1::2], strict=True))
    plain = [key for key, kind in kinds.items() if kind == "string"]
    values = cast("list[str | None]", redis.mget(plain)) if plain else []
    told = {key: told_by(value) for key, value in zip(plain, values, strict=True)}
    for key, kind in kinds.items():
        if kind in {"string", "zset"}:
            yield _hold(key, told.get(key, {}), lasting[key], now)


def told_by(value: str | None) -> dict[str, Any]:
    """What a holder of ours says of himself in the key's value; nothing for a holder of another kind."""
    _, _, about = (value or "").partition(" ")
    return json.loads(about) if about else {}


def _hold(key: str, told: dict[str, Any], left: int, now: datetime) -> HeldLock:
    ends = left >= 0 and not told.get("kept")
    return HeldLock(
        key=key,
        holder=told.get("holder", "unknown"),
        purpose=told.get("purpose"),
        since=datetime.fromisoformat(told["since"]) if "since" in told else None,
        expires_at=now + timedelta(milliseconds=left) if ends else None,
    )
