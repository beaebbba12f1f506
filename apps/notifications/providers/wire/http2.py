"""HTTP/2: one connection, many streams; a new connection when the old one has said goodbye or is gone."""

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from apps.core.outgoing import NoReply, Reply
from apps.notifications.providers.wire.frames import Broken, Frames, Headers

# Of a reply, which is a word or two; a longer one would fill the connection for others.
_MOST_BYTES = 16 * 1024


class NotTaken(NoReply):
    """The service has said that it did not act upon this: it may be sent again at once."""


class Streams:
    """The connection to one origin. To be used on one event loop."""

    def __init__(self, base: str, *, connect: float, read: float, ca_file: str = "") -> None:
        parts = urlsplit(base)
        self._host, self._port = parts.hostname or "", parts.port or 443
        self._authority = parts.netloc.encode()
        self._connect, self._read = connect, read
        self._tls = ssl.create_default_context()
        if ca_file:
            self._tls.load_verify_locations(ca_file)
        self._tls.set_alpn_protocols(["h2"])
        self._connection: _Connection | None = None
        self._opening = asyncio.Lock()

    async def post(self, path: bytes, *, content: bytes, headers: Headers) -> Reply:
        """Send and read the whole reply within the sum of both timeouts; raises NoReply."""
        lines = [
            (b":method", b"POST"),
            (b":scheme", b"https"),
            (b":authority", self._authority),
            (b":path", path),
            *headers,
        ]
        try:
            async with asyncio.timeout(self._connect + self._read):
                try:
                    return await (await self._open()).exchange(lines, content)
                except NotTaken:
                    return await (await self._open()).exchange(lines, content)
        except TimeoutError as failure:
            raise NoReply("read_timeout") from failure

    async def close(self) -> None:
        if self._connection:
            self._connection.end()

    async def _open(self) -> "_Connection":
        if self._connection and not self._connection.is_over:
            return self._connection
        async with self._opening:
            if self._connection is None or self._connection.is_over:
                self._connection = await self._connected()
            return self._connection

    async def _connected(self) -> "_Connection":
        try:
            async with asyncio.timeout(self._connect):
                _, connection = await asyncio.get_running_loop().create_connection(
                    _Connection, self._host, self._port, ssl=self._tls
                )
                try:
                    await connection.ready
                except BaseException:
                    connection.end()
                    raise
        except TimeoutError as failure:
            raise NoReply("connect_timeout") from failure
        except OSError as failure:
            raise NoReply("connect_error") from failure
        return connection


@dataclass(slots=True)
class _Stream:
    answer: asyncio.Future[Reply]
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self.is_over = False
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._frames = Frames(self)
        self._streams: dict[int, _Stream] = {}
        self._waiting: list[asyncio.Future[None]] = []
        self._will_flush = False
        self._transport: Any = None

    async def exchange(self, headers: Headers, content: bytes) -> Reply:
        """Send on a stream of its own, when the service has room for one more."""
        loop = asyncio.get_running_loop()
        while not self.is_over and not self._has_room(len(content)):
            room: asyncio.Future[None] = loop.create_future()
            self._waiting.append(room)
            await room
        if self.is_over:
            raise NotTaken("remote_protocol_error")
        number = self._begun(headers, content)
        self._streams[number] = stream = _Stream(loop.create_future())
        try:
            return await stream.answer
        finally:
            if self._streams.pop(number, None):
                self._give_up(number)
            self._leave_if_last()

    def end(self, failure: NoReply | None = None) -> None:
        """Hang up; nobody who still waits gets an answer."""
        self.is_over = True
        for stream in self._streams.values():
            _fail(stream, failure or NoReply("read_error"))
        self._streams.clear()
        self.room()
        self._transport.abort()

    # --- What the transport tells us

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionResetError("gone before it began"))
        self.end()

    def data_received(self, data: bytes) -> None:
        try:
            self._frames.receive(data)
        except Broken:
            self.end(NoReply("remote_protocol_error"))
        else:
            self._flush_soon()

    # --- What the service tells us

    def headers(self, number: int, lines: list[tuple[bytes, bytes]]) -> None:
        if stream := self._streams.get(number):
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in lines}
            status = headers.pop(":status", "")
            # Those of a trailer have none.
            if status.isascii() and status.isdigit():
                stream.status, stream.headers = int(status), headers

    def data(self, number: int, content: bytes) -> None:
        if stream := self._streams.get(number):
            stream.body += content
            if len(stream.body) > _MOST_BYTES:
                _fail(stream, NoReply("reply_too_long"))

    def ended(self, number: int) -> None:
        stream = self._streams.pop(number, None)
        if stream and not stream.answer.done():
            stream.answer.set_result(Reply(stream.status, stream.headers, bytes(stream.body)))
        if self._waiting:
            self.room()

    def lost(self, number: int) -> None:
        if stream := self._streams.pop(number, None):
            _fail(stream, NoReply("remote_protocol_error"))

    def goodbye(self, last: int) -> None:
        """Take no new streams; the service answers those up to the last that it took, and did nothing about others."""
        self.is_over = True
        for number in [number for number in self._streams if number > last]:
            _fail(self._streams.pop(number), NotTaken("remote_protocol_error"))
        self.room()

    def room(self) -> None:
        if not self.ready.done() and not self.is_over:
            self.ready.set_result(None)
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if not one.done():
                one.set_result(None)

    def _has_room(self, size: int) -> bool:
        return len(self._streams) < self._frames.most_streams and self._frames.window >= size

    def _begun(self, headers: Headers, content: bytes) -> int:
        try:
            number = self._frames.request(headers, content)
        except Broken as failure:
            # Out of numbers, or a window that no message fits through: another connection may do.
            self.is_over = True
            self._leave_if_last()
            raise NotTaken("remote_protocol_error") from failure
        self._flush_soon()
        return number

    def _give_up(self, number: int) -> None:
        """Stop waiting for an answer. Perhaps nobody is there any more: those that follow take another connection."""
        self.is_over = True
        self._frames.cancel(number)
        self._flush()
        self.room()

    def _leave_if_last(self) -> None:
        if self.is_over and not self._streams:
            self._transport.close()

    def _flush_soon(self) -> None:
        """Write once for all that is sent in this turn of the loop."""
        if not self._will_flush:
            self._will_flush = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._will_flush = False
        if self._frames.out and not self._transport.is_closing():
            self._transport.write(bytes(self._frames.out))
            self._frames.out.clear()


def _fail(stream: _Stream, failure: NoReply) -> None:
    if not stream.answer.done():
        stream.answer.set_exception(failure)
