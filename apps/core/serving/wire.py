"""HTTP/1.1 on the short way (RFC 9112): whole, plain requests in, whole answers out.

Reading is strict where RFC 9112 leaves a choice: whatever is spelled unusually is not judged here but left, byte for
byte, to gunicorn's parser.
"""

import re
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote_to_bytes

type Environ = dict[str, Any]
type Headers = list[tuple[str, str]]

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_TARGET = re.compile(r"/[!\"$-~]*")
# Tokens but for the underscore, which the environ could not tell from a hyphen.
_NAME = re.compile(r"[!#$%&'*+.^`|~0-9A-Za-z-]{1,64}")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# Framing and upgrades other than the plain ones.
_UNUSUAL: Final = frozenset(
    {"HTTP_TRANSFER_ENCODING", "HTTP_EXPECT", "HTTP_UPGRADE", "HTTP_TRAILER"}
)
_BODILESS: Final = ("204", "304")
_HOP_BY_HOP: Final = frozenset(
    {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)


class Unusual(Exception):
    """A request that must be read with more care than here."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is read here, in bytes."""

    line: int
    head: int
    body: int


@dataclass(slots=True)
class Head:
    """What precedes a body of `length` bytes, which starts at `end` of what was received.

    `keeps` says whether the client wants the connection to stay.
    """

    environ: Environ
    end: int
    length: int
    keeps: bool


def read_head(received: bytes, base: Environ, bounds: Bounds) -> Head | None:
    """Read a request's head into an environ (PEP 3333) that starts from `base`; None while it is not whole.

    Raises Unusual.
    """
    end = received.find(b"\r\n\r\n", 0, bounds.head)
    if end < 0:
        if len(received) >= bounds.head or b"\n\n" in received:
            raise Unusual
        return None
    raw = received[:end]
    first, *lines = raw.decode("latin-1").split("\r\n")
    if raw.count(b"\n") != len(lines) or raw.count(b"\r") != len(lines) or _CONTROL.search(raw):
        raise Unusual
    environ = base.copy()
    _read_line(first, environ, bounds.line)
    for line in lines:
        name, colon, value = line.partition(":")
        key = _key(name)
        if not colon or key in environ:
            raise Unusual
        environ[key] = value.strip(" \t")
    return Head(environ, end + 4, _body_length(environ, bounds.body), _keeps(environ))


def _read_line(line: str, environ: Environ, most: int) -> None:
    parts = line.split(" ")
    if len(parts) != 3 or len(line) > most:
        raise Unusual
    method, target, version = parts
    if version != "HTTP/1.1" or method not in _METHODS or not _TARGET.fullmatch(target):
        raise Unusual
    path, _, query = target.partition("?")
    if "%" in path:
        path = unquote_to_bytes(path).decode("latin-1")
    environ["REQUEST_METHOD"], environ["RAW_URI"] = method, target
    environ["PATH_INFO"], environ["QUERY_STRING"] = path, query


@lru_cache(1_024)
def _key(name: str) -> str:
    """Return what the environ calls a header; raises Unusual for one that decides about framing."""
    key = "HTTP_" + name.upper().replace("-", "_")
    if not _NAME.fullmatch(name) or key in _UNUSUAL:
        raise Unusual
    return key.removeprefix("HTTP_") if key in {"HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"} else key


def _body_length(environ: Environ, most: int) -> int:
    length = environ.get("CONTENT_LENGTH")
    if length is None:
        return 0
    if not (length.isascii() and length.isdigit()) or len(length) > 9 or int(length) > most:
        raise Unusual
    return int(length)


def _keeps(environ: Environ) -> bool:
    """Tell whether the connection stays; a request needs a Host (RFC 9112, 3.2)."""
    connection = environ.get("HTTP_CONNECTION", "keep-alive").lower()
    if connection not in {"keep-alive", "close"} or "HTTP_HOST" not in environ:
        raise Unusual
    return connection == "keep-alive"


def answer(status: str, headers: Headers, body: bytes, *, method: str, keeps: bool) -> bytes:
    """Write a whole answer; raises ValueError for a header that would break out of its line."""
    lines = [f"HTTP/1.1 {status}\r\nDate: {_date(int(time.time()))}\r\n"]
    lines.append("Connection: keep-alive\r\n" if keeps else "Connection: close\r\n")
    is_bodiless = status[:3] in _BODILESS
    has_length = is_bodiless
    for name, value in headers:
        lowered = name.lower()
        if lowered in _HOP_BY_HOP:
            continue
        has_length = has_length or lowered == "content-length"
        lines.append(f"{name}: {value}\r\n")
    text = "".join(lines)
    if text.count("\n") != len(lines) + 1 or text.count("\r") != len(lines) + 1:
        raise ValueError("A header holds a line break.")
    if not has_length:
        text += f"Content-Length: {len(body)}\r\n"
    head = f"{text}\r\n".encode("latin-1")
    return head if is_bodiless or method == "HEAD" else head + body


@lru_cache(4)
def _date(second: int) -> str:
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(second))
