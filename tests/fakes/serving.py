"""What fakes over HTTP/1.1 share: a server for many, and the manners in which an answer leaves, or does not."""

import os
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SO_LINGER, SOL_SOCKET
from typing import Any, Protocol

from tests.fakes.fcm_answers import Answer

_DRIP_SECONDS = 0.05


class Fake(Protocol):
    stopping: threading.Event


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # Connections that wait to be accepted: with the stock 5, a burst of senders sees timeouts.
    request_queue_size = 128


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body are two writes: the second would wait 40 ms for the client's delayed acknowledgement.
    disable_nagle_algorithm = True
    fake: Fake

    def log_message(self, *_: Any) -> None:
        """Say nothing: the ledger speaks."""

    def answer(self, answer: Answer) -> None:
        match answer.manner:
            case "reset":
                return self._reset()
            case "stall":
                self.fake.stopping.wait(60)
                return self._reset()
            case "drip_headers":
                return self._drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"." * 10_000)
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if answer.manner == "drip":
            return self._drip(answer.body)
        return self._write(answer.body)

    def _write(self, content: bytes) -> None:
        try:
            self.wfile.write(content)
        except OSError:
            # The client had enough.
            self.close_connection = True

    def _drip(self, content: bytes) -> None:
        for byte in content:
            self._write(bytes([byte]))
            if self.close_connection or self.fake.stopping.wait(_DRIP_SECONDS):
                break
        self.close_connection = True

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())
