"""One port in front of two servers: each request reaches its own, and answers that go on do."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest

from apps.core.development import ports
from apps.core.development.front import Front

ROUTES = r"/api/v\d+/events"


class Handler(BaseHTTPRequestHandler):
    """Says what it was asked; of a stream, the rest only when somebody lets it."""

    protocol_version = "HTTP/1.1"
    go_on = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        if self.headers["Connection"] == "close":
            self.close_connection = True
        self.end_headers()
        self.wfile.write(f"{self.server.server_port} {self.path}\n".encode())
        self.wfile.flush()
        if self.path.startswith("/api/v1/events"):
            assert self.go_on.wait(20)
            self.wfile.write(b"more\n")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


def serving(port: int = 0) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def web() -> Iterator[int]:
    with serving() as server:
        yield server.server_port
        server.shutdown()


@pytest.fixture
def stream() -> Iterator[int]:
    with serving() as server:
        yield server.server_port
        server.shutdown()


@pytest.fixture
def phone(web: int, stream: int) -> Iterator[httpx2.Client]:
    port = ports.pick(None)
    front = Front(port, [(ROUTES, stream), (r"(?s:.*)", web)])
    with closing(front), httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
        yield client


def test_each_path_reaches_its_server_on_whatever_connection(
    phone: httpx2.Client, web: int, stream: int
) -> None:
    Handler.go_on.set()
    for path, port in (
        ("/api/v1/feed?events", web),
        ("/api/v1/events?x=/feed", stream),
        ("/api/v12/events", stream),
        ("/api/v1/events/more", web),
        ("/", web),
    ):
        assert phone.get(path).text.split("\n")[0] == f"{port} {path}"


def test_bodies_pass_whole(phone: httpx2.Client) -> None:
    body = bytes(range(256)) * 2_000

    assert phone.post("/upload", content=body).content == body


def test_what_is_told_arrives_before_the_answer_ends(phone: httpx2.Client) -> None:
    Handler.go_on.clear()
    with phone.stream("GET", "/api/v1/events") as answer:
        lines = answer.iter_lines()
        assert next(lines).endswith("/api/v1/events")
        Handler.go_on.set()
        assert next(lines) == "more"


def test_whoever_asks_while_a_server_restarts_waits_for_it() -> None:
    port, behind = ports.pick(None), ports.pick(None)
    answers: list[str] = []
    with closing(Front(port, [(r"(?s:.*)", behind)])):
        asking = threading.Thread(
            target=lambda: answers.append(httpx2.get(f"http://127.0.0.1:{port}/", timeout=20).text)
        )
        asking.start()
        with serving(behind) as server:
            asking.join(20)
            server.shutdown()

    assert answers == [f"{behind} /\n"]


def test_noise_is_hung_up_on(phone: httpx2.Client) -> None:
    place = (phone.base_url.host, phone.base_url.port)
    with socket.create_connection(place, timeout=20) as noisy:
        noisy.sendall(b"x" * 100_000)
        noisy.shutdown(socket.SHUT_WR)
        assert _is_hung_up(noisy)


def _is_hung_up(line: socket.socket) -> bool:
    """Either way: what we had not read makes it a reset."""
    try:
        while line.recv(4_096):
            pass
    except ConnectionResetError:
        pass
    return True
