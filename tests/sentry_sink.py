"""A Sentry of our own: takes envelopes on a real socket and keeps their bytes."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import brotli


class Sink:
    """What arrived: all of it as bytes, and the events among it."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.envelopes: list[bytes] = []

    @property
    def everything(self) -> bytes:
        return b"\n".join(self.envelopes)

    @property
    def events(self) -> list[dict[str, Any]]:
        items = [json.loads(line) for each in self.envelopes for line in each.splitlines() if line]
        return [item for item in items if "event_id" in item and "level" in item]


@contextmanager
def envelopes() -> Iterator[Sink]:
    """Serve one project's endpoint while the story lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            coding = self.headers.get("Content-Encoding", "")
            decode = {"gzip": gzip.decompress, "br": brotli.decompress}.get(coding, bytes)
            sink.envelopes.append(decode(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        sink = Sink(f"http://public@127.0.0.1:{server.server_port}/1")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield sink
        server.shutdown()
