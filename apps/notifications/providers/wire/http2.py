"""HTTP/2: one connection, many streams; a new connection when the old one has said goodbye or is gone."""

import asyncio
import ssl
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from apps.core.outgoing import NoReply, Reply
from apps.notifications.providers.wire.frames import Broken, Frames, Headers

_YES = (b":status", b"200")
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
        self._ca_file = ca_file
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
        deadline = asyncio.get_running_loop().time() + self._connect + self._read
        try:
            return await self._exchange(lines, content, deadline)
        except NotTaken:
            return await self._exchange(lines, content, deadline)

    async def _exchange(self, headers: Headers, content: bytes, deadline: float) -> Reply:
        connection = self._connection
        if connection is None or not connection.has_room(len(content)):
            connection = await self._with_room(len(content), deadline)
        return await connection.begin(headers, content, deadline)

    async def _with_room(self, size: int, deadline: float) -> "_Connection":
        try:
            async with asyncio.timeout_at(deadline):
                connection = await self._open()
                while not connection.has_room(size):
                    await connection.wait_for_room()
        except TimeoutError as failure:
            raise NoReply("read_timeout") from failure
        return connection

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Whom we trust; reading that takes a while, and not every place is ever called."""
        trust = ssl.create_default_context()
        if self._ca_file:
            trust.load_verify_locations(self._ca_file)
        trust.set_alpn_protocols(["h2"])
        return trust

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
    deadline: float
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self.is_over = False
        self._loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self._frames = Frames(self)
        self._streams: dict[int, _Stream] = {}
        self._waiting: list[asyncio.Future[None]] = []
        self._will_flush = False
        self._watch: asyncio.TimerHandle | None = None
        self._transport: Any = None

    def has_room(self, size: int) -> bool:
        """Tell whether a message of so many bytes can be sent now."""
        frames = self._frames
        return (
            not self.is_over and len(self._streams) < frames.most_streams and frames.window >= size
        )

    async def wait_for_room(self) -> None:
        """Wait until there may be room; raises NotTaken when there will be none any more."""
        if not self.is_over:
            room: asyncio.Future[None] = self._loop.create_future()
            self._waiting.append(room)
            await room
        if self.is_over:
            raise NotTaken("remote_protocol_error")

    def begin(self, headers: Headers, content: bytes, deadline: float) -> asyncio.Future[Reply]:
        """Send on a stream of its own, and return where its reply will be; raises NotTaken."""
        answer: asyncio.Future[Reply] = self._loop.create_future()
        self._streams[self._begun(headers, content)] = _Stream(answer, deadline)
        if self._watch is None:
            self._watch = self._loop.call_at(deadline, self._look_for_late)
        return answer

    def end(self, failure: NoReply | None = None) -> None:
        """Hang up; nobody who still waits gets an answer."""
        self.is_over = True
        for stream in self._streams.values():
            _fail(stream, failure or NoReply("read_error"))
        self._streams.clear()
        self.room()
        if self._watch:
            self._watch.cancel()
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
        stream = self._streams.get(number)
        if stream is None:
            return
        if lines and lines[0] == _YES:
            # Nobody asks what else a yes says.
            stream.status = 200
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in lines}
        status = headers.pop(":status", "")
        # Those of a trailer have none.
        if status.isascii() and status.isdigit():
            stream.status, stream.headers = int(status), headers

    def data(self, number: int, content: bytes) -> None:
        if stream := self._streams.get(number):
            stream.body += content
            if len(stream.body) > _MOST_BYTES:
                del self._streams[number]
                self._give_up(number, stream, NoReply("reply_too_long"))

    def ended(self, number: int) -> None:
        stream = self._streams.pop(number, None)
        if stream and not stream.answer.done():
            stream.answer.set_result(Reply(stream.status, stream.headers, stream.body))
        if self._waiting:
            self.room()
        self._leave_if_last()

    def lost(self, number: int) -> None:
        if stream := self._streams.pop(number, None):
            _fail(stream, NoReply("remote_protocol_error"))
        self._leave_if_last()

    def goodbye(self, last: int) -> None:
        """Take no new streams; the service answers those up to the last that it took, and did nothing about others."""
        self.is_over = True
        for number in [number for number in self._streams if number > last]:
            _fail(self._streams.pop(number), NotTaken("remote_protocol_error"))
        self.room()
        self._leave_if_last()

    def room(self) -> None:
        if not self.ready.done() and not self.is_over:
            self.ready.set_result(None)
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if not one.done():
                one.set_result(None)

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

    def _look_for_late(self) -> None:
        """Give up what has had no reply for too long: one timer for all, for they have the same patience."""
        now, self._watch = self._loop.time(), None
        late = [number for number, stream in self._streams.items() if stream.deadline <= now]
        for number in late:
            self._give_up(number, self._streams.pop(number), NoReply("read_timeout"))
        if self._streams:
            first = min(stream.deadline for stream in self._streams.values())
            self._watch = self._loop.call_at(first, self._look_for_late)

    def _give_up(self, number: int, stream: _Stream, failure: NoReply) -> None:
        """Stop waiting for a reply. Perhaps nobody is there any more: those that follow take another connection."""
        _fail(stream, failure)
        self.is_over = True
        self._frames.cancel(number)
        self._flush()
        self.room()
        self._leave_if_last()

    def _leave_if_last(self) -> None:
        if self.is_over and not self._streams:
            self._transport.close()

    def _flush_soon(self) -> None:
        """Write once for all that is sent in this turn of the loop."""
        if not self._will_flush:
            self._will_flush = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._will_flush = False
        if self._frames.out and not self._transport.is_closing():
            self._transport.write(bytes(self._frames.out))
            self._frames.out.clear()


def _fail(stream: _Stream, failure: NoReply) -> None:
    if not stream.answer.done():
        stream.answer.set_exception(failure)
