"""A fake Firebase Cloud Messaging: the real protocol on a loopback port, misbehaving on demand.

    python -m tests.fakes.fcm --port 9099 --ledger fcm.jsonl --credentials fcm-credentials.json

What it accepts is in the ledger, fsynced, before the answer leaves: the ledger is the witness of what phones were
given. `PUT /fake/plans/<address>` with a list of answer names (`fcm_answers.py`) scripts the next answers to one
address; the address `token` stands for the token endpoint.
"""

import argparse
import json
import os
import signal
import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, unquote

from tests.fakes.fcm_answers import Answer, answer_named, error, fcm_code, violation
from tests.fakes.service_account import PROJECT, TokenEndpoint
from tests.fakes.serving import Handler, Server

_SEND = f"/v1/projects/{PROJECT}/messages:send"
_PLANS = "/fake/plans/"


@dataclass(frozen=True)
class Attempt:
    """One message that arrived with a valid token; `at` is the fake's monotonic clock in seconds."""

    at: float
    address: str
    answer: str
    message: dict[str, Any]


class FakeFcm:
    """The server, its scripts and its books. A context manager: serving inside, stopped outside."""

    def __init__(self, ledger: Path, port: int = 0) -> None:
        self.ledger = ledger
        self.attempts: list[Attempt] = []
        self.connections = 0
        self.stopping = threading.Event()
        self._plans: dict[str, deque[str]] = {}
        self._lock = threading.Lock()
        self._server = Server(("127.0.0.1", port), _handler_of(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.tokens = TokenEndpoint(f"{self.url}/token")
        ledger.touch()

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def serve(self) -> None:
        """Serve in this thread until stopped."""
        self._server.serve_forever(0.05)

    def plan(self, address: str, *names: str) -> None:
        """Answer the next messages to an address by name, then `ok` again."""
        for name in names:
            answer_named(name)
        with self._lock:
            self._plans[address] = deque(names)

    def accepted(self, address: str | None = None) -> list[dict[str, Any]]:
        """Return the ledger, or its entries of one address."""
        entries = [json.loads(line) for line in self.ledger.read_text().splitlines()]
        return [entry for entry in entries if address in {None, entry["address"]}]

    def next_answer(self, address: str, message: dict[str, Any]) -> Answer:
        """Take the next answer of an address and note the attempt; an accepted message is in the ledger afterwards."""
        with self._lock:
            name = self._take(address)
            self.attempts.append(Attempt(time.monotonic(), address, name, message))
            answer = answer_named(name)
            if not answer.accepts:
                return answer
            given = f"projects/{PROJECT}/messages/0:{time.time_ns()}"
            self._write(
                {"time": time.time(), "address": address, "name": given, "message": message}
            )
        return replace(answer, body=answer.body or json.dumps({"name": given}).encode())

    def next_token_answer(self) -> Answer | None:
        """Take the next scripted answer of the token endpoint, None when it should just work."""
        with self._lock:
            name = self._take("token")
        return None if name == "ok" else answer_named(name)

    def _take(self, address: str) -> str:
        plan = self._plans.get(address)
        return plan.popleft() if plan else "ok"

    def _write(self, entry: dict[str, Any]) -> None:
        with self.ledger.open("a") as file:
            file.write(json.dumps(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())


def _fault_of(message: dict[str, Any]) -> Answer | None:
    """Refuse what Google would refuse in a message."""
    code, invalid = fcm_code("INVALID_ARGUMENT"), "Request contains an invalid argument."
    if len({"token", "fid", "topic", "condition"} & message.keys()) != 1:
        text = "Recipient of the message is not set."
        return error(400, "INVALID_ARGUMENT", text, violation("message", text), code)
    data = message.get("data", {})
    for index, (key, value) in enumerate(data.items()):
        if not isinstance(value, str) or key == "from" or key.startswith(("google.", "gcm.")):
            field = f"message.data[{index}].value"
            return error(400, "INVALID_ARGUMENT", invalid, violation(field, "Invalid value"))
    shown = {**data, **message.get("notification", {})}
    if sum(len(key.encode()) + len(value.encode()) for key, value in shown.items()) > 4096:
        return error(400, "INVALID_ARGUMENT", invalid)
    return None


class _Handler(Handler):
    fake: FakeFcm

    def setup(self) -> None:
        super().setup()
        self.fake.connections += 1

    def do_POST(self) -> None:  # noqa: N802
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/token":
            self._answer_token(body)
        elif self.path == _SEND:
            self.answer(self._judge(body))
        else:
            self.answer(Answer(404, b"<html>Not Found</html>", {"Content-Type": "text/html"}))

    def do_PUT(self) -> None:  # noqa: N802
        names = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.fake.plan(unquote(self.path.removeprefix(_PLANS)), *names)
        self.answer(Answer(204))

    def _judge(self, body: bytes) -> Answer:
        if not self.fake.tokens.accepts(self.headers.get("Authorization", "")):
            return answer_named("unauthenticated")
        message = json.loads(body)["message"]
        address = message.get("token") or message.get("fid") or ""
        return _fault_of(message) or self.fake.next_answer(address, message)

    def _answer_token(self, body: bytes) -> None:
        scripted = self.fake.next_token_answer()
        if scripted:
            return self.answer(scripted)
        status, document = self.fake.tokens.answer(parse_qs(body.decode()))
        return self.answer(Answer(status, json.dumps(document).encode()))


def _handler_of(fake: FakeFcm) -> type[_Handler]:
    return type("_BoundHandler", (_Handler,), {"fake": fake})


def main() -> None:
    """Serve until told to stop; the first line on standard output says where."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.fcm")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--credentials", type=Path, help="where to write credentials to use")
    options = parser.parse_args()
    fake = FakeFcm(options.ledger, options.port)
    if options.credentials:
        options.credentials.write_text(fake.tokens.credentials())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
    print(json.dumps({"url": fake.url, "ledger": str(fake.ledger)}), flush=True)
    fake.serve()


if __name__ == "__main__":
    main()
