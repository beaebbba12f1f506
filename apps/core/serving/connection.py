"""A client's connection, and what it has sent so far of the next request."""

import socket
import struct
import time
from io import BytesIO
from typing import Any

from gunicorn.workers.gthread import TConn

from apps.core.serving import wire
from apps.core.serving.wire import Bounds, Head

# Seconds in which a client sends or takes something, if only a byte, of a request or an answer that was begun.
PATIENCE = 30


class Connection(TConn):
    """gunicorn's connection of a thread, with a memory for what is not whole yet.

    `parser` is there once gunicorn reads from it.
    """

    parser: Any

    def __init__(
        self, cfg: Any, sock: socket.socket, client: Any, server: Any, base: dict[str, Any]
    ) -> None:
        super().__init__(cfg, sock, client, server)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            sock.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", PATIENCE, 0))
        self.number = sock.fileno()
        self.received = b""
        self.head: Head | None = None
        self.deadline = time.monotonic() + PATIENCE
        host, port = (client[0], str(client[1])) if isinstance(client, tuple) else (client, "")
        name, own_port = server[:2] if isinstance(server, tuple) else (server, "")
        self.environ = {
            **base,
            "REMOTE_ADDR": host, "REMOTE_PORT": port,
            "SERVER_NAME": name, "SERVER_PORT": str(own_port),
        }  # fmt: skip

    def whole_request(self, bounds: Bounds) -> Head | None:
        """Take the next request out of what was received, its body with it; None while that is not all there.

        Raises Unusual.
        """
        self.head = head = self.head or wire.read_head(self.received, self.environ, bounds)
        if head is None or len(self.received) < head.end + head.length:
            return None
        whole = head.end + head.length
        head.environ["wsgi.input"] = BytesIO(self.received[head.end : whole])
        self.received, self.head = self.received[whole:], None
        return head

    def hand_over(self) -> None:
        """Let gunicorn read on, from the first byte that is not answered."""
        self.sock.setblocking(True)
        if not self.initialized:
            self.init()
            self.parser.unreader.unread(self.received)
            self.received = b""

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing was sent that nobody has read yet."""
        try:
            return not self.sock.recv(1, socket.MSG_PEEK)
        except OSError:
            return True

    @property
    def has_more(self) -> bool:
        """Tell whether gunicorn has read more than it has answered."""
        return bool(self.parser.unreader.buf.getvalue())


class Asked:
    """As much of a request as gunicorn's writer wants to know."""

    version = (1, 1)

    def __init__(self, method: str, keeps: bool) -> None:
        self.method, self._keeps = method, keeps

    def should_close(self) -> bool:
        return not self._keeps


class Refused:
    """The socket of a client that gunicorn sends away: its page leaves as a problem document (RFC 9457).

    From Python 3.14 on nobody could read that page besides: its head ends in a bare line feed (`textwrap.dedent`).
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def sendall(self, page: bytes) -> None:
        # Not at the top: gunicorn reads this before there are settings.
        from apps.core.http.errors import problem

        response = problem(int(page.split(b" ", 2)[1]))
        status = f"{response.status_code} {response.reason_phrase}"
        headers = list(response.headers.items())
        self._sock.sendall(wire.answer(status, headers, response.content, method="", keeps=False))
