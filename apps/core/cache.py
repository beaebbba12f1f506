"""The cache: key names and lifetimes spelled once, one client, and a breaker so that a hung Redis costs one wait.

Nothing lives only here: every caller has an answer for `CacheDown`.
"""

import time
import uuid
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings
from django.core.signals import setting_changed

# Lifetimes in seconds.
SESSION_SECONDS = 3600


def session_key(session_id: uuid.UUID) -> str:
    """The leaf that a session's access tokens must carry, or `REVOKED`."""
    return f"session:{session_id}"


def limit_key(policy: str, subject: str) -> str:
    """A rate limit's theoretical arrival time for one subject, in microseconds."""
    return f"limit:{policy}:{subject}"


# Grows whenever staff change something that every web process keeps a copy of (version policies, flags).
GENERATION_KEY = "config:generation"

REVOKED = "revoked"


class CacheDown(Exception):
    """Redis did not answer in time, or did not answer recently and is left alone for a moment."""


class Breaker:
    """Remembers a failure for a moment, so that one request waits for a hung server and the next ones do not."""

    def __init__(self) -> None:
        self._closed_again_at = 0.0

    def check(self) -> None:
        if time.monotonic() < self._closed_again_at:
            raise CacheDown("left alone after a failure")

    def trip(self) -> None:
        self._closed_again_at = time.monotonic() + settings.CACHE_BREAKER_SECONDS

    def reset(self) -> None:
        self._closed_again_at = 0.0


breaker = Breaker()


@lru_cache(maxsize=1)
def client() -> redis.Redis:
    """Return the process's client; connections are pooled and made on first use."""
    connect, read = settings.CACHE_TIMEOUTS
    return redis.Redis.from_url(
        settings.CACHE_URL,
        socket_connect_timeout=connect,
        socket_timeout=read,
        # A retry would double the wait that the timeouts promise; the breaker and the caller's fallback serve better.
        retry=None,
        decode_responses=True,
    )


def run(script: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
    """Run a Lua script in one round trip.

    Raises CacheDown when Redis does not answer within the timeouts of `settings/timeouts.py`.
    """
    return call(lambda server: _registered(server, script)(keys=keys, args=arguments))


def call[T](command: Callable[[redis.Redis], T]) -> T:
    """Give the client to `command` and return its answer.

    Raises CacheDown when Redis does not answer within the timeouts of `settings/timeouts.py`.
    """
    breaker.check()
    try:
        return command(client())
    except (redis.ConnectionError, redis.TimeoutError, redis.exceptions.ReadOnlyError) as failure:
        breaker.trip()
        raise CacheDown(type(failure).__name__) from failure


@lru_cache(maxsize=32)
def _registered(server: redis.Redis, script: str) -> Any:
    return server.register_script(script)


def _forget_client(*, setting: str, **_: Any) -> None:
    if setting in {"CACHE_URL", "CACHE_TIMEOUTS"}:
        client.cache_clear()
        _registered.cache_clear()
        breaker.reset()


setting_changed.connect(_forget_client)
