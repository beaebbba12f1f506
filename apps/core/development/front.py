"""One port for two servers, as the proxy is in production: each request goes where its path belongs.

Only in development, so it knows no more of HTTP than a request's head: a connection carries one request, and from then
on bytes. It lives in the supervisor and stays while the servers behind it restart: who asks meanwhile waits.
"""

import asyncio
import re
import threading
from contextlib import suppress

from apps.core.development import ports

_PATH = re.compile(rb"[A-Z]+ ([^ ?]+)")
_LONGEST_HEAD = 64 * 1024
_CHUNK = 64 * 1024
# Seconds for a server to come up again.
PATIENCE = 30.0
_PAUSE = 0.05


class Front:
    """`routes` are (pattern of paths, port), the first that fits wins; served in a thread until `close`."""

    def __init__(self, port: int, routes: list[tuple[str, int]]) -> None:
        self._routes = [(re.compile(pattern.encode()), target) for pattern, target in routes]
        self._loop = asyncio.new_event_loop()
        # Opened here, so that a port that is taken is noticed by whoever starts us.
        opening = asyncio.start_server(self._serve, ports.LOOPBACK, port, limit=_LONGEST_HEAD)
        self._server = self._loop.run_until_complete(opening)
        self._thread = threading.Thread(target=self._loop.run_forever, name="front", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = await client.readuntil(b"\r\n\r\n")
            server, request = await self._reach(self._target(head))
            request.write(_for_one_request(head))
            asking = asyncio.ensure_future(_pour(client, request))
            try:
                await _pour(server, answer)
            finally:
                # An answer that has ended is the end, whatever the client would still send.
                asking.cancel()
                request.close()
        answer.close()

    def _target(self, head: bytes) -> int:
        path = _PATH.match(head)
        return next(
            port for pattern, port in self._routes if pattern.fullmatch(path[1] if path else b"")
        )

    async def _reach(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        deadline = self._loop.time() + PATIENCE
        while True:
            try:
                return await asyncio.open_connection(ports.LOOPBACK, port)
            except ConnectionRefusedError:
                if self._loop.time() >= deadline:
                    raise
                await asyncio.sleep(_PAUSE)


def _for_one_request(head: bytes) -> bytes:
    """Ask the server to close when it has answered: the next request may belong elsewhere."""
    kept = [
        line for line in head[:-4].split(b"\r\n") if not line.lower().startswith(b"connection:")
    ]
    return b"\r\n".join([*kept, b"Connection: close", b"", b""])


async def _pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Pass on bytes to the end; a break on one side is one on the other."""
    try:
        while data := await source.read(_CHUNK):
            target.write(data)
            await target.drain()
        target.write_eof()
    except OSError:
        target.transport.abort()
