"""Just enough of HTTP/2 (RFC 9113) to post small messages, free of sockets: bytes in, bytes out.

A library that is ready for everything costs more processor time than all else that a push needs. Header blocks that
leave are literals, so that there is no state to keep; those that come are read by a library, for they may be anything.
"""

import struct
from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol

from hpack import Decoder
from hpack.exceptions import HPACKError

type Headers = Iterable[tuple[bytes, bytes]]

_DATA, _HEADERS, _RESET, _SETTINGS, _PROMISE, _PING, _GOAWAY, _WINDOW, _CONTINUATION = (
    0, 1, 3, 4, 5, 6, 7, 8, 9,
)  # fmt: skip
_END_STREAM, _ACK, _END_HEADERS, _PADDED, _PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
_MOST_STREAMS, _FIRST_WINDOW, _NO_PUSH = 3, 4, b"\0\2\0\0\0\0"
_CANCEL = 8
_LARGEST = 16_384
_LARGEST_WINDOW = 2**31 - 1
_LAST_STREAM = 2**31 - 1
# Consumed bytes are given back to the service in portions.
_PORTION = 16_384


class Broken(Exception):
    """The service does not speak HTTP/2, or speaks more of it than we do."""


class Listener(Protocol):
    """Who is told what arrives."""

    def headers(self, stream: int, lines: list[tuple[bytes, bytes]]) -> None: ...
    def data(self, stream: int, content: bytes) -> None: ...
    def ended(self, stream: int) -> None: ...
    def lost(self, stream: int) -> None: ...
    def goodbye(self, last: int) -> None: ...
    def room(self) -> None:
        """There may be room for more."""


class Frames:
    """The protocol of one connection. What is to be written gathers in `out`."""

    def __init__(self, listener: Listener) -> None:
        self.out = bytearray(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        self.window = 65_535
        """Bytes that may be sent, of all streams together."""
        self.most_streams = 100
        self._listener = listener
        self._first_window = 65_535
        self._next = 1
        self._came = bytearray()
        self._decoder = Decoder()
        # The stream whose header block is not whole yet, its flags, and what there is of it.
        self._open: tuple[int, int] | None = None
        self._block = bytearray()
        self._consumed = 0
        self._frame(_SETTINGS, 0, 0, _NO_PUSH)

    def request(self, headers: Headers, content: bytes) -> int:
        """Write a whole request and return its stream; raises Broken when this connection can't carry it."""
        stream, self._next = self._next, self._next + 2
        if stream > _LAST_STREAM or len(content) > min(self._first_window, _LARGEST):
            raise Broken
        self.window -= len(content)
        self._frame(_HEADERS, _END_HEADERS, stream, encoded(headers))
        self._frame(_DATA, _END_STREAM, stream, content)
        return stream

    def cancel(self, stream: int) -> None:
        """Tell the service that nobody waits for this one."""
        self._frame(_RESET, 0, stream, _CANCEL.to_bytes(4))

    def receive(self, data: bytes) -> None:
        """Read what came; raises Broken."""
        came = self._came
        came += data
        at, size = 0, len(came)
        while size - at >= 9:
            length = int.from_bytes(came[at : at + 3])
            if length > _LARGEST:
                raise Broken
            if size - at - 9 < length:
                break
            kind, flags = came[at + 3], came[at + 4]
            stream = int.from_bytes(came[at + 5 : at + 9]) & _LAST_STREAM
            self._take(kind, flags, stream, bytes(came[at + 9 : at + 9 + length]))
            at += 9 + length
        del came[:at]

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if (self._open is not None) != (kind == _CONTINUATION):
            raise Broken
        reader = _READERS.get(kind)
        if reader:
            try:
                reader(self, flags, stream, payload)
            except (struct.error, IndexError, HPACKError) as fault:
                raise Broken from fault

    def _take_headers(self, flags: int, stream: int, payload: bytes) -> None:
        payload = _unpadded(flags, payload)
        self._block += payload[5:] if flags & _PRIORITY else payload
        self._open = stream, flags
        self._end_block(flags)

    def _continue(self, flags: int, stream: int, payload: bytes) -> None:
        self._block += payload
        if self._open is None or self._open[0] != stream or len(self._block) > 4 * _LARGEST:
            raise Broken
        self._end_block(flags)

    def _end_block(self, flags: int) -> None:
        if self._open is None or not flags & _END_HEADERS:
            return
        stream, first = self._open
        lines = self._decoder.decode(bytes(self._block), raw=True)
        self._open = None
        self._block.clear()
        self._listener.headers(stream, [(bytes(name), bytes(value)) for name, value in lines])
        if first & _END_STREAM:
            self._listener.ended(stream)

    def _take_data(self, flags: int, stream: int, payload: bytes) -> None:
        self._consumed += len(payload)
        if self._consumed >= _PORTION:
            self._frame(_WINDOW, 0, 0, self._consumed.to_bytes(4))
            self._consumed = 0
        self._listener.data(stream, _unpadded(flags, payload))
        if flags & _END_STREAM:
            self._listener.ended(stream)

    def _take_reset(self, flags: int, stream: int, payload: bytes) -> None:
        self._listener.lost(stream)

    def _take_settings(self, flags: int, stream: int, payload: bytes) -> None:
        if flags & _ACK:
            return
        for name, value in struct.iter_unpack(">HI", payload):
            if name == _MOST_STREAMS:
                self.most_streams = value
            elif name == _FIRST_WINDOW:
                self._first_window = value
        self._frame(_SETTINGS, _ACK, 0, b"")
        self._listener.room()

    def _take_promise(self, flags: int, stream: int, payload: bytes) -> None:
        # We said that we want none.
        raise Broken

    def _take_ping(self, flags: int, stream: int, payload: bytes) -> None:
        if not flags & _ACK:
            self._frame(_PING, _ACK, 0, payload)

    def _take_goaway(self, flags: int, stream: int, payload: bytes) -> None:
        (last,) = struct.unpack_from(">I", payload)
        self._listener.goodbye(last & _LAST_STREAM)

    def _take_window(self, flags: int, stream: int, payload: bytes) -> None:
        (more,) = struct.unpack(">I", payload)
        # Of one stream: its message went with the first window.
        if stream == 0:
            self.window += more & _LARGEST_WINDOW
            if self.window > _LARGEST_WINDOW:
                raise Broken
            self._listener.room()

    def _frame(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        head = struct.pack(">IBI", len(payload) << 8 | kind, flags, stream)
        self.out += head
        self.out += payload


_READERS = {
    _DATA: Frames._take_data,
    _HEADERS: Frames._take_headers,
    _RESET: Frames._take_reset,
    _SETTINGS: Frames._take_settings,
    _PROMISE: Frames._take_promise,
    _PING: Frames._take_ping,
    _GOAWAY: Frames._take_goaway,
    _WINDOW: Frames._take_window,
    _CONTINUATION: Frames._continue,
}


def _unpadded(flags: int, payload: bytes) -> bytes:
    if not flags & _PADDED:
        return payload
    end = len(payload) - payload[0]
    if end < 1:
        raise Broken
    return payload[1:end]


# Whole lines, and names, of the static table (RFC 7541, appendix A); a token is never to be kept by anybody.
_LINES = {(b":method", b"POST"): b"\x83", (b":scheme", b"https"): b"\x87"}
_NAMES = {b":authority": b"\x01", b":path": b"\x04", b"authorization": b"\x1f\x08"}


def encoded(headers: Headers) -> bytes:
    """Write a header block of literals (RFC 7541)."""
    block = bytearray()
    for line in headers:
        if whole := _LINES.get(line):
            block += whole
        else:
            name, value = line
            block += _name(name)
            block += _length(len(value))
            block += value
    return bytes(block)


@lru_cache(maxsize=256)
def _name(name: bytes) -> bytes:
    return _NAMES.get(name) or b"\0" + _length(len(name)) + name


@lru_cache(maxsize=1024)
def _length(number: int) -> bytes:
    """Write an integer with a prefix of seven bits."""
    if number < 127:
        return bytes([number])
    number -= 127
    parts = [127]
    while number >= 128:
        parts.append(number % 128 + 128)
        number //= 128
    return bytes([*parts, number])
