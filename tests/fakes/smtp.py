"""A fake mail server: it speaks SMTP (RFC 5321) over a real socket, with a script for each recipient and books.

An answer is named by where it comes and what is said: `450` or `550 5.1.1` at RCPT, `data:451` or `data:554 5.7.1`
after the message, `hang` (silence after the message until the client gives up), `cut` (the connection goes after the
message was taken), `ok`. What was taken, whatever the client heard of it, is in the books.
"""

import json
import os
import socket
import socketserver
import struct
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET
from typing import Any, Self


@dataclass(frozen=True)
class Taken:
    """A message that the server has taken."""

    to: str
    sender: str
    content: bytes
    connection: int

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.content, policy=policy.default)

    @property
    def id(self) -> str:
        return self.message["Message-ID"].strip()


class FakeSmtp:
    """The server, its scripts and its books. A context manager: serving inside, stopped outside."""

    def __init__(self, ledger: Path | None = None, port: int = 0) -> None:
        self.taken: list[Taken] = []
        self.connections = 0
        self.stopping = threading.Event()
        self.refuses_senders = False
        self.is_away = False
        self.refused = 0
        self._plans: dict[str, deque[str]] = {}
        self._ledger = ledger
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        handler = type("_BoundHandler", (_Handler,), {"fake": self})
        self._server = _Server(("127.0.0.1", port), handler)
        self.port = self._server.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def mailers(self) -> dict[str, Any]:
        """The setting that leads here, with a patience of half a second."""
        backend = "django.core.mail.backends.smtp.EmailBackend"
        options = {"host": "127.0.0.1", "port": self.port, "timeout": 0.5}
        return {"default": {"BACKEND": backend, "OPTIONS": options}}

    def plan(self, address: str, *answers: str) -> None:
        """Answer the next messages to an address in this order; after them, yes."""
        self._plans[address] = deque(answers)

    def to(self, address: str) -> list[Taken]:
        return [one for one in self.taken if one.to == address]

    def go_away(self) -> None:
        """Hang up on everybody, and on whoever comes, before a word is said."""
        self.is_away = True
        self.hang_up()

    def come_back(self) -> None:
        self.is_away = False

    def next_answer(self, address: str) -> str:
        with self._lock:
            plan = self._plans.get(address)
            return plan.popleft() if plan else "ok"

    def connected(self, connection: socket.socket) -> int:
        with self._lock:
            self.connections += 1
            self._open.add(connection)
            return self.connections

    def hang_up(self) -> None:
        """Close every connection that stands, as servers do with whoever is silent."""
        with self._lock:
            for connection in self._open:
                # Perhaps the client has gone already.
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._open.clear()

    def take(self, taken: Taken) -> None:
        with self._lock:
            self.taken.append(taken)
            if self._ledger:
                line = json.dumps({"to": taken.to, "id": taken.id})
                with self._ledger.open("a") as book:
                    book.write(line + "\n")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


class _Handler(socketserver.StreamRequestHandler):
    fake: FakeSmtp

    def handle(self) -> None:
        if self.fake.is_away:
            self.fake.refused += 1
            return
        self.number = self.fake.connected(self.connection)
        self.sender, self.recipient, self.answer = "", "", "ok"
        self.say("220 mail.test ESMTP")
        while line := self.rfile.readline(2_000):
            verb, _, rest = line.decode("ascii").strip().partition(" ")
            step = getattr(self, f"on_{verb.lower()}", None)
            if step is None:
                self.say("502 5.5.1 Command not implemented")
            elif step(rest) == "over":
                return

    def on_ehlo(self, _: str) -> None:
        self.wfile.write(b"250-mail.test\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 OK\r\n")

    def on_helo(self, _: str) -> None:
        self.say("250 mail.test")

    def on_mail(self, rest: str) -> None:
        if self.fake.refuses_senders:
            return self.say("530 5.7.0 Authentication required")
        self.sender = _address_in(rest)
        return self.say("250 2.1.0 OK")

    def on_rcpt(self, rest: str) -> None:
        if not self.sender:
            return self.say("503 5.5.1 MAIL first")
        self.recipient = _address_in(rest)
        self.answer = self.fake.next_answer(self.recipient)
        if self.answer[0].isdigit():
            # Real servers quote whom they refuse.
            return self.say(f"{self.answer} <{self.recipient}>: refused")
        return self.say("250 2.1.5 OK")

    def on_data(self, _: str) -> str | None:
        if not self.recipient:
            self.say("503 5.5.1 RCPT first")
            return None
        self.say("354 End data with <CR><LF>.<CR><LF>")
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line[1:] if line.startswith(b"..") else line)
        refusal = self.answer.removeprefix("data:")
        if refusal != self.answer:
            self.say(f"{refusal} refused")
            return None
        self.fake.take(Taken(self.recipient, self.sender, b"".join(lines), self.number))
        self.recipient = ""
        if self.answer == "hang":
            self.fake.stopping.wait(60)
            return self.cut()
        if self.answer == "cut":
            return self.cut()
        self.say("250 2.0.0 OK")
        return None

    def on_rset(self, _: str) -> None:
        self.sender = self.recipient = ""
        self.say("250 2.0.0 OK")

    def on_noop(self, _: str) -> None:
        self.say("250 2.0.0 OK")

    def on_quit(self, _: str) -> str:
        self.say("221 2.0.0 Bye")
        return "over"

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def cut(self) -> str:
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(SOL_SOCKET, SO_LINGER, linger)
        os.close(self.connection.detach())
        return "over"

    def finish(self) -> None:
        if self.connection.fileno() != -1:
            super().finish()


def _address_in(rest: str) -> str:
    return rest[rest.index("<") + 1 : rest.index(">")]
