"""The doorbell between whoever changes an inbox and the stream servers that have its owner's app: Redis' pub/sub.

A ring carries nothing that matters and may be lost: what is true lies in Postgres, and every stream looks again by
itself (`STREAM_HEARTBEAT`). Not NOTIFY: its commits queue up behind one lock of the whole server.
"""

import asyncio
import os
import threading
import uuid
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from functools import partial

import redis.asyncio
import structlog
from django.conf import settings
from django.db import transaction
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from apps.core import cache

log = structlog.stdlib.get_logger(__name__)

_CHANNEL = "events:"
# Nobody's: keeps a subscription open while there is no stream.
_NOBODY = f"{_CHANNEL}-"
_RING = "for place = 1, #ARGV do redis.call('PUBLISH', ARGV[place], '') end"
# People per round trip, and as many as are remembered while Redis is slow.
_AT_ONCE, _MOST_WAITING = 500, 20_000
# Seconds of silence after which the connection is asked whether it lives, and those that it has to answer.
_SILENCE = 5.0
_PAUSE = 1.0


def ring_for(people: Iterable[uuid.UUID]) -> None:
    """Have the streams of these people look, after the running transaction's commit; costs the caller nothing."""
    transaction.on_commit(partial(_ringer.ask, frozenset(people)), robust=True)


class Ringer:
    """The thread that rings for everybody in its process; whoever wants a ring only leaves a note."""

    def __init__(self) -> None:
        self._waiting: set[uuid.UUID] = set()
        self._noted = threading.Condition()
        self._thread: threading.Thread | None = None

    def ask(self, people: Collection[uuid.UUID]) -> None:
        with self._noted:
            if people and len(self._waiting) < _MOST_WAITING:
                self._waiting.update(people)
                self._noted.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="events", daemon=True)
                self._thread.start()

    def _serve(self) -> None:
        while True:
            with self._noted:
                self._noted.wait_for(lambda: self._waiting)
                people, self._waiting = list(self._waiting), set()
            for first in range(0, len(people), _AT_ONCE):
                channels = [channel_of(person) for person in people[first : first + _AT_ONCE]]
                with suppress(cache.CacheDown):
                    cache.run(_RING, [], channels)


_ringer = Ringer()


def _dismiss_parents_ringer() -> None:
    global _ringer
    _ringer = Ringer()


# Threads do not survive a fork.
os.register_at_fork(after_in_child=_dismiss_parents_ringer)


def channel_of(person: uuid.UUID) -> str:
    return f"{_CHANNEL}{person}"


class Listener:
    """One subscription of this process, for the people whose streams it has.

    `heard` is told whose bell rang, or may have rung unheard: whenever listening for somebody begins; and, where the
    ring names one, which of their streams has to end.
    """

    def __init__(self, heard: Callable[[uuid.UUID, str], None]) -> None:
        self._heard = heard
        self._people: set[uuid.UUID] = set()
        self._line: PubSub | None = None
        self._changed: set[uuid.UUID] = set()
        self._has_changed = asyncio.Event()

    @property
    def is_connected(self) -> bool:
        return self._line is not None

    def add(self, person: uuid.UUID) -> None:
        self._people.add(person)
        self._note(person)

    def remove(self, person: uuid.UUID) -> None:
        self._people.discard(person)
        self._note(person)

    def _note(self, person: uuid.UUID) -> None:
        self._changed.add(person)
        self._has_changed.set()

    async def serve(self) -> None:
        """Listen for ever, on a new connection after each failure."""
        is_known = False
        while True:
            try:
                await self._listen()
            # Whatever is wrong with Redis or on the way to it, streams go on without.
            except Exception as failure:
                # Said once per outage.
                if self.is_connected or not is_known:
                    reason = type(failure).__name__
                    log.warning("nobody rings, streams look by themselves", failure=reason)
                is_known, self._line = True, None
            await asyncio.sleep(_PAUSE)

    async def _listen(self) -> None:
        connect, _ = settings.CACHE_TIMEOUTS
        client = redis.asyncio.Redis.from_url(
            settings.CACHE_URL,
            socket_connect_timeout=connect,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )
        async with client, client.pubsub() as line:
            await line.subscribe(_NOBODY)
            self._line, self._changed = line, set(self._people)
            self._has_changed.set()
            async with asyncio.TaskGroup() as both:
                both.create_task(self._keep_up(line))
                both.create_task(self._hear(line))

    async def _keep_up(self, line: PubSub) -> None:
        """Subscribe for who has come and unsubscribe for who has gone."""
        while True:
            await self._has_changed.wait()
            self._has_changed.clear()
            changed, self._changed = self._changed, set()
            if come := [channel_of(person) for person in changed & self._people]:
                await line.subscribe(*come)
            if gone := [channel_of(person) for person in changed - self._people]:
                await line.unsubscribe(*gone)

    async def _hear(self, line: PubSub) -> None:
        is_asked = False
        while True:
            message = await line.get_message(timeout=_SILENCE)
            if message is None:
                if is_asked:
                    raise TimeoutError
                await line.ping()
                is_asked = True
                continue
            is_asked = False
            # A ring, or that from now on one will be heard.
            if message["type"] in {"message", "subscribe"} and message["channel"] != _NOBODY:
                named = message["data"] if message["type"] == "message" else ""
                self._heard(uuid.UUID(message["channel"].removeprefix(_CHANNEL)), named)
