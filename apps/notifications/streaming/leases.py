"""Who follows events in all stream servers together: a lease for each stream, in Redis, renewed as the stream lives.

A server that is killed leaves leases that end by themselves. While Redis is away each server counts its own (`hub.py`).
"""

import uuid
from collections.abc import Collection, Sequence

from django.conf import settings

from apps.core import cache
from apps.notifications.errors import TooManyStreams
from apps.notifications.streaming.bell import channel_of
from apps.notifications.streaming.wire import Subscription

# A sorted set for each person, by when a lease ends. Members are `<session>:<stream>`, whose ids sort by birth.
_COUNT = """
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    local function those_of(key, session)
        redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
        local own, all = {}, redis.call('ZRANGE', key, 0, -1)
        for _, one in ipairs(all) do
            if string.sub(one, 1, 36) == session then own[#own + 1] = one end
        end
        table.sort(own)
        return own, #all
    end
    local function lease(key, one, lasts)
        redis.call('ZADD', key, now + lasts, one)
        redis.call('PEXPIRE', key, lasts)
    end
"""
_BEGIN = f"""{_COUNT}
    local key, one, channel = KEYS[1], ARGV[1], ARGV[2]
    local own, all = those_of(key, string.sub(one, 1, 36))
    local is_full = all >= tonumber(ARGV[4])
    if is_full and #own == 0 then return 0 end
    lease(key, one, ARGV[5])
    if is_full or #own >= tonumber(ARGV[3]) then
        redis.call('ZREM', key, own[1])
        redis.call('PUBLISH', channel, own[1])
    end
    return 1
"""
# What Redis has forgotten, or was replaced and has not heard of it, is let in again where there is room.
_RENEW = f"""{_COUNT}
    local kept = {{}}
    for place, key in ipairs(KEYS) do
        local one = ARGV[3 + place]
        kept[place] = 1
        if not redis.call('ZSCORE', key, one) then
            local own, all = those_of(key, string.sub(one, 1, 36))
            if #own >= tonumber(ARGV[1]) or all >= tonumber(ARGV[2]) then kept[place] = 0 end
        end
        if kept[place] == 1 then lease(key, one, ARGV[3]) end
    end
    return kept
"""
_END = "for place, key in ipairs(KEYS) do redis.call('ZREM', key, ARGV[place]) end"


def begin(who: Subscription) -> bool:
    """Take a lease for a stream; False while Redis is away. The oldest of a session that has its share is told to end.

    Raises TooManyStreams.
    """
    arguments = [who.name, channel_of(who.person), *_bounds()]
    try:
        is_let_in = cache.run(_BEGIN, [key_of(who.person)], arguments)
    except cache.CacheDown:
        return False
    if not is_let_in:
        raise TooManyStreams
    return True


def lost(those: Sequence[Subscription]) -> set[Subscription]:
    """Renew the leases of streams, and return those that have none any more and must end."""
    if not those:
        return set()
    keys = [key_of(one.person) for one in those]
    try:
        kept = cache.run(_RENEW, keys, [*_bounds(), *(one.name for one in those)])
    except cache.CacheDown:
        return set()
    return {one for one, is_kept in zip(those, kept, strict=True) if not is_kept}


def end(those: Collection[Subscription]) -> None:
    """Give leases back; while Redis is away they end by themselves."""
    try:
        cache.run(_END, [key_of(one.person) for one in those], [one.name for one in those])
    except cache.CacheDown:
        return


def key_of(person: uuid.UUID) -> str:
    return f"streams:{person}"


def _bounds() -> list[int]:
    return [settings.STREAMS_PER_SESSION, settings.STREAMS_PER_PERSON, _lasts()]


def _lasts() -> int:
    """Return for how many milliseconds a lease is good: streams renew it at each heartbeat."""
    return int(3000 * settings.STREAM_HEARTBEAT)
