"""What is with a service, and its answers until they are written down."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Self

from django.conf import settings

from apps.notifications.delivery import outcomes
from apps.notifications.delivery.claiming import Claim
from apps.notifications.delivery.journal import Journal
from apps.notifications.delivery.outcomes import Landed
from apps.notifications.providers import Line, wire
from apps.notifications.providers.base import PushFailure, Receipt, Unreachable

logger = logging.getLogger("push")

# Seconds to wait for what comes back before it is written down, and before looking for more to send.
_PATIENCE = 0.02
# How many may be taken for each that may be on its way, or as many as are answered in so many seconds.
_AHEAD, _SOON = 8, 0.25


class Flight:
    """What was claimed and is not written down yet. Begun and ended by one thread; the loop sends."""

    def __init__(self, provider: str, line: Line | None) -> None:
        self.aloft = 0
        self._line = line
        self._landed: SimpleQueue[Landed] = SimpleQueue()
        self._journal = Journal(provider)
        self._is_idle = True
        # What follows is the loop's.
        self._waiting: deque[Claim] = deque()
        self._out = 0
        # The loop itself would forget them.
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # After a fault of ours, what nobody has sent yet waits for its lease to end.
        wire.loop().call_soon_threadsafe(self._waiting.clear)
        self._journal.close(is_written=not self.aloft)

    def room(self) -> int:
        """Return how many more may be claimed now."""
        if self._line is None:
            return settings.PUSH_IN_FLIGHT
        # What is taken goes before all that comes later: no more of a campaign than is soon gone.
        pace = self._line.pace
        most = min(self._line.most, max(_AHEAD * pace.most, round(_SOON * pace.rate)))
        room = most - self.aloft
        # Taking a few at a time is dear; it is done where nothing comes back meanwhile.
        if room < (1 if self._is_idle else most // 2):
            return 0
        if room < 1 or self._line.breaker.wait():
            return 0
        return 1 if self._line.breaker.is_trying else room

    def send(self, claims: Sequence[Claim]) -> None:
        """Have all of these sent, or asked what became of them."""
        if claims:
            self.aloft += len(claims)
            wire.loop().call_soon_threadsafe(self._queue, claims)

    def _queue(self, claims: Sequence[Claim]) -> None:
        if self._line and not self._out:
            self._line.pace.resume()
        self._waiting.extend(claims)
        self._launch()

    def _launch(self) -> None:
        loop = asyncio.get_running_loop()
        while self._line and self._waiting and self._out < self._line.pace.most:
            self._out += 1
            exchange = self._exchange(self._waiting.popleft())
            task = asyncio.Task(exchange, loop=loop, eager_start=True)
            if not task.done():
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _exchange(self, claim: Claim) -> None:
        assert self._line  # noqa: S101 - nothing is claimed for nobody
        answer: Receipt | PushFailure = Unreachable("fault")
        began = time.monotonic()
        try:
            if claim.message:
                answer = await self._line.send(claim.message)
            else:
                answer = await self._line.ask(claim.due.provider_message_id)
        except Exception:
            # A fault of ours with one message takes no other along.
            logger.exception("push attempt failed", extra={"delivery": claim.due.id})
        finally:
            self._out -= 1
            self._journal.note(claim, answer)
            self._landed.put((claim, answer))
            if isinstance(answer, Receipt):
                # What was refused may never have left.
                self._line.pace.landed(began, is_short=bool(self._waiting))
            if self._waiting:
                asyncio.get_running_loop().call_soon(self._launch)

    def land(self) -> None:
        """Write down what has come back; wait a moment for it."""
        landed = list(self._arrivals())
        self._is_idle = not landed
        if landed and self._line:
            outcomes.record(self._line, landed)
            self.aloft -= len(landed)
            self._journal.written(landed)

    def _arrivals(self) -> Iterator[Landed]:
        """Wait for the first, and for others as long as they soon come: a few at a time are dear to write down."""
        most = self._line.most if self._line else 1
        enough = min(self.aloft, max(1, most // 2))
        until = time.monotonic() + _PATIENCE
        with suppress(Empty):
            for _ in range(enough):
                yield self._landed.get(timeout=max(0.0, until - time.monotonic()))
            while True:
                yield self._landed.get_nowait()
