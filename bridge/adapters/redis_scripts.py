"""What happens inside Redis, each script at one stroke.

For a lock key K there are
    K                         a string "<token> <since> <about>", with an expiry; since: microseconds, about: JSON
    molliebridge:{K}:queue    sorted set of those who wait, by arrival: "<bell> <token> <lifetime> <about>"
    molliebridge:held         set of the keys that are held, and of some whose hold has expired (`held` clears those)

K is the key that Symfony's RedisStore would use. Symfony 5.2 and later keep a sorted set there and call a string a
conflict; Symfony up to 5.1 and redis-py's Lock do `SET NX` as we do. So each excludes the others.

Nobody pushes in: a lock that comes free is given to the first in line, and his bell is rung with the token that he has
been waiting with, so the next turn begins without another question. A bell is a channel to which only its owner
listens; PUBLISH answers how many heard it, so a contender who died is passed over at once. One who lives but does not
wake up holds the lock for its lifetime, like anybody who stands still with a lock in his hands.
"""

from __future__ import annotations

from dataclasses import dataclass

from redis import Redis
from redis.commands.core import Script

OWN_PREFIX = "molliebridge:"
HELD = f"{OWN_PREFIX}held"


def keys_of(key: str) -> list[str]:
    """The keys that each of the scripts is called with."""
    return [key, f"{OWN_PREFIX}{{{key}}}:queue", HELD]


_COMMON = """
local key, queue, held = KEYS[1], KEYS[2], KEYS[3]

-- The value that K has: a string; false when it has none; a table when another kind of key is in its place.
local value = redis.pcall('GET', key)

local function is_held_by(token)
    return type(value) == 'string' and string.sub(value, 1, #token + 1) == token .. ' '
end

local function give(token, lifetime, since, about)
    redis.call('SET', key, token .. ' ' .. since .. ' ' .. about, 'PX', lifetime)
end

-- The set of held keys goes by itself when nobody has held anything for a while: some members' holds just expire.
local function remember(lifetime)
    redis.call('SADD', held, key)
    if redis.call('PTTL', held) < tonumber(lifetime) then redis.call('PEXPIRE', held, lifetime + 60000) end
end

-- Give the lock to the first in line who is alive, unless that is `me`; answers whether somebody got it.
local function hand_on(since, me)
    while true do
        local first = redis.call('ZPOPMIN', queue)[1]
        if not first or first == me then return false end
        local bell, token, lifetime, about = string.match(first, '^(%S+) (%S+) (%d+) (.*)$')
        if redis.call('PUBLISH', bell, token) > 0 then
            give(token, lifetime, since, about)
            remember(lifetime)
            return true
        end
    end
end

local function hand_on_or_free(since)
    if hand_on(since, '') then return end
    redis.call('DEL', key)
    redis.call('SREM', held, key)
end
"""

_ASK = """
-- Answers 0 when the lock is the caller's now, else in how many milliseconds it makes sense to ask again unbidden.
local token, since, lifetime, about, place = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

if value == false and not hand_on(since, place) or is_held_by(token) then
    give(token, lifetime, since, about)
    remember(lifetime)
    return 0
end
if place ~= '' then
    local time = redis.call('TIME')
    redis.call('ZADD', queue, 'NX', time[1] * 1000000 + time[2], place)
    redis.call('PEXPIRE', queue, 10 * PATIENCE)
end
-- Others than us ring no bell when they let go (PHP does not), so the first in line looks for himself now and then.
local ours = value == false or type(value) == 'string' and string.find(value, ' ', 1, true)
if not ours and redis.call('ZRANK', queue, place) == 0 then return POLL end
local left = redis.call('PTTL', key)
if left < 0 or left > PATIENCE then return PATIENCE end
return left + 1
"""

_RENEW = """
-- Answers "<since> <about>", or false when the hold is no longer the caller's.
local token, lifetime = ARGV[1], ARGV[2]
if not is_held_by(token) then return false end
redis.call('PEXPIRE', key, lifetime)
remember(lifetime)
return string.sub(value, #token + 2)
"""

_RELEASE = """
-- Answers 1, or 0 when the hold was no longer the caller's.
local token, since = ARGV[1], ARGV[2]
if not is_held_by(token) then return 0 end
hand_on_or_free(since)
return 1
"""

_WITHDRAW = """
-- The caller's patience is over; if the lock was given to him in this very moment, the next one gets it.
local token, since, place = ARGV[1], ARGV[2], ARGV[3]
local was_first = redis.call('ZRANK', queue, place) == 0
redis.call('ZREM', queue, place)
if is_held_by(token) then
    hand_on_or_free(since)
elseif was_first then
    -- The new first in line has to look for himself now: a ring without his token bids him ask.
    local first = redis.call('ZRANGE', queue, 0, 0)[1]
    if first then redis.call('PUBLISH', string.match(first, '^(%S+)'), '') end
end
return 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scripts:
    """The scripts, known to one client; see their first lines for what they answer."""

    ask: Script
    renew: Script
    release: Script
    withdraw: Script


def scripts(client: Redis, *, patience: float, poll: float) -> Scripts:
    """The scripts with their limits, in seconds, written into them: every argument costs time with every call."""

    def make(body: str) -> Script:
        limits = {"PATIENCE": f"{patience * 1000:.0f}", "POLL": f"{poll * 1000:.0f}"}
        for name, limit in limits.items():
            body = body.replace(name, limit)
        return client.register_script(_COMMON + body)

    return Scripts(ask=make(_ASK), renew=make(_RENEW), release=make(_RELEASE), withdraw=make(_WITHDRAW))
