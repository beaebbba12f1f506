"""The pump: it keeps as many messages with a service as the service may hold, and writes down what comes back."""

import asyncio
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue

from django.conf import settings

from apps.notifications.delivery import claiming, outcomes
from apps.notifications.delivery.claiming import Claim
from apps.notifications.delivery.outcomes import Landed
from apps.notifications.providers import Line, line_to, wire
from apps.notifications.providers.base import PushFailure, Receipt, Unreachable

logger = logging.getLogger("push")

# Seconds to wait for what comes back before it is written down, and before looking for more to send.
_PATIENCE = 0.02

_lock = threading.Lock()
# The services that a thread of this process works for, and whether somebody has rung since it began.
_rung: dict[str, bool] = {}


def send_due(*, queue: str, ends: float) -> bool:
    """Send what is due at the service that a queue is named for, until nothing is or `ends` has come.

    Returns whether more may be due. One thread in a process at a time: whoever comes second only has the first look
    once more.
    """
    with _lock:
        if queue in _rung:
            _rung[queue] = True
            return False
        _rung[queue] = False
    while True:
        more = True
        try:
            more = _pump(queue, ends)
        finally:
            with _lock:
                leaves = more or not _rung[queue]
                _rung[queue] = False
                if leaves:
                    del _rung[queue]
        if leaves:
            return more


def _pump(provider: str, ends: float) -> bool:
    line = line_to(provider)
    flight = _Flight(line)
    while True:
        looked_at = 0
        if time.monotonic() < ends and (room := flight.room()):
            batch = claiming.claim(provider, room)
            looked_at = batch.looked_at
            flight.send(batch.claims)
        if flight.aloft:
            flight.land()
        elif not looked_at:
            return time.monotonic() >= ends


class _Flight:
    """What is with a service and has not come back."""

    def __init__(self, line: Line | None) -> None:
        self.aloft = 0
        self._line = line
        self._landed: SimpleQueue[Landed] = SimpleQueue()
        self._is_idle = True
        # The loop itself would forget them.
        self._tasks: set[asyncio.Task[None]] = set()

    def room(self) -> int:
        """Return how many more may be sent now."""
        if self._line is None:
            return settings.PUSH_IN_FLIGHT
        room = self._line.most - self.aloft
        # Taking a few at a time is dear; it is done where nothing comes back meanwhile.
        if room < (1 if self._is_idle else self._line.most // 4):
            return 0
        if room < 1 or self._line.breaker.wait():
            return 0
        return 1 if self._line.breaker.is_trying else room

    def send(self, claims: Sequence[Claim]) -> None:
        """Begin to send all of these, or to ask what became of them."""
        self.aloft += len(claims)
        wire.loop().call_soon_threadsafe(self._launch, claims)

    def _launch(self, claims: Sequence[Claim]) -> None:
        for claim in claims:
            self._tasks.add(task := asyncio.create_task(self._exchange(claim)))
            task.add_done_callback(self._tasks.discard)

    async def _exchange(self, claim: Claim) -> None:
        assert self._line  # noqa: S101 - nothing is claimed for nobody
        answer: Receipt | PushFailure = Unreachable("fault")
        try:
            if claim.message:
                answer = await self._line.send(claim.message)
            else:
                answer = await self._line.ask(claim.due.provider_message_id)
        except Exception:
            # A fault of ours with one message takes no other along.
            logger.exception("push attempt failed", extra={"delivery": claim.due.id})
        finally:
            self._landed.put((claim, answer))

    def land(self) -> None:
        """Record what has come back; wait a moment for it."""
        landed = list(self._arrivals())
        self._is_idle = not landed
        if landed and self._line:
            self.aloft -= len(landed)
            outcomes.record(self._line, landed)

    def _arrivals(self) -> Iterator[Landed]:
        """Wait for the first, and for others as long as they soon come: a few at a time are dear to write down."""
        most = self._line.most if self._line else 1
        enough = min(self.aloft, max(1, most // 4))
        until = time.monotonic() + _PATIENCE
        with suppress(Empty):
            for _ in range(enough):
                yield self._landed.get(timeout=max(0.0, until - time.monotonic()))
            while True:
                yield self._landed.get_nowait()
