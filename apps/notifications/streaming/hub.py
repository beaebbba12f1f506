"""All streams of a stream server's process: who is let in, whose news are looked for, when.

One event loop and a few threads. A stream holds no thread, no connection to Postgres and no queue: it is looked at when
its bell rings, many in one query, and not while it writes.
"""

import asyncio
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.db import DatabaseError
from psycopg_pool import PoolTimeout

from apps.core.observability import metrics
from apps.notifications.errors import StreamsFull, TooManyStreams
from apps.notifications.streaming import leases, looking, stream
from apps.notifications.streaming.bell import Listener
from apps.notifications.streaming.stream import Receive, Send, Stream
from apps.notifications.streaming.wire import Opening, Subscription

log = structlog.stdlib.get_logger(__name__)

# Streams that one query looks after.
_AT_ONCE = 100
_TICK = 1.0
# Seconds of rest after Postgres did not answer.
_REST = 1.0


class Hub:
    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._open: dict[uuid.UUID, list[Stream]] = {}
        self._coming: Counter[uuid.UUID] = Counter()
        self._count = 0
        self._lock = threading.Lock()
        self._due: dict[Stream, None] = {}
        self._is_due = asyncio.Event()
        self._listener = Listener(self._heard)
        self._unrung_at = 0.0
        # Of its own, so that many who come at once do not keep news from those who are there.
        self._eye = ThreadPoolExecutor(1, "looking")
        self._broom = ThreadPoolExecutor(1, "tidying")
        self._ended: list[Subscription] = []
        self._has_ended = asyncio.Event()
        self.is_stopping = False

    async def serve(self) -> None:
        """Keep everything going; until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listener.serve())
            tasks.create_task(self._look())
            tasks.create_task(self._tick())
            tasks.create_task(self._tidy())

    # Coming and going

    def reserve(self, who: Subscription) -> None:
        """Make room for one more stream; from any thread. Raises StreamsFull, TooManyStreams."""
        with self._lock:
            if self.is_stopping or self._count >= settings.STREAMS_MOST:
                raise StreamsFull
            self._coming[who.person] += 1
            self._count += 1
        try:
            if not leases.begin(who):
                self._judge_alone(who)
        except BaseException:
            self.release(who)
            raise

    def _judge_alone(self, who: Subscription) -> None:
        """Hold somebody to their bounds by what is open here. Raises TooManyStreams."""
        with self._lock:
            theirs = [one for one in self._open.get(who.person, ()) if not one.reason]
            own = [one for one in theirs if one.subscription.session == who.session]
            is_full = len(theirs) + self._coming[who.person] > settings.STREAMS_PER_PERSON
        if is_full and not own:
            raise TooManyStreams
        if is_full or len(own) >= settings.STREAMS_PER_SESSION:
            self._loop.call_soon_threadsafe(own[0].end, stream.REPLACED)

    def release(self, who: Subscription) -> None:
        """Give back the room of a stream that did not come about; from any thread."""
        with self._lock:
            self._coming -= Counter([who.person])
            self._count -= 1
        self._loop.call_soon_threadsafe(self._gone, who)

    async def follow(self, opening: Opening, receive: Receive, send: Send) -> str:
        """Write an admitted answer and all that comes after it; return why it ended."""
        one = Stream(opening, self._loop.time())
        with self._lock:
            self._coming -= Counter([one.person])
            is_first = one.person not in self._open
            self._open.setdefault(one.person, []).append(one)
        metrics.STREAMS.inc()
        if is_first:
            # Looked at as soon as rings for it are heard.
            self._listener.add(one.person)
        else:
            self._ring(one)
        if self.is_stopping:
            one.end(stream.RESTART)
        try:
            await one.run(opening.first, receive, send, self._written)
        finally:
            self._leave(one)
        return one.reason

    def _leave(self, one: Stream) -> None:
        self._due.pop(one, None)
        with self._lock:
            self._count -= 1
            theirs = self._open[one.person]
            theirs.remove(one)
            if not theirs:
                del self._open[one.person]
        if not theirs:
            self._listener.remove(one.person)
        self._gone(one.subscription)
        metrics.STREAMS.dec()
        metrics.count_stream_end(one.reason)

    def stop(self) -> None:
        """Have every app come back to somebody else."""
        self.is_stopping = True
        for one in self._all():
            one.end(stream.RESTART)

    def _gone(self, who: Subscription) -> None:
        self._ended.append(who)
        self._has_ended.set()

    async def _tidy(self) -> None:
        """Give back the leases of streams that have ended."""
        while True:
            await self._has_ended.wait()
            self._has_ended.clear()
            ended, self._ended = self._ended, []
            await self._loop.run_in_executor(self._broom, leases.end, ended)

    def give_back(self) -> None:
        """Give back what is left when nobody tidies up any more."""
        leases.end(self._ended)

    # Looking

    def _heard(self, person: uuid.UUID, named: str) -> None:
        for one in self._open.get(person, ()):
            if not named:
                self._ring(one)
            elif one.subscription.name == named:
                one.end(stream.REPLACED)

    def _ring(self, one: Stream) -> None:
        if one.is_looking:
            one.is_rung = True
        elif not one.reason:
            self._due[one] = None
            self._is_due.set()

    def _written(self, one: Stream) -> None:
        one.is_looking = False
        if one.is_rung:
            one.is_rung = False
            self._ring(one)

    async def _look(self) -> None:
        while True:
            await self._is_due.wait()
            self._is_due.clear()
            while batch := [one for one, _ in zip(self._due, range(_AT_ONCE), strict=False)]:
                for one in batch:
                    del self._due[one]
                    one.is_looking = True
                try:
                    found = await self._loop.run_in_executor(self._eye, looking.look, batch)
                except (DatabaseError, PoolTimeout) as failure:
                    log.warning("events not looked for", failure=type(failure).__name__)
                    await asyncio.sleep(_REST)
                    self._tell_later(batch)
                else:
                    self._tell(batch, found)

    def _tell(self, batch: list[Stream], found: list[bytes | str]) -> None:
        now = self._loop.time()
        for one, said in zip(batch, found, strict=True):
            if isinstance(said, str):
                one.end(said)
            elif said:
                one.write(said)
            elif one.needs_beat(now):
                one.beat()
            else:
                self._written(one)

    def _tell_later(self, batch: list[Stream]) -> None:
        """Keep up streams that could not be looked at, and look again."""
        now = self._loop.time()
        for one in batch:
            one.is_rung = True
            if one.needs_beat(now):
                one.beat()
            else:
                self._written(one)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            now = self._loop.time()
            is_unrung = not self._listener.is_connected and now >= self._unrung_at
            if is_unrung:
                self._unrung_at = now + settings.STREAM_UNRUNG
            for one in self._all():
                if one.has_expired:
                    one.end(stream.TOKEN_EXPIRED)
                elif is_unrung or one.needs_beat(now):
                    self._ring(one)

    def _all(self) -> Iterator[Stream]:
        return (one for theirs in list(self._open.values()) for one in list(theirs))


@dataclass
class _Here:
    """The hub of this process, where it is a stream server."""

    hub: Hub | None = None


here = _Here()
