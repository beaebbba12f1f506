"""A fake Expo push service: tickets at once, receipts later, and a script for each address.

An answer is named as Expo names its error (`DeviceNotRegistered`), as `receipt:<error>` where only the receipt tells
it, or as one of the manners and pages that `fcm_answers.py` knows (`stall`, `reset`, `html_ok`, `quota:7`…), which
are said of the whole request that holds a message to it. A request holds one message or an array of them.
"""

import json
import threading
from collections import deque
from typing import Any, Self

from tests.fakes.fcm_answers import Answer, answer_named
from tests.fakes.serving import Handler, Server

TOKEN = "expo-access-token"
# Of Expo's documentation.
MOST_MESSAGES, MOST_QUESTIONS = 100, 1_000
_ACCEPTED = {"ok", "receipt", "later"}


class FakeExpo:
    """The server, its scripts and its books. A context manager: serving inside, stopped outside."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.asked: list[str] = []
        # How many messages or questions each request held.
        self.sizes: list[int] = []
        self.questions: list[int] = []
        # Addresses whose messages make a whole request invalid.
        self.unreadable: set[str] = set()
        self.loses_a_ticket = False
        # What became of each ticket; one that is missing has no receipt yet.
        self.receipts: dict[str, dict[str, Any]] = {}
        self.stopping = threading.Event()
        self._plans: dict[str, deque[str]] = {}
        self._lock = threading.Lock()
        handler = type("_BoundHandler", (_Handler,), {"fake": self})
        self._server = Server(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def plan(self, address: str, *names: str) -> None:
        """Answer the next messages to an address by name; `receipts` scripts the questions after them."""
        self._plans[address] = deque(names)

    def answer_to(self, body: dict[str, Any] | list[dict[str, Any]]) -> Answer:
        messages = body if isinstance(body, list) else [body]
        with self._lock:
            self.sizes.append(len(messages))
            if len(messages) > MOST_MESSAGES:
                return _invalid("PUSH_TOO_MANY_NOTIFICATIONS")
            if any(message["to"] in self.unreadable for message in messages):
                return _invalid("VALIDATION_ERROR")
            for message in messages:
                plan = self._plans.get(message["to"])
                if plan and not plan[0][0].isupper() and plan[0].split(":")[0] not in _ACCEPTED:
                    return answer_named(plan.popleft())
            tickets = [self._ticket_for(message) for message in messages]
        if self.loses_a_ticket:
            tickets.pop()
        return _data(tickets if isinstance(body, list) else tickets[0])

    def _ticket_for(self, message: dict[str, Any]) -> dict[str, Any]:
        name, _, detail = self.take(message["to"]).partition(":")
        if name[0].isupper():
            return _error(name)
        self.messages.append(message)
        ticket = f"ticket-{len(self.messages)}"
        if name != "later":
            self.receipts[ticket] = _error(detail) if name == "receipt" else {"status": "ok"}
        return {"status": "ok", "id": ticket}

    def receipts_of(self, ids: list[str]) -> Answer:
        if len(ids) > MOST_QUESTIONS:
            return _invalid("PUSH_TOO_MANY_RECEIPTS")
        self.questions.append(len(ids))
        self.asked += ids
        scripted = self.take("receipts")
        if scripted != "ok":
            return answer_named(scripted)
        return _data({one: self.receipts[one] for one in ids if one in self.receipts})

    def take(self, name: str) -> str:
        plan = self._plans.get(name)
        return plan.popleft() if plan else "ok"


def _data(content: Any) -> Answer:
    return Answer(body=json.dumps({"data": content}).encode())


def _invalid(code: str) -> Answer:
    refusal = {"errors": [{"code": code, "message": "Not like that."}]}
    return Answer(400, json.dumps(refusal).encode())


def _error(code: str) -> dict[str, Any]:
    return {"status": "error", "message": "It failed.", "details": {"error": code}}


class _Handler(Handler):
    fake: FakeExpo

    def do_POST(self) -> None:  # noqa: N802
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            refusal = {"errors": [{"code": "UNAUTHORIZED", "message": "Not you."}]}
            self.answer(Answer(401, json.dumps(refusal).encode()))
        elif self.path == "/--/api/v2/push/send":
            self.answer(self.fake.answer_to(body))
        else:
            self.answer(self.fake.receipts_of(body["ids"]))
