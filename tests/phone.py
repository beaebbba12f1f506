"""A client that behaves like the mobile app: it keeps its tokens, says its version, and knows its installation."""

import json as json_format
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, Self

import httpx2
from django.core import mail
from django.test import Client, TestCase

PASSWORD = "correct horse battery staple"

type Line = Callable[[str, str, dict[str, str], bytes | None], "Answer"]


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json_format.loads(self.content) if self.content else None

    @property
    def code(self) -> str:
        """The problem's stable code, "" where the answer is none."""
        is_problem = self.headers.get("Content-Type", "").startswith("application/problem+json")
        return self.json["code"] if is_problem else ""

    @property
    def pointers(self) -> set[str]:
        """What a validation problem points at."""
        return {fault["pointer"] for fault in self.json.get("errors", ())}

    @property
    def etag(self) -> str:
        return self.headers["ETag"]


def in_process(client: Client | None = None) -> Line:
    """Reach the product through Django's own handler, middleware included."""
    client = client or Client()

    def send(method: str, path: str, headers: dict[str, str], body: bytes | None) -> Answer:
        kind = headers.pop("Content-Type", "application/json")
        # A test's own transaction never commits: what a request would do after its commit is done when it ends.
        with TestCase.captureOnCommitCallbacks(execute=True):
            response = client.generic(method, path, body or b"", content_type=kind, headers=headers)
        content = b"".join(response) if response.streaming else response.content
        return Answer(response.status_code, response.headers, content)

    return send


class OverHttp:
    """Reach a server that runs; options are httpx2's (timeout, transport, …). Close it when the phone is put away."""

    def __init__(self, base_url: str, **options: Any) -> None:
        self._client = httpx2.Client(base_url=base_url, **options)

    def __call__(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None
    ) -> Answer:
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        response = self._client.request(method, path, headers=headers, content=body)
        return Answer(response.status_code, response.headers, response.content)

    def close(self) -> None:
        self._client.close()

    @contextmanager
    def lines(self, path: str, headers: dict[str, str]) -> Iterator[Iterator[str]]:
        """Yield the lines of an answer that goes on, as they come; read none of another."""
        with self._client.stream("GET", path, headers=headers) as response:
            assert response.status_code == 200, response.read()
            yield response.iter_lines()


@dataclass(frozen=True)
class Event:
    """One server-sent event."""

    name: str
    data: Any


@dataclass
class Inbox:
    """What the app knows of somebody's inbox from events alone, and where it stands in them."""

    last_id: str = ""
    unread: int | None = None
    notifications: dict[str, Any] = field(default_factory=dict)
    told: list[Event] = field(default_factory=list)

    def read(self, lines: Iterator[str]) -> Iterator[Event]:
        """Take in events as they come (WHATWG HTML §9.2.6); what is cut off in the middle is as if it never came."""
        name, data, position = "", "", ""
        for line in lines:
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                data = line.removeprefix("data: ")
            elif line.startswith("id: "):
                position = line.removeprefix("id: ")
            elif not line:
                self.last_id = position or self.last_id
                if data:
                    yield self._take(Event(name, json_format.loads(data)))
                name, data, position = "", "", ""

    def _take(self, event: Event) -> Event:
        if event.name == "notification":
            one = event.data["notification"]
            self.notifications[one["id"]] = one
        elif event.name == "archived":
            self.notifications.pop(event.data["notification_id"], None)
        elif event.name == "unread":
            self.unread = event.data["unread"]
        self.told.append(event)
        return event


@dataclass
class Phone:
    """One installation of the app.

    Headers are given as keywords, `if_match=…` for `If-Match: …`. `mail_folder` names where a server writes its mail;
    without one, jobs are run and mail is read in this process.
    """

    platform: str = "ios"
    version: str = "2.0.0"
    installation_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    line: Line = field(default_factory=in_process)
    mail_folder: Path | None = None
    api: str = "/api/v1"

    access: str = ""
    refresh_token: str = ""
    user: dict[str, Any] = field(default_factory=dict)
    email: str = ""
    password: str = PASSWORD

    # The wire

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, **headers)

    def head(self, path: str, **headers: str) -> Answer:
        return self.send("HEAD", path, **headers)

    def post(self, path: str, json: Any = None, **headers: str) -> Answer:
        return self.send("POST", path, json, **headers)

    def put(self, path: str, json: Any = None, **headers: str) -> Answer:
        return self.send("PUT", path, json, **headers)

    def patch(self, path: str, json: Any = None, **headers: str) -> Answer:
        return self.send("PATCH", path, json, **headers)

    def delete(self, path: str, json: Any = None, **headers: str) -> Answer:
        return self.send("DELETE", path, json, **headers)

    def send(self, method: str, path: str, json: Any = None, **headers: str) -> Answer:
        body = None if json is None else json_format.dumps(json).encode()
        return self.send_raw(method, path, body, **headers)

    def send_raw(self, method: str, path: str, body: bytes | None, **headers: str) -> Answer:
        """Send bytes as they are; `path` below the API, or absolute with a leading slash."""
        absolute = path if path.startswith("/") else f"{self.api}/{path}"
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        return self.line(method, absolute, self._headers() | named, body)

    def _headers(self) -> dict[str, str]:
        known = {
            "X-Client-Platform": self.platform,
            "X-Client-Version": self.version,
            "X-Device-Id": self.installation_id,
            "Authorization": f"Bearer {self.access}" if self.access else "",
        }
        return {name: value for name, value in known.items() if value}

    @contextmanager
    def events(self, inbox: Inbox) -> Iterator[Iterator[Event]]:
        """Follow what happens from where the app's inbox stands; needs a line `OverHttp`."""
        assert isinstance(self.line, OverHttp)
        last = {"Last-Event-ID": inbox.last_id} if inbox.last_id else {}
        with self.line.lines(f"{self.api}/events", self._headers() | last) as lines:
            yield inbox.read(lines)

    # Who holds it

    @property
    def device(self) -> dict[str, str]:
        return {
            "installation_id": self.installation_id,
            "platform": self.platform,
            "app_version": self.version,
        }

    @property
    def user_id(self) -> str:
        return self.user["id"]

    def register(self, email: str, **more: Any) -> Answer:
        """Make an account and stay signed in to it; the address is not proven yet."""
        self.email = email
        body = {"email": email, "password": self.password, "device": self.device, **more}
        return self._signed_in(self.post("auth/register", body))

    def verified(self, email: str, **more: Any) -> Self:
        """Make an account and prove its address with the code from the mail."""
        assert self.register(email, **more).status == 201
        answer = self.verify(self.code_mailed_to(email))
        assert answer.status == 200, answer.content
        return self

    def verify(self, code: str) -> Answer:
        answer = self.post("auth/verify-email", {"code": code})
        if answer.status == 200:
            self.user = answer.json
        return answer

    def login(self, email: str = "", password: str = "") -> Answer:
        self.email = email or self.email
        body = {"email": self.email, "password": password or self.password}
        # The app leaves its old session behind before it signs in.
        self.access = ""
        return self._signed_in(self.post("auth/login", {**body, "device": self.device}))

    def refresh(self, attempt: str = "") -> Answer:
        body = {"refresh": self.refresh_token} | ({"attempt": attempt} if attempt else {})
        return self._signed_in(self.post("auth/refresh", body))

    def logout(self) -> Answer:
        return self.post("auth/logout")

    def keep(self, tokens: Mapping[str, Any]) -> Self:
        """Hold the tokens of a sign-in answer."""
        self.access, self.refresh_token = tokens["access"], tokens["refresh"]
        self.user = tokens.get("user", self.user)
        return self

    def _signed_in(self, answer: Answer) -> Answer:
        if answer.status in {200, 201}:
            self.keep(answer.json)
        return answer

    # What arrives by mail

    def code_mailed_to(self, address: str) -> str:
        """Return the digits of the newest code mailed to an address."""
        for to, text in self._mailed():
            found = re.search(r"\b\d{6}\b", text)
            if found and address.lower() in to.lower():
                return found[0]
        raise AssertionError(f"No code was mailed to {address}.")

    def _mailed(self) -> Iterator[tuple[str, str]]:
        """Whom each message went to and what it said, newest first."""
        if self.mail_folder:
            for file in sorted(self.mail_folder.glob("*.eml"), reverse=True):
                message = message_from_bytes(file.read_bytes(), policy=policy.default)
                plain = message.get_body(preferencelist=("plain",))
                yield str(message["To"]), plain.get_content() if plain else ""
            return
        # Here, because a phone of the journey has no outbox in its process.
        from tests.outbox import drain

        drain()
        for sent in reversed(mail.outbox):
            yield " ".join(sent.to), str(sent.body)
