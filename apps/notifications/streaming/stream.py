"""One open answer: it waits until there is something to write, and never holds more than one writing."""

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings

from apps.notifications.streaming.follower import Follower
from apps.notifications.streaming.wire import HEARTBEAT, Opening, Subscription, told

type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]

# Why a stream ends, as its app is told: it comes back after `token_expired`, with a fresh one, and after `restart`.
TOKEN_EXPIRED, RESTART = "token_expired", "restart"
SESSION_OVER, REPLACED = "session_over", "replaced"
# What nobody is left to be told, or what there are no words for.
GONE, SLOW, FAILED = "gone", "slow", "failed"
_UNTOLD = {GONE, FAILED}


class Stream:
    """What goes on after an admitted answer's first bytes. Owned by the hub's event loop."""

    __slots__ = (
        "_bell",
        "_outgoing",
        "beat_at",
        "follower",
        "is_looking",
        "is_rung",
        "leased_at",
        "reason",
        "subscription",
    )

    def __init__(self, opening: Opening, now: float) -> None:
        self.subscription: Subscription = opening.subscription
        self.follower: Follower = opening.follower
        self.reason = ""
        # Looked at, or written to: a ring meanwhile is remembered.
        self.is_looking = self.is_rung = False
        self.leased_at = time.monotonic()
        self._bell, self._outgoing = asyncio.Event(), b""
        self.beat_at = now + random.uniform(0.5, 1) * settings.STREAM_HEARTBEAT  # noqa: S311

    @property
    def person(self) -> uuid.UUID:
        return self.subscription.person

    @property
    def has_expired(self) -> bool:
        return time.time() >= self.subscription.expires_at

    @property
    def needs_lease(self) -> bool:
        return time.monotonic() >= self.leased_at + settings.STREAM_HEARTBEAT / 2

    def end(self, reason: str) -> None:
        """Have the stream close; the first reason counts."""
        self.reason = self.reason or reason
        self._bell.set()

    def write(self, data: bytes) -> None:
        self._outgoing = data
        self._bell.set()

    def beat(self) -> None:
        """Say that there is nothing to say: proxies and phones take a silent connection for dead."""
        self.write(HEARTBEAT)

    def needs_beat(self, now: float) -> bool:
        return now >= self.beat_at

    async def run(
        self, first: bytes, receive: Receive, send: Send, written: Callable[["Stream"], None]
    ) -> None:
        """Write what comes until the stream ends; `written` is told that there is room for more."""
        hearing = asyncio.ensure_future(self._until_gone(receive))
        try:
            await self._send(send, first)
            while not self.reason:
                await self._bell.wait()
                self._bell.clear()
                data, self._outgoing = self._outgoing, b""
                if data and not self.reason:
                    await self._send(send, data)
                    written(self)
            await self._close(send)
        except TimeoutError:
            self.reason = SLOW
        finally:
            self.reason = self.reason or GONE
            hearing.cancel()

    async def _close(self, send: Send) -> None:
        last = b"" if self.reason in _UNTOLD else told([("close", {"reason": self.reason})])
        await self._send(send, last, more=False)

    async def _send(self, send: Send, data: bytes, *, more: bool = True) -> None:
        now = asyncio.get_running_loop().time()
        async with asyncio.timeout(settings.STREAM_SEND):
            await send({"type": "http.response.body", "body": data, "more_body": more})
        self.beat_at = now + settings.STREAM_HEARTBEAT

    async def _until_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.end(GONE)
