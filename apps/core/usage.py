"""What the gate notes in passing: which sessions were heard of when, and how often each version of the app called.

Each process collects for a moment (`USAGE_SECONDS`) and tells Redis in one go, beside its requests; from there both go
into Postgres in batches by whoever owns the rows. What a process or Redis loses in between was not written down.
"""

import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from typing import Any

from django.conf import settings

from apps.core import cache
from apps.core.clients import Client, release_of

# Sessions, under the names that the cache has for them, by when they were last heard of, in seconds.
SEEN_KEY = "usage:seen"
_PREFIX = "session:"
_KEPT_SECONDS = 3 * 24 * 3600
_DAY_SECONDS = 24 * 3600

# KEYS: seen, calls. ARGV: how many sessions; each with its seconds; the most callers to count; each with its calls.
_TELL = """
local last = 1 + 2 * tonumber(ARGV[1])
for place = 2, last, 2 do
  redis.call('ZADD', KEYS[1], 'GT', ARGV[place + 1], ARGV[place])
end
local most = tonumber(ARGV[last + 1])
for place = last + 2, #ARGV, 2 do
  if redis.call('HLEN', KEYS[2]) < most or redis.call('HEXISTS', KEYS[2], ARGV[place]) == 1 then
    redis.call('HINCRBY', KEYS[2], ARGV[place], ARGV[place + 1])
  end
end
"""
# KEYS: seen. ARGV: session, seconds, … Only what was not heard of again meanwhile.
_FORGET = """
for place = 1, #ARGV, 2 do
  if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[place]) or 0) <= tonumber(ARGV[place + 1]) then
    redis.call('ZREM', KEYS[1], ARGV[place])
  end
end
"""
# Clients choose what is counted: platform, version. More than so many a day are made up.
MOST_CALLERS = 2_000


class _Notes:
    """What this process has noted and not told yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()
        self._seen: dict[str, int] = {}
        self._is_due = False

    def add(self, counted_as: Iterable[str], session: str) -> None:
        with self._lock:
            for name in counted_as:
                self._calls[name] += 1
            if session:
                self._seen[session] = int(time.time())
            is_first, self._is_due = not self._is_due, True
        if is_first:
            if settings.USAGE_SECONDS:
                timer = threading.Timer(settings.USAGE_SECONDS, self.tell)
                timer.daemon = True
                timer.start()
            else:
                self.tell()

    def tell(self) -> None:
        with self._lock:
            calls, seen, self._calls, self._seen = self._calls, self._seen, Counter(), {}
            self._is_due = False
        sessions = [word for pair in seen.items() for word in pair]
        callers = [word for pair in calls.items() for word in pair]
        words = [len(seen), *sessions, MOST_CALLERS, *callers]
        with suppress(cache.CacheDown):
            cache.run(_TELL, [SEEN_KEY, _calls_key()], words)


_notes = _Notes()


def note(counted_as: Iterable[str], session: str = "") -> None:
    """Note a call by each of these names (`caller`), and that a session (its name in the cache) was heard of."""
    _notes.add(counted_as, session)


def _calls_key() -> str:
    """Return where today's requests (UTC) are counted."""
    return f"usage:calls:{int(time.time()) // _DAY_SECONDS}"


def caller(client: Client, deprecated_route: str = "") -> str:
    """Return what a request is counted as."""
    return f"{release_of(client)} {deprecated_route}" if deprecated_route else release_of(client)


def calls_on(day: date) -> dict[tuple[str, str, str], int]:
    """Return the requests of a day by platform, version and deprecated route ("" for all). Raises CacheDown."""
    key = f"usage:calls:{(day - date(1970, 1, 1)).days}"

    def read(server: Any) -> dict[str, str]:
        server.expire(key, _KEPT_SECONDS)
        return server.hgetall(key)

    found = {}
    for name, calls in cache.call(read).items():
        platform, version, *route = name.split(" ", 2)
        found[platform, version, "".join(route)] = int(calls)
    return found


def sessions_seen(most: int) -> dict[uuid.UUID, int]:
    """Return sessions and when they were last heard of, those heard of longest ago first. Raises CacheDown."""
    found: Any = cache.call(lambda server: server.zrange(SEEN_KEY, 0, most - 1, withscores=True))
    return {uuid.UUID(key.removeprefix(_PREFIX)): int(at) for key, at in found}


def forget_seen(noted: Mapping[uuid.UUID, int]) -> None:
    """Forget what was written down, unless the session was heard of again. Raises CacheDown."""
    words = [word for session, at in noted.items() for word in (cache.session_key(session), at)]
    cache.run(_FORGET, [SEEN_KEY], words)
