"""Who holds locks in Redis, as far as it can be seen there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from redis import Redis

from bridge.adapters.redis_scripts import HELD, OWN_PREFIX
from bridge.ports.locks import HeldLock

_SEEN = "*webhook-cart-*"
"""The keys looked for besides our own: those that PHP takes for a cart, which are noted nowhere."""
_SCANNED_AT_ONCE = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a holder of ours says of himself; `kept`: a watchdog extends the hold."""

    since: datetime
    purpose: str
    holder: str
    kept: bool


def holds_in_redis(redis: Redis, now: datetime) -> tuple[HeldLock, ...]:
    """Every hold under a key of ours, and PHP's; oldest first, those of unknown age last.

    PHP's are found by walking over all keys of the database (about 0.1 s for 100,000), so this is nothing for every
    request.
    """
    noted = cast("set[str]", redis.smembers(HELD))
    holds = {hold.key: hold for hold in _read(redis, sorted({*noted, *_foreign_keys(redis)}), now)}
    if expired := noted - holds.keys():
        # One of them may have been taken again since we looked, and is not seen until its next holder: a report's risk.
        redis.srem(HELD, *expired)
    return tuple(sorted(holds.values(), key=lambda hold: (hold.since is None, hold.since or now, hold.key)))


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
    told = {key: _told_or_none(value) for key, value in zip(plain, values, strict=True)}
    for key, kind in kinds.items():
        if kind in {"string", "zset"}:
            yield _hold(key, told.get(key), lasting[key], now)


def told_by(text: str) -> Told:
    """What stands behind the token in a key's value."""
    since, _, about = text.partition(" ")
    said = json.loads(about)
    return Told(
        since=_EPOCH + timedelta(microseconds=int(since)),
        purpose=said["purpose"],
        holder=said["holder"],
        kept=said["kept"],
    )


def micros(moment: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _told_or_none(value: str | None) -> Told | None:
    _, _, told = (value or "").partition(" ")
    return told_by(told) if told else None  # a value without a space is not ours


def _hold(key: str, told: Told | None, left: int, now: datetime) -> HeldLock:
    expires_at = now + timedelta(milliseconds=left) if left >= 0 else None
    if told is None:
        return HeldLock(key=key, holder="unknown", purpose=None, since=None, expires_at=expires_at)
    return HeldLock(
        key=key,
        holder=told.holder,
        purpose=told.purpose,
        since=told.since,
        expires_at=None if told.kept else expires_at,
    )
