"""The stream server's application: admits a request as every other is, in a thread, and lets what streams go on.

It serves events and probes; whatever else comes here was misdirected.
"""

import asyncio
import io
import os
import re
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.base import BaseHandler
from django.db import connection
from django.http import HttpResponse

from apps.core.http.errors import PROBES, problem
from apps.notifications.streaming.hub import Hub, here
from apps.notifications.streaming.stream import SLOW, Message, Receive, Send
from apps.notifications.streaming.wire import EventStream

log = structlog.stdlib.get_logger("events")

_EVENTS = re.compile(r"/api/v\d+/events")
_ADMITTING = 4
# Beyond these, whoever waits to be admitted would have given up by the time.
_MOST_WAITING = 500

type Scope = dict[str, Any]


class Application:
    """An ASGI application (lifespan and http); its hub is there from startup on."""

    def __init__(self) -> None:
        self._django = BaseHandler()
        self._django.load_middleware()
        self._doors = ThreadPoolExecutor(_ADMITTING, "admitting")
        self._probes = ThreadPoolExecutor(1, "probing")
        self._waiting = 0
        self.cut: Callable[[Any], None] = lambda client: None
        """Drops the connection of a client that takes nothing any more; given by the server."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        here.hub = Hub()
        serving = asyncio.ensure_future(here.hub.serve())
        serving.add_done_callback(_give_up)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        serving.cancel()
        here.hub.give_back()
        here.hub = None
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(scope)
        hub = here.hub
        if not isinstance(response, EventStream) or hub is None:
            await _send_whole(response, scope, send)
            return
        # Nobody knows how long it will be.
        del response["Content-Length"]
        opening, request_id = response.opening, response["X-Request-Id"]
        who = opening.subscription
        if scope["method"] == "HEAD":
            hub.release(who)
            await _send_whole(response, scope, send)
            return
        await send(_start(response))
        # It holds the whole request, which would otherwise stay for hours.
        del response
        reason = await hub.follow(opening, receive, send)
        log.info("stream ended", request_id=request_id, actor=str(who.person), reason=reason)
        if reason == SLOW:
            self.cut(scope["client"])
            # Until the server has noticed.
            await receive()

    async def _answer(self, scope: Scope) -> HttpResponse:
        path = scope["path"]
        loop = asyncio.get_running_loop()
        if path in PROBES:
            return await loop.run_in_executor(self._probes, self._asked, scope)
        if not _EVENTS.fullmatch(path):
            return problem(421, detail="Events are served here, and nothing else.")
        if self._waiting >= _MOST_WAITING:
            return problem(503)
        self._waiting += 1
        try:
            return await loop.run_in_executor(self._doors, self._asked, scope)
        finally:
            self._waiting -= 1

    def _asked(self, scope: Scope) -> HttpResponse:
        try:
            return self._django.get_response(ASGIRequest(scope, io.BytesIO()))  # type: ignore[return-value]
        finally:
            connection.close()


async def _send_whole(response: HttpResponse, scope: Scope, send: Send) -> None:
    await send(_start(response))
    body = b"" if scope["method"] == "HEAD" else response.content
    await send({"type": "http.response.body", "body": body})


def _give_up(serving: asyncio.Future[None]) -> None:
    """Stop when the hub did: streams that nobody looks after would only seem to be alive."""
    if not serving.cancelled() and (failure := serving.exception()):
        log.critical("stream server gives up", exc_info=failure)
        os.kill(os.getpid(), signal.SIGTERM)


def _start(response: HttpResponse) -> Message:
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in response.items()
    ]
    return {"type": "http.response.start", "status": response.status_code, "headers": headers}
