"""The worker under a real gunicorn, asked over real sockets."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import Any

import pytest

from tests.core.threads import until
from tests.stack import ROOT, free_port

THREADS = 2
GET = b"GET /a?b=c HTTP/1.1\r\nHost: api.test\r\nX-Said: hello\r\n\r\n"
SLOW = GET.replace(b"/a", b"/takes-a-while")


class Server:
    """gunicorn with one process of ours. A context manager: serving inside, stopped outside."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self._log = folder / "server.log"
        self._command = [
            sys.executable, "-m", "gunicorn", "-k", "apps.core.serving.worker.Worker",
            "-b", f"127.0.0.1:{self.port}", "--threads", str(THREADS), "--no-control-socket",
            "--keep-alive", "20", "--graceful-timeout", "10", *options, "tests.core.serving.tiny",
        ]  # fmt: skip

    def __enter__(self) -> "Server":
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                self._command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                self.ask(GET)
            except OSError:
                continue
            return self
        raise RuntimeError(self.log)

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    @property
    def log(self) -> str:
        return self._log.read_text()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), 10)

    def ask(self, raw: bytes) -> bytes:
        """Send and return all that comes until the server closes or has answered in full."""
        with self.connect() as line:
            line.sendall(raw)
            return answer_on(line)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)


def answer_on(line: socket.socket) -> bytes:
    """Read one answer that says how long it is."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = line.recv(65_536)
        if not piece:
            raise ConnectionError(f"closed after {data!r}")
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
    while len(body) < length:
        body += line.recv(65_536)
    assert len(body) == length, "more was sent than was asked for"
    return head + b"\r\n\r\n" + body


def told(answer: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("server")) as running:
        yield running


def test_answers_again_and_again_on_one_connection(server: Server) -> None:
    with server.connect() as line:
        for _ in range(3):
            line.sendall(GET)
            answer = answer_on(line)
            assert told(answer) == {
                "method": "GET", "path": "/a", "query": "b=c", "length": 0,
                "scheme": "http", "host": "api.test", "said": "hello",
            }  # fmt: skip
            assert b"Connection: keep-alive" in answer


def test_a_request_may_arrive_byte_by_byte(server: Server) -> None:
    raw = b"POST /a HTTP/1.1\r\nHost: api.test\r\nContent-Length: 3\r\n\r\nabc"
    with server.connect() as line:
        for place in range(len(raw)):
            line.sendall(raw[place : place + 1])
        assert told(answer_on(line))["length"] == 3


def test_requests_sent_ahead_are_answered_in_order(server: Server) -> None:
    asked = b"".join(GET.replace(b"/a", b"/%d" % number) for number in range(5))
    with server.connect() as line:
        line.sendall(asked)
        line.shutdown(socket.SHUT_WR)
        said = b""
        while piece := line.recv(65_536):
            said += piece
    assert [said.index(b'"/%d"' % number) for number in range(5)] == sorted(
        said.index(b'"/%d"' % number) for number in range(5)
    )
    assert said.count(b"HTTP/1.1 200 OK") == 5


def test_half_requests_hold_up_nobody(server: Server) -> None:
    with ExitStack() as lines:
        for _ in range(50):
            lines.enter_context(server.connect()).sendall(GET[:-2])
        assert told(server.ask(GET))["said"] == "hello"


@pytest.mark.parametrize(
    ("raw", "length"),
    [
        (b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 3),
        (b"Content-Length: 3\r\nX_Odd: 1\r\n\r\nabc", 3),
        (b"Content-Length: 3000000\r\n\r\n" + b"x" * 3_000_000, 3_000_000),
    ],
)
def test_what_is_unusual_is_answered_all_the_same(server: Server, raw: bytes, length: int) -> None:
    with server.connect() as line:
        line.sendall(b"POST /a HTTP/1.1\r\nHost: api.test\r\n" + raw)
        assert told(_unchunked(line))["length"] == length
        # The connection goes on, even though from here gunicorn reads it.
        line.sendall(GET)
        assert told(_unchunked(line))["said"] == "hello"


def _unchunked(line: socket.socket) -> bytes:
    """Read one answer in chunks, as gunicorn writes what does not say its length."""
    data = b""
    while not data.endswith(b"0\r\n\r\n"):
        data += line.recv(65_536)
    head, _, rest = data.partition(b"\r\n\r\n")
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return head + b"\r\n\r\n" + body


def test_waits_for_leave_to_send_a_body(server: Server) -> None:
    with server.connect() as line:
        line.sendall(
            b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
        )
        assert line.recv(100).startswith(b"HTTP/1.1 100 ")
        line.sendall(b"abc")
        assert told(_unchunked(line))["length"] == 3


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
    ],
)
def test_what_nobody_can_read_is_refused_and_closed(server: Server, raw: bytes) -> None:
    with server.connect() as line:
        line.sendall(raw)
        said = b""
        while piece := line.recv(65_536):
            said += piece
    assert said.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"\r\nContent-Type: application/problem+json\r\n" in said
    assert b"\r\nConnection: close\r\n" in said
    assert (told(said)["status"], told(said)["code"]) == (400, "bad_request")


def test_a_client_may_ask_to_close(server: Server) -> None:
    with server.connect() as line:
        line.sendall(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert b"Connection: close" in answer_on(line)
        assert line.recv(1) == b""


def test_head_is_told_the_length_and_sent_no_body(server: Server) -> None:
    with server.connect() as line:
        line.sendall(GET.replace(b"GET", b"HEAD"))
        said = line.recv(65_536)
        assert b"Content-Length: " in said
        assert said.endswith(b"\r\n\r\n")
        line.sendall(GET)
        assert told(answer_on(line))["method"] == "GET"


def test_a_large_answer_reaches_a_slow_reader(server: Server) -> None:
    with server.connect() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        line.sendall(GET.replace(b"/a", b"/large"))
        assert answer_on(line).endswith(b"x" * 3_000_000)


def test_streams_and_files_are_sent_as_they_come(server: Server) -> None:
    client = HTTPConnection("127.0.0.1", server.port, timeout=10)
    client.request("GET", "/streams")
    assert client.getresponse().read() == b"one,two"
    client.request("GET", "/file")
    assert client.getresponse().read() == (ROOT / "tests/core/serving/tiny.py").read_bytes()
    client.close()


def test_a_stream_that_breaks_breaks_its_connection(server: Server) -> None:
    with server.connect() as line:
        line.sendall(GET.replace(b"/a?b=c", b"/streams?breaks"))
        said = b""
        while piece := line.recv(65_536):
            said += piece
    assert b"one," in said
    assert not said.endswith(b"0\r\n\r\n")
    assert said.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("path", [b"/fails", b"/injects"])
def test_a_failure_is_a_500_and_the_next_request_is_served(server: Server, path: bytes) -> None:
    said = server.ask(GET.replace(b"/a", path))

    assert said.startswith(b"HTTP/1.1 500 ")
    assert b"Forged" not in said
    assert told(said)["status"] == 500
    assert told(server.ask(GET))["said"] == "hello"


def test_more_connections_than_allowed_wait_for_their_turn(tmp_path: Path) -> None:
    with Server(tmp_path, "--worker-connections", "4") as server, ExitStack() as lines:
        first = [lines.enter_context(server.connect()) for _ in range(4)]
        for line in first:
            line.sendall(GET)
            answer_on(line)
        late = lines.enter_context(server.connect())
        late.sendall(GET)
        first[0].close()
        assert told(answer_on(late))["said"] == "hello"


def test_whoever_comes_to_a_busy_server_waits_for_one_turn(server: Server) -> None:
    crowd, unserved, answers = 40, set(), 0
    with ExitStack() as stack, DefaultSelector() as ready:
        for _ in range(crowd):
            line = stack.enter_context(server.connect())
            ready.register(line, EVENT_READ)
            line.sendall(SLOW)
            unserved.add(line)
        while unserved:
            for key, _ in ready.select(10):
                line = key.fileobj
                answer_on(line)
                unserved.discard(line)
                answers += 1
                line.sendall(SLOW)

    # Whoever is served asks again at once; those who have just come are not put behind all of them, one at a time.
    assert answers < 4 * crowd


def test_who_came_before_a_process_was_told_to_stop_is_answered(tmp_path: Path) -> None:
    with Server(tmp_path, "--worker-connections", "2") as server, ExitStack() as lines:
        for _ in range(2):
            line = lines.enter_context(server.connect())
            line.sendall(GET)
            answer_on(line)
        # Nobody has accepted this one.
        late = lines.enter_context(server.connect())
        late.sendall(GET)
        server.stop()
        assert b"Connection: close" in answer_on(late)
        assert server.process.wait(15) == 0


def test_who_asked_and_waits_for_a_thread_is_not_taken_for_idle(tmp_path: Path) -> None:
    go = tmp_path / "go"
    with Server(tmp_path, "--threads", "1") as server, ExitStack() as lines:
        idle, held, waiting, late = (lines.enter_context(server.connect()) for _ in range(4))
        for line in (idle, waiting):
            line.sendall(GET)
            answer_on(line)
        held.sendall(GET.replace(b"/a?b=c", f"/waits?{go}".encode()))
        until(go.with_suffix(".waiting").exists)
        for line in (waiting, late):
            line.sendall(GET)
        server.stop()
        # It waits no longer for those who ask nothing.
        assert idle.recv(1) == b""
        go.touch()
        for line in (held, waiting, late):
            assert b"Connection: close" in answer_on(line)


def test_a_reload_loses_no_request(tmp_path: Path) -> None:
    is_over = threading.Event()

    def ask_again_and_again(keeps: bool) -> int:
        answered, client = 0, HTTPConnection("127.0.0.1", server.port, timeout=10)
        while not is_over.is_set():
            client.request("GET", "/a", headers={"Host": "api.test"})
            answer = client.getresponse()
            assert (answer.status, bool(answer.read())) == (200, True)
            answered += 1
            if not keeps:
                client.close()
        client.close()
        return answered

    with Server(tmp_path, "--workers", "2") as server, ThreadPoolExecutor(8) as pool:
        asking = [pool.submit(ask_again_and_again, number % 4 == 0) for number in range(8)]
        for number in range(2, 17):
            server.process.send_signal(signal.SIGHUP)
            # Both of the old ones have ended.
            until(lambda number=number: server.log.count("Worker exiting") >= 2 * (number - 1))
        is_over.set()
        assert min(one.result() for one in asking) > 0


def test_a_process_that_is_told_to_stop_answers_what_it_was_asked(tmp_path: Path) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(Server(tmp_path))
        held, freeing, resting = (stack.enter_context(server.connect()) for _ in range(3))
        held.sendall(GET.replace(b"/a", b"/holds"))
        freeing.sendall(GET)
        answer_on(freeing)
        server.stop()
        said = b""
        while b"Connection: close" not in said:
            resting.sendall(GET)
            said = answer_on(resting)
        # What was sent before the client could know is answered as well.
        freeing.sendall(GET.replace(b"/a", b"/lets-go"))
        assert b"Connection: close" in answer_on(freeing)
        assert answer_on(held).startswith(b"HTTP/1.1 200 OK")
        assert server.process.wait(15) == 0
