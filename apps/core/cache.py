"""The cache: key names and lifetimes spelled once, one client, and a breaker so that a hung Redis costs one wait.

Nothing lives only here: every caller has an answer for `CacheDown`.
"""

import random
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, ClassVar
from weakref import WeakSet

import redis
from django.conf import settings
from django.core.signals import setting_changed
from django.db import DatabaseError, transaction

from apps.core import scripts

# Lifetimes in seconds.
SESSION_SECONDS = 3600


def session_key(session_id: uuid.UUID) -> str:
    """The leaf that a session's access tokens must carry, or `REVOKED`."""
    return f"session:{session_id}"


def limit_key(policy: str, subject: str) -> str:
    """A rate limit's theoretical arrival time for one subject, in microseconds."""
    return f"limit:{policy}:{subject}"


def proof_key(key: str, proof: str) -> str:
    """That a proof of a device's key was used."""
    return f"proof:{key}:{proof}"


def wrote_key(user_id: uuid.UUID) -> str:
    """That an account sent something that may have changed what it is shown."""
    return f"wrote:{user_id}"


# Grows whenever staff change something that every web process keeps a copy of (version policies, flags).
GENERATION_KEY = "config:generation"
# How long a process trusts its copies while Redis can't tell it the generation.
COPY_SECONDS = 5
# How long it leaves Postgres alone when that could not be read.
RETRY_SECONDS = 1

REVOKED = "revoked"


def jittered(seconds: float) -> float:
    """Return a lifetime up to a tenth longer or shorter, so that what was stored together does not expire together."""
    return seconds * random.uniform(0.9, 1.1)  # noqa: S311


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
    breaker.check()
    try:
        return scripts.line().run(
            settings.CACHE_URL, settings.CACHE_TIMEOUTS, script, keys, arguments
        )
    except (OSError, scripts.ScriptError) as failure:
        breaker.trip()
        raise CacheDown(type(failure).__name__) from failure


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


class ProcessCopy[T]:
    """This process's copy of a small thing that staff edit, read again when the generation moves.

    The generation arrives with the one round trip that every request makes anyway (`core/http/gate.py`), so a warm copy
    costs nothing. While Redis is away the copy is read again every few seconds; while Postgres is away too, the last
    known value stands. One thread reads at a time, and the others go on with the value that they have.
    """

    _copies: ClassVar["WeakSet[ProcessCopy[Any]]"] = WeakSet()
    _generation: ClassVar[str | None] = None
    _generation_known = False

    def __init__(self, load: Callable[[], T]) -> None:
        self._load = load
        self._held: tuple[str | None, float, T] | None = None
        self._reading = threading.Lock()
        self._retry_at = 0.0
        self._copies.add(self)

    def get(self) -> T:
        """Return the current value; raises what the loader raises only when nothing was ever loaded."""
        held = self._held
        if held is not None and self._is_fresh(held):
            return held[2]
        # Whoever has nothing waits for the one that reads.
        if not self._reading.acquire(blocking=held is None):
            assert held is not None  # noqa: S101
            return held[2]
        try:
            held = self._held
            return held[2] if held is not None and self._is_fresh(held) else self._reload()
        except DatabaseError:
            if held is None:
                raise
            self._retry_at = time.monotonic() + RETRY_SECONDS
            return held[2]
        finally:
            self._reading.release()

    def _is_fresh(self, held: tuple[str | None, float, T]) -> bool:
        generation, read_again_at, _ = held
        if ProcessCopy._generation_known:
            fresh = generation == ProcessCopy._generation
        else:
            fresh = time.monotonic() < read_again_at
        return fresh or time.monotonic() < self._retry_at

    def _reload(self) -> T:
        generation = ProcessCopy._generation
        value = self._load()
        self._held = (generation, time.monotonic() + jittered(COPY_SECONDS), value)
        return value

    @classmethod
    def saw_generation(cls, generation: str | None, *, known: bool = True) -> None:
        """Note the generation that Redis just told, or (`known=False`) that it told nothing."""
        cls._generation, cls._generation_known = generation, known

    @classmethod
    def look(cls) -> None:
        """Ask Redis for the generation, where no request has just done so; costs a round trip."""
        try:
            cls.saw_generation(call(lambda server: server.get(GENERATION_KEY)))  # type: ignore[arg-type]
        except CacheDown:
            cls.saw_generation(None, known=False)

    @classmethod
    def forget_all(cls) -> None:
        """Drop every copy of this process, as a new process would start."""
        cls.saw_generation(None, known=False)
        for copy in cls._copies:
            copy._held, copy._retry_at = None, 0.0


def announce_change() -> None:
    """Tell every web process, after the running transaction commits, to read its copies again.

    When Redis is away nothing is sent: the processes are then reading their copies every few seconds by themselves.
    """
    transaction.on_commit(_move_generation)


def _move_generation() -> None:
    with suppress(CacheDown):
        # Random rather than counted: a counter that Redis lost would start at numbers that processes have seen.
        call(lambda server: server.set(GENERATION_KEY, secrets.token_hex(8)))


def _forget_client(*, setting: str, **_: Any) -> None:
    if setting in {"CACHE_URL", "CACHE_TIMEOUTS"}:
        client.cache_clear()
        breaker.reset()


setting_changed.connect(_forget_client)
