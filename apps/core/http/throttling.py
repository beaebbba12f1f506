"""Named rate limits: a generic cell rate algorithm in Redis, and in this process while Redis is away.

A limit of q requests in w seconds is a bucket of q tokens that refills at q/w a second: never more than q at once, and
no doubled burst at the edge of a window. The written policy for Redis being down (reliability RL-04): every limit goes
on in each process by itself; `auth` with a quarter of its budget, so that guessing stays closed.
"""

import math
import random
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from django.conf import settings

from apps.core import cache
from apps.core.errors import TooMany
from apps.core.observability import metrics

security = structlog.stdlib.get_logger("security")

# Microseconds per request and of burst; how many are wanted and how many come back. Redis's own clock, so that web
# processes can't disagree. Returned: how many were taken, how many are left, microseconds until one is and all are.
TAKE = """
local function take(key, emission, burst, wanted, back)
  local t = redis.call('TIME')
  local now = t[1] * 1000000 + t[2]
  local arrival = math.max((tonumber(redis.call('GET', key)) or now) - back * emission, now)
  local left = math.floor((burst - (arrival - now)) / emission)
  if left < 1 then
    return {0, 0, arrival + emission - burst - now, arrival - now}
  end
  local taken = math.min(wanted, left)
  arrival = arrival + taken * emission
  redis.call('SET', key, string.format('%.0f', arrival), 'PX', math.ceil((arrival - now) / 1000))
  return {taken, left - taken, 0, arrival - now}
end
"""
# KEYS: limit. ARGV: microseconds per request and of burst.
_SPEND = TAKE + "return take(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), 1, 0)"

_LOCAL_SUBJECTS = 10_000


@dataclass(frozen=True, slots=True)
class Limit:
    """`quota` requests per `window` seconds."""

    name: str
    quota: int
    window: int

    @property
    def emission(self) -> int:
        """Microseconds that one request uses up."""
        return self.window * 1_000_000 // self.quota

    @property
    def burst(self) -> int:
        return self.emission * self.quota


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a limit said of one request; times in seconds."""

    limit: Limit
    allowed: bool
    remaining: int
    reset_after: float
    retry_after: float = 0.0

    @property
    def headers(self) -> dict[str, str]:
        """`RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers)."""
        name = self.limit.name
        return {
            "RateLimit-Policy": f'"{name}";q={self.limit.quota};w={self.limit.window}',
            "RateLimit": f'"{name}";r={self.remaining};t={math.ceil(self.retry_after or self.reset_after)}',
        }

    def refusal(self) -> TooMany:
        """Make the error for a refused request; the wait is spread a little, so that clients don't return together."""
        metrics.count_limited(self.limit.name)
        security.warning("limit reached", limit=self.limit.name)
        wait = self.retry_after + random.uniform(0, min(2.0, self.retry_after / 2))  # noqa: S311
        return TooMany("Wait before you try again.", retry_after=math.ceil(max(wait, 1)))


def limit_named(name: str) -> Limit:
    quota, window = settings.RATE_LIMITS[name]
    return Limit(name, quota, window)


def verdict(limit: Limit, answer: Sequence[str | int]) -> Verdict:
    """Read what `take` returned; whatever was taken beside the first is still there."""
    taken, left, wait, reset = map(int, answer)
    return Verdict(limit, taken > 0, left + max(taken - 1, 0), reset / 1e6, wait / 1e6)


def spend(name: str, subject: str, *, quota: int, window: int) -> None:
    """Count one request against a limit of its own, such as sign-ins per address; costs a round trip.

    Raises TooMany.
    """
    limit = Limit(name, quota, window)
    try:
        answer = cache.run(_SPEND, [cache.limit_key(name, subject)], [limit.emission, limit.burst])
        found = verdict(limit, answer)
    except cache.CacheDown:
        found = local.take(limit, subject)
    if not found.allowed:
        raise found.refusal()


class LocalLimits:
    """The same algorithm in this process's memory, for as many subjects as fit; the longest unseen go first."""

    def __init__(self) -> None:
        self._arrivals: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, limit: Limit, subject: str) -> Verdict:
        now = time.monotonic()
        emission, burst = limit.emission / 1e6, limit.burst / 1e6
        with self._lock:
            arrival = max(self._arrivals.get((limit.name, subject), now), now)
            wait = arrival + emission - burst - now
            if wait > 1e-9:
                return Verdict(limit, False, 0, arrival - now, wait)
            arrival += emission
            self._arrivals[limit.name, subject] = arrival
            self._arrivals.move_to_end((limit.name, subject))
            if len(self._arrivals) > _LOCAL_SUBJECTS:
                self._arrivals.popitem(last=False)
        left = int((burst - (arrival - now)) / emission + 1e-9)
        return Verdict(limit, True, left, arrival - now)

    def clear(self) -> None:
        with self._lock:
            self._arrivals.clear()


local = LocalLimits()
