"""Lua scripts over one socket a thread: as much of the Redis protocol (RESP2) as every request needs, and no more.

redis-py spends 150 µs of processor time on a call that this makes in 25; a request makes one. All other commands go
through redis-py (`core/cache.py`).
"""

import hashlib
import os
import socket
import ssl
import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

_CHUNK = 65_536


class ScriptError(Exception):
    """Redis refused the command."""


class Line:
    """One connection, opened on first use and again after a failure."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._address = ""
        self._buffer = b""

    def __del__(self) -> None:
        # Its thread has ended.
        self.close()

    def run(
        self,
        address: str,
        timeouts: tuple[float, float],
        script: str,
        keys: Sequence[str],
        arguments: Sequence[Any],
    ) -> Any:
        """Run a script in one round trip; text comes back as str, a missing value as None.

        Raises OSError (timeouts included) when the server does not answer, ScriptError when it refuses.
        """
        if self._socket and self._address != address:
            self.close()
        was_open = self._socket is not None
        try:
            return self._run(address, timeouts, script, keys, arguments)
        except (ConnectionError, EOFError):
            # The server restarted since the last request; asking twice is harmless, waiting twice would not be.
            self.close()
            if not was_open:
                raise
            return self._run(address, timeouts, script, keys, arguments)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        if self._socket:
            self._socket.close()
        self._socket, self._buffer = None, b""

    def _run(
        self, address: str, timeouts: tuple[float, float], script: str, *call: Sequence[Any]
    ) -> Any:
        if self._socket is None:
            self._open(address, timeouts)
        keys, arguments = call
        command = ("EVALSHA", _digest(script), len(keys), *keys, *arguments)
        try:
            return self._ask(command)
        except ScriptError as refusal:
            if not str(refusal).startswith("NOSCRIPT"):
                raise
            self._ask(("SCRIPT", "LOAD", script))
            return self._ask(command)

    def _open(self, address: str, timeouts: tuple[float, float]) -> None:
        place = urlsplit(address)
        connect, read = timeouts
        self._socket = socket.create_connection(
            (place.hostname or "127.0.0.1", place.port or 6379), connect
        )
        self._socket.settimeout(read)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if place.scheme == "rediss":
            context = ssl.create_default_context()
            self._socket = context.wrap_socket(self._socket, server_hostname=place.hostname)
        self._address = address
        for command in _greeting(place):
            self._ask(command)

    def _ask(self, command: Sequence[Any]) -> Any:
        assert self._socket  # noqa: S101
        self._socket.sendall(_written(list(map(str, command))))
        return self._answer()

    def _answer(self) -> Any:
        line = self._line()
        kind, rest = line[:1], line[1:]
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self._exactly(int(rest)).decode()
        if kind == b"*":
            return None if rest == b"-1" else [self._answer() for _ in range(int(rest))]
        if kind == b"+":
            return rest.decode()
        raise ScriptError(rest.decode(errors="replace"))

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\r\n")) < 0:
            self._receive()
        line, self._buffer = self._buffer[:end], self._buffer[end + 2 :]
        return line

    def _exactly(self, length: int) -> bytes:
        while len(self._buffer) < length + 2:
            self._receive()
        data, self._buffer = self._buffer[:length], self._buffer[length + 2 :]
        return data

    def _receive(self) -> None:
        assert self._socket  # noqa: S101
        chunk = self._socket.recv(_CHUNK)
        if not chunk:
            raise ConnectionResetError("Redis closed the connection")
        self._buffer += chunk


@lru_cache(64)
def _digest(script: str) -> str:
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()


def _written(words: list[str]) -> bytes:
    text = "".join([f"*{len(words)}\r\n", *[f"${len(word)}\r\n{word}\r\n" for word in words]])
    if text.isascii():
        return text.encode()
    # Lengths are bytes.
    raw = [word.encode() for word in words]
    return b"".join([b"*%d\r\n" % len(raw), *[b"$%d\r\n%b\r\n" % (len(one), one) for one in raw]])


def _greeting(place: SplitResult) -> list[tuple[str, ...]]:
    greeting: list[tuple[str, ...]] = []
    if place.password:
        credentials = (place.username, place.password) if place.username else (place.password,)
        greeting.append(("AUTH", *(unquote(part) for part in credentials)))
    number = place.path.strip("/")
    return [*greeting, ("SELECT", number)] if number not in {"", "0"} else greeting


class _Lines(threading.local):
    """A line for each thread."""

    def __init__(self) -> None:
        self.line = Line()


_lines = _Lines()


def line() -> Line:
    """Return this thread's line."""
    return _lines.line


def _leave_parents_lines() -> None:
    global _lines
    _lines = _Lines()


# Two processes must not speak on one connection; closing ours leaves the parent's open.
os.register_at_fork(after_in_child=_leave_parents_lines)
