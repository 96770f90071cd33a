"""What happens inside Redis, each script at one stroke.

For a lock key K there are
    K                         a string "<token> <what the holder says of himself, JSON>", with an expiry
    molliebridge:{K}:queue    sorted set of those who wait, by arrival: "<bell> <token>"
    molliebridge:held         sorted set of the keys that are held, by the time at which the hold ends

K is the key that Symfony's RedisStore would use. Symfony 5.2 and later keep a sorted set there and call a string a
conflict; Symfony up to 5.1 and redis-py's Lock do `SET NX` as we do. So each excludes the others.

Nobody pushes in: a lock that comes free is given to the first in line, who has a moment to confirm it. A bell is a
channel to which only its owner listens; PUBLISH answers how many heard it, so a contender who died is passed over at
once. A bell says "ask again" and no more: what counts is what K holds then.
"""

from __future__ import annotations

OWN_PREFIX = "molliebridge:"
HELD = f"{OWN_PREFIX}held"


def keys_of(key: str) -> list[str]:
    """The keys that each of the scripts is called with."""
    return [key, f"{OWN_PREFIX}{{{key}}}:queue", HELD]


_COMMON = """
local key, queue, held = KEYS[1], KEYS[2], KEYS[3]

local function now()
    local time = redis.call('TIME')
    return time[1] * 1000000 + time[2]
end

local function value()
    return redis.call('TYPE', key).ok == 'string' and redis.call('GET', key) or false
end

local function is_held_by(token)
    local found = value()
    return found and string.sub(found, 1, #token + 1) == token .. ' '
end

local function note_end(lifetime)
    local moment = math.floor(now() / 1000)
    redis.call('ZREMRANGEBYSCORE', held, '-inf', moment)
    redis.call('ZADD', held, moment + lifetime, key)
    if redis.call('PTTL', held) < lifetime then redis.call('PEXPIRE', held, lifetime) end
end

-- Give the free lock to the first in line who is alive, unless that is `me`; answers whether somebody got it.
local function hand_on(claim, me)
    while true do
        local first = redis.call('ZRANGE', queue, 0, 0)[1]
        if not first or first == me then return false end
        redis.call('ZREM', queue, first)
        local bell, token = string.match(first, '^(%S+) (%S+)$')
        if redis.call('PUBLISH', bell, key) > 0 then
            redis.call('SET', key, token .. ' {}', 'PX', claim)
            return true
        end
    end
end
"""

ASK = (
    _COMMON
    + """
-- Answers 0 when the lock is the caller's now, else in how many milliseconds it makes sense to ask again unbidden.
local token, about, place = ARGV[1], ARGV[2], ARGV[3]
local lifetime, claim, patience, poll = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])

local free = redis.call('EXISTS', key) == 0
if is_held_by(token) or (free and not hand_on(claim, place)) then
    redis.call('SET', key, token .. ' ' .. about, 'PX', lifetime)
    redis.call('ZREM', queue, place)
    note_end(lifetime)
    return 0
end
if place ~= '' then
    redis.call('ZADD', queue, 'NX', now(), place)
    redis.call('PEXPIRE', queue, 10 * patience)
end
-- Others than us ring no bell when they let go (PHP does not), so the first in line looks for himself now and then.
local found = value()
local ours = found and string.find(found, ' ', 1, true)
if not ours and redis.call('ZRANK', queue, place) == 0 then return poll end
local left = redis.call('PTTL', key)
if left < 0 or left > patience then return patience end
return left + 1
"""
)

RENEW = (
    _COMMON
    + """
-- Answers what the holder said of himself, or false when the hold is no longer the caller's.
local token, lifetime = ARGV[1], tonumber(ARGV[2])
if not is_held_by(token) then return false end
redis.call('PEXPIRE', key, lifetime)
note_end(lifetime)
return string.sub(value(), #token + 2)
"""
)

RELEASE = (
    _COMMON
    + """
-- Answers 1, or 0 when the hold was no longer the caller's.
local token, claim = ARGV[1], tonumber(ARGV[2])
if not is_held_by(token) then return 0 end
redis.call('DEL', key)
redis.call('ZREM', held, key)
hand_on(claim, '')
return 1
"""
)

WITHDRAW = (
    _COMMON
    + """
-- The caller's patience is over; if the lock was given to him in this very moment, the next one gets it.
local token, place, claim = ARGV[1], ARGV[2], tonumber(ARGV[3])
local was_first = redis.call('ZRANK', queue, place) == 0
redis.call('ZREM', queue, place)
if is_held_by(token) then
    redis.call('DEL', key)
    hand_on(claim, '')
elseif was_first then
    -- The new first in line has to look for himself now.
    local first = redis.call('ZRANGE', queue, 0, 0)[1]
    if first then redis.call('PUBLISH', string.match(first, '^(%S+)'), key) end
end
return 1
"""
)
