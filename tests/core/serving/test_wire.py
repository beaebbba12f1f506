"""What is read on the short way is what gunicorn reads; what is odd is left to it."""

from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http import get_parser, wsgi
from hypothesis import given
from hypothesis import strategies as st

from apps.core.serving.wire import Bounds, Unusual, answer, read_head

BOUNDS = Bounds(line=4_094, head=32_768, body=1_000_000)
PLAIN = b"GET /api/v1/feed?limit=2 HTTP/1.1\r\nHost: api.test\r\nX-Device-Id: 1\r\n\r\n"

_config = Config()
_config.set("forwarded_allow_ips", "")


def environ_of(raw: bytes) -> dict[str, Any]:
    head = read_head(raw, {}, BOUNDS)
    assert head
    return head.environ


def by_gunicorn(raw: bytes) -> dict[str, Any]:
    request = next(get_parser(_config, iter([raw]), ("127.0.0.1", 5)))
    _, environ = wsgi.create(request, None, ("127.0.0.1", 5), ("127.0.0.1", 80), _config)
    return environ


@pytest.mark.parametrize("cut", range(len(PLAIN)))
def test_waits_for_the_rest(cut: int) -> None:
    assert read_head(PLAIN[:cut], {}, BOUNDS) is None


def test_reads_a_plain_request() -> None:
    assert environ_of(PLAIN) == {
        "REQUEST_METHOD": "GET",
        "RAW_URI": "/api/v1/feed?limit=2",
        "PATH_INFO": "/api/v1/feed",
        "QUERY_STRING": "limit=2",
        "HTTP_HOST": "api.test",
        "HTTP_X_DEVICE_ID": "1",
    }


@pytest.mark.parametrize(
    "raw",
    [
        PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0"),
        PLAIN.replace(b"GET /api", b"GET  /api"),
        PLAIN.replace(b"GET /api", b"GET http://api.test/api"),
        PLAIN.replace(b"GET", b"BREW"),
        PLAIN.replace(b"?limit=2", b"#top"),
        PLAIN.replace(b"Host: api.test\r\n", b""),
        PLAIN.replace(b"Host: api.test", b"Host: api.test\r\nHost: other.test"),
        PLAIN.replace(b"X-Device-Id: 1", b"X_Device_Id: 1"),
        PLAIN.replace(b"X-Device-Id: 1", b"X-Device-Id : 1"),
        PLAIN.replace(b"X-Device-Id: 1", b"X-Device-Id: 1\r\n folded"),
        PLAIN.replace(b"X-Device-Id: 1", b"X-Device-Id: \x00"),
        PLAIN.replace(b"X-Device-Id: 1", b"X-Device-Id: a\nX-Smuggled: b"),
        PLAIN.replace(b"X-Device-Id: 1", b"X-Device-Id: a\rb"),
        PLAIN.replace(b"X-Device-Id: 1", b"just words"),
        PLAIN.replace(b"X-Device-Id: 1", b"Connection: upgrade"),
        PLAIN.replace(b"X-Device-Id: 1", b"Upgrade: h2c"),
        PLAIN.replace(b"X-Device-Id: 1", b"Expect: 100-continue"),
        PLAIN.replace(b"X-Device-Id: 1", b"Transfer-Encoding: chunked"),
        PLAIN.replace(b"X-Device-Id: 1", b"Content-Length: 4\r\nTransfer-Encoding: chunked"),
        PLAIN.replace(b"X-Device-Id: 1", b"Content-Length: 4\r\nContent-Length: 5"),
        PLAIN.replace(b"X-Device-Id: 1", b"Content-Length: +4"),
        PLAIN.replace(b"X-Device-Id: 1", b"Content-Length: 4, 4"),
        PLAIN.replace(b"X-Device-Id: 1", "Content-Length: ٤".encode()),
        PLAIN.replace(b"X-Device-Id: 1", b"Content-Length: 1000001"),
        PLAIN.replace(b"limit=2", b"limit=2" + b"0" * 4_094),
        PLAIN.replace(b"Id: 1", b"Id: " + b"1" * 32_768),
        b"\r\n" + PLAIN,
    ],
)
def test_leaves_to_gunicorn_what_is_spelled_unusually(raw: bytes) -> None:
    with pytest.raises(Unusual):
        read_head(raw, {}, BOUNDS)


_NAMES = st.sampled_from(
    [
        "Host",
        "host",
        "Accept",
        "X-A",
        "X-B",
        "Content-Type",
        "Content-Length",
        "Cookie",
        "X_C",
        "Te",
    ]
) | st.text("abcXYZ-_ :\t\r\n\x00é", max_size=6)
_VALUES = st.sampled_from(["api.test", "5", "keep-alive", "a, b", " padded\t", "é", ""]) | st.text(
    "ab \t\r\n\x00\x7fé:", max_size=6
)


@given(
    method=st.sampled_from(["GET", "POST", "PATCH", "get", "G T"]),
    target=st.sampled_from(["/", "/a%20b?c=%20&d", "/%zz?%", "//a/../b", "*"])
    | st.text("/a%2?#\x7f é", max_size=8),
    fields=st.lists(st.tuples(_NAMES, _VALUES), max_size=4),
)
def test_reads_what_gunicorn_reads(method: str, target: str, fields: list[tuple[str, str]]) -> None:
    lines = [f"{method} {target} HTTP/1.1", "Host: api.test", *[f"{n}: {v}" for n, v in fields]]
    raw = "\r\n".join([*lines, "", ""]).encode("latin-1")
    try:
        head = read_head(raw, {}, BOUNDS)
    except Unusual:
        return
    assert head
    theirs = by_gunicorn(raw)
    assert head.environ == {name: theirs.get(name) for name in head.environ}
    assert {
        name for name in theirs if name.startswith(("HTTP_", "CONTENT_"))
    } <= head.environ.keys()


def test_writes_a_whole_answer() -> None:
    said = answer("200 OK", [("X-A", "b")], b"body", method="GET", keeps=True)

    head, _, body = said.partition(b"\r\n\r\n")
    assert body == b"body"
    first, date, *rest = head.split(b"\r\n")
    assert first == b"HTTP/1.1 200 OK"
    assert date.startswith(b"Date: ")
    assert rest == [b"Connection: keep-alive", b"X-A: b", b"Content-Length: 4"]


@pytest.mark.parametrize(("status", "method"), [("304 Not Modified", "GET"), ("200 OK", "HEAD")])
def test_sends_no_body_where_none_is_allowed(status: str, method: str) -> None:
    assert answer(status, [], b"body", method=method, keeps=True).endswith(b"\r\n\r\n")


def test_framing_is_its_own_business() -> None:
    said = answer(
        "200 OK",
        [("Connection", "close"), ("Transfer-Encoding", "chunked")],
        b"",
        method="GET",
        keeps=True,
    )

    assert said.lower().count(b"connection:") == 1
    assert b"chunked" not in said


@pytest.mark.parametrize("header", [("X-A", "b\r\nX-C: d"), ("X-A", "b\nc"), ("X\r\nA", "b")])
def test_a_header_stays_in_its_line(header: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="line break"):
        answer("200 OK", [header], b"", method="GET", keeps=True)
