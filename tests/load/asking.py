"""Requests as bytes, ready to be sent again and again; and a way to send one and look at the answer."""

import json
import socket
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

_PATIENCE = 30


@dataclass(frozen=True)
class Person:
    """Somebody with the app in their hand, signed in to one of the servers."""

    number: int
    token: str
    device: str


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def request(
    method: str, path: str, person: Person | None = None, json: bytes = b"", **more: str
) -> bytes:
    """Write a request as a phone behind our proxy sends it; further headers as keywords."""
    headers = _ALWAYS | (_personal(person) if person else {})
    if json:
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(json))}
    headers |= {name.replace("_", "-").title(): value for name, value in more.items()}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + json


_ALWAYS = {
    "Host": "127.0.0.1",
    "User-Agent": "bench",
    "Accept": "application/json",
    # What the proxy in front adds.
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "198.51.100.7",
    "X-Client-Platform": "ios",
    "X-Client-Version": "2.4.0",
}


def _personal(person: Person) -> dict[str, str]:
    network, host = divmod(person.number, 250)
    headers = {"X-Device-Id": person.device, "X-Forwarded-For": f"198.51.{100 + network}.{host}"}
    return headers | ({"Authorization": f"Bearer {person.token}"} if person.token else {})


def ask(port: int, raw: bytes) -> Answer:
    """Send one request on a connection of its own."""
    with socket.create_connection(("127.0.0.1", port), _PATIENCE) as line:
        line.sendall(raw)
        response = HTTPResponse(line, method=raw.split(b" ", 1)[0].decode())
        response.begin()
        return Answer(response.status, response.headers, response.read())
