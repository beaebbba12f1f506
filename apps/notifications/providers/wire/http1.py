"""HTTP/1.1 over connections that are kept: as many as exchanges go on at once, each used again for the next."""

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Mapping
from urllib.parse import urlsplit

from apps.core.outgoing import NoReply, Reply

_MOST_BYTES = 64 * 1024

type _Origin = tuple[str, str, int]
type _Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class KeptConnections:
    """Connections to the services of one provider. To be used on one event loop."""

    def __init__(self, *, connect: float, read: float) -> None:
        self._connect, self._read = connect, read
        self._idle: defaultdict[_Origin, list[_Connection]] = defaultdict(list)
        self._tls = ssl.create_default_context()

    async def post(self, url: str, *, content: bytes, headers: Mapping[str, str]) -> Reply:
        """Send and read the whole reply within the sum of both timeouts.

        Raises NoReply when there is none, when it is cut short, too slow, no HTTP or longer than 64 KiB.
        """
        parts = urlsplit(url)
        origin = (parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme])
        head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{_lines(headers)}"
        request = f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content
        try:
            async with asyncio.timeout(self._connect + self._read):
                connection = await self._connection(origin)
                return await self._exchange(origin, connection, request)
        except TimeoutError as failure:
            raise NoReply("read_timeout") from failure

    async def _connection(self, origin: _Origin) -> _Connection:
        kept = self._idle[origin]
        while kept:
            reader, writer = kept.pop()
            if not (reader.at_eof() or writer.is_closing()):
                return reader, writer
            writer.transport.abort()
        scheme, host, port = origin
        try:
            async with asyncio.timeout(self._connect):
                return await asyncio.open_connection(
                    host, port, ssl=self._tls if scheme == "https" else None, limit=_MOST_BYTES
                )
        except TimeoutError as failure:
            raise NoReply("connect_timeout") from failure
        except OSError as failure:
            raise NoReply("connect_error") from failure

    async def _exchange(self, origin: _Origin, connection: _Connection, request: bytes) -> Reply:
        reader, writer = connection
        is_whole = False
        try:
            writer.write(request)
            reply = await _reply(reader)
            is_whole = True
        except (OSError, asyncio.IncompleteReadError) as failure:
            raise NoReply("read_error") from failure
        except asyncio.LimitOverrunError as failure:
            raise NoReply("reply_too_long") from failure
        except (ValueError, IndexError) as failure:
            raise NoReply("remote_protocol_error") from failure
        finally:
            if not is_whole or reply.headers.get("connection", "").lower() == "close":
                writer.transport.abort()
            else:
                self._idle[origin].append(connection)
        return reply

    async def close(self) -> None:
        for kept in self._idle.values():
            for _, writer in kept:
                writer.transport.abort()
        self._idle.clear()


_PORTS = {"http": 80, "https": 443}


def _lines(headers: Mapping[str, str]) -> str:
    # A compressed reply could be small on the wire and enormous in memory.
    lines = [*headers.items(), ("Accept-Encoding", "identity")]
    return "".join(f"{name}: {value}\r\n" for name, value in lines)


async def _reply(reader: asyncio.StreamReader) -> Reply:
    status = 100
    while 100 <= status < 200:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head[:-4].split("\r\n")
        version, code, *_ = first.split(" ", 2)
        if version not in {"HTTP/1.1", "HTTP/1.0"}:
            raise ValueError(version)
        status = int(code)
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    if version == "HTTP/1.0":
        headers.setdefault("connection", "close")
    return Reply(status, headers, await _body(reader, status, headers))


async def _body(reader: asyncio.StreamReader, status: int, headers: dict[str, str]) -> bytes:
    if status in {204, 304}:
        return b""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _chunks(reader)
    if "content-length" in headers:
        return await _exactly(reader, int(headers["content-length"]))
    headers["connection"] = "close"
    return await _exactly(reader, -1)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        body += (await _exactly(reader, size + 2, len(body)))[:-2]
    while await reader.readuntil(b"\r\n") != b"\r\n":
        # Trailers say nothing to us.
        pass
    return bytes(body)


async def _exactly(reader: asyncio.StreamReader, size: int, before: int = 0) -> bytes:
    """Read so many bytes, or with -1 all there are."""
    if size + before > _MOST_BYTES:
        raise NoReply("reply_too_long")
    if size >= 0:
        return await reader.readexactly(size)
    body = bytearray()
    while part := await reader.read(_MOST_BYTES):
        body += part
        if len(body) > _MOST_BYTES:
            raise NoReply("reply_too_long")
    return bytes(body)
