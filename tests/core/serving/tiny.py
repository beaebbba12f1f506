"""A WSGI application that tells what it was asked, and misbehaves on demand; served by `test_worker.py`."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_SIZE = 3_000_000
_held, _begun = threading.Event(), threading.Event()


def _hold() -> None:
    _begun.set()
    assert _held.wait(20)


def _let_go() -> None:
    assert _begun.wait(20)
    _held.set()


def _wait_for(file: Path) -> None:
    """Say that this is waiting, and wait until there is such a file."""
    file.with_suffix(".waiting").touch()
    deadline = time.monotonic() + 20
    while not file.exists():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


_BEFORE: dict[str, Callable[[], Any]] = {
    "/holds": _hold,
    "/lets-go": _let_go,
    "/takes-a-while": lambda: threading.Event().wait(0.002),
}


class Whole(tuple[bytes]):
    streaming = False


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    path = environ["PATH_INFO"]
    body = environ["wsgi.input"].read()
    if path == "/fails":
        raise RuntimeError("on demand")
    if path in _BEFORE:
        _BEFORE[path]()
    if path == "/waits":
        _wait_for(Path(environ["QUERY_STRING"]))
    if path == "/injects":
        start_response("200 OK", [("X-Said", "a\r\nX-Forged: b")])
        return Whole((b"",))
    if path == "/streams":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return _pieces(environ["QUERY_STRING"])
    if path == "/file":
        start_response("200 OK", [("Content-Length", str(Path(__file__).stat().st_size))])
        return environ["wsgi.file_wrapper"](Path(__file__).open("rb"))
    if path == "/large":
        start_response("200 OK", [])
        return Whole((b"x" * _SIZE,))
    told = {
        "method": environ["REQUEST_METHOD"],
        "path": path,
        "query": environ["QUERY_STRING"],
        "length": len(body),
        "scheme": environ["wsgi.url_scheme"],
        "host": environ.get("HTTP_HOST"),
        "said": environ.get("HTTP_X_SAID"),
    }
    start_response("200 OK", [("Content-Type", "application/json")])
    return Whole((json.dumps(told).encode(),))


def _pieces(query: str) -> Iterator[bytes]:
    yield b"one,"
    if query == "breaks":
        raise RuntimeError("in the middle")
    yield b"two"
