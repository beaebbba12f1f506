"""What the gate notes in passing: which sessions were heard of when, and how often each version of the app called.

Both are written into Redis by the one script that every request runs (`core/http/gate.py`), and from there into
Postgres in batches by whoever owns the rows. What Redis loses in between was not written down.
"""

import time
import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from apps.core import cache
from apps.core.clients import Client, release_of

# Sessions, under the names that the cache has for them, by when they were last heard of, in seconds.
SEEN_KEY = "usage:seen"
_PREFIX = "session:"
_KEPT_SECONDS = 3 * 24 * 3600
_DAY_SECONDS = 24 * 3600

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


def calls_key() -> str:
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
