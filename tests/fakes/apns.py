"""A fake APNs: HTTP/2 over TLS on a loopback port, a token that must be ours, and a script for each address.

An answer is named as Apple names its reason (`BadDeviceToken`), or by a manner: `stall`, `cut` and `cut_after_accept`
(the connection), `reset` (the stream), `goaway` (before it takes the message), `goodbye` (after it has), `garbage`,
`huge`, `drip`. A wait or a timestamp follows a colon: `TooManyRequests:7`, `Unregistered:1700000000000`.
"""

import datetime
import ipaddress
import json
import os
import socket
import ssl
import struct
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded

KEY_ID, TEAM_ID, TOPIC = "ABC123DEFG", "TEAM456HIJ", "test.example.app"

_STATUS = {
    "BadDeviceToken": 400,
    "DeviceTokenNotForTopic": 400,
    "BadTopic": 400,
    "BadCollapseId": 400,
    "ExpiredProviderToken": 403,
    "InvalidProviderToken": 403,
    "BadPath": 404,
    "Unregistered": 410,
    "ExpiredToken": 410,
    "PayloadTooLarge": 413,
    "TooManyRequests": 429,
    "TooManyProviderTokenUpdates": 429,
    "InternalServerError": 500,
    "ServiceUnavailable": 503,
}
_PEM = serialization.Encoding.PEM
_OPEN = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


@dataclass
class Request:
    headers: dict[str, str]
    body: bytearray = field(default_factory=bytearray)


@dataclass(frozen=True)
class Push:
    """A message that Apple took."""

    address: str
    headers: dict[str, str]
    payload: dict[str, Any]


class FakeApns:
    """The server, its scripts and its books. A context manager: serving inside, stopped outside."""

    def __init__(self, folder: Path) -> None:
        self.attempts: list[tuple[str, str]] = []
        self.accepted: list[Push] = []
        self._open: list[_Connection] = []
        self.stopping = threading.Event()
        self.oldest_token = 3600.0
        self._plans: dict[str, deque[str]] = {}
        self._lock = threading.Lock()
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.key = self._key.private_bytes(_PEM, *_OPEN).decode()
        self.ca_file = str(folder / "apns.pem")
        self._tls = _self_signed(Path(self.ca_file))
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            connection.close()

    @property
    def connections(self) -> int:
        """How many there were."""
        return len(self._open)

    def plan(self, address: str, *names: str) -> None:
        """Answer the next messages to an address by name, then take them again."""
        self._plans[address] = deque(names)

    def take(self, address: str) -> str:
        with self._lock:
            plan = self._plans.get(address)
            name = plan.popleft() if plan else "ok"
            self.attempts.append((address, name))
            return name

    def fault_of_token(self, header: str) -> str:
        """Say what Apple would say of the token, "" when it is good."""
        scheme, _, token = header.partition(" ")
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            claims = jwt.decode(token, self._key.public_key(), algorithms=["ES256"])
        except jwt.InvalidTokenError:
            return "InvalidProviderToken"
        if (scheme, kid, claims.get("iss")) != ("bearer", KEY_ID, TEAM_ID):
            return "InvalidProviderToken"
        return "" if time.time() - claims["iat"] < self.oldest_token else "ExpiredProviderToken"

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(_Connection(self, raw, self._tls))
            threading.Thread(target=self._open[-1].serve, daemon=True).start()


class _Connection:
    def __init__(self, fake: FakeApns, raw: socket.socket, tls: ssl.SSLContext) -> None:
        self._fake, self._socket, self._tls = fake, raw, tls
        self._http = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self._requests: dict[int, Request] = {}

    def serve(self) -> None:
        try:
            self._socket = self._tls.wrap_socket(self._socket, server_side=True)
            self._http.initiate_connection()
            self._flush()
            while data := self._socket.recv(65_536):
                for event in self._http.receive_data(data):
                    self._take(event)
                self._flush()
        except OSError:
            # The client had enough, or we did.
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Hang up; whoever reads in `serve` finds the end."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _take(self, event: Any) -> None:
        match event:
            case RequestReceived():
                self._requests[event.stream_id] = Request(dict(event.headers))
            case DataReceived():
                self._requests[event.stream_id].body += event.data
                self._http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case StreamEnded():
                self._answer(event.stream_id, self._requests.pop(event.stream_id))

    def _answer(self, stream: int, request: Request) -> None:
        address = request.headers[":path"].removeprefix("/3/device/")
        if fault := self._fake.fault_of_token(request.headers.get("authorization", "")):
            return self._refuse(stream, fault)
        if request.headers.get("apns-topic") != TOPIC:
            return self._refuse(stream, "BadTopic")
        if len(request.body) > 4_096:
            return self._refuse(stream, "PayloadTooLarge")
        name, _, detail = self._fake.take(address).partition(":")
        if name in {"ok", "goodbye", "cut_after_accept", "drip", "huge"}:
            payload = json.loads(request.body)
            self._fake.accepted.append(Push(address, request.headers, payload))
        return self._behave(stream, name, detail, request.headers["apns-id"])

    def _behave(  # noqa: C901 - one line for each manner
        self, stream: int, name: str, detail: str, apns_id: str
    ) -> None:
        match name:
            case "ok":
                self._send(stream, 200, b"", {"apns-id": apns_id})
            case "goodbye":
                self._send(stream, 200, b"", {"apns-id": apns_id})
                self._say_goodbye(last=stream)
            case "stall":
                return
            case "reset":
                self._http.reset_stream(stream, error_code=7)
            case "cut" | "cut_after_accept":
                self._cut()
            case "goaway":
                self._say_goodbye(last=max(0, stream - 2))
            case "garbage":
                self._send(stream, 400, b"<html>Bad gateway</html>")
            case "huge":
                self._send(stream, 200, b" " * 70_000)
            case "drip":
                self._drip(stream)
            case _:
                self._refuse(stream, name, detail)

    def _refuse(self, stream: int, reason: str, detail: str = "") -> None:
        document: dict[str, Any] = {"reason": reason}
        headers = {}
        if reason in {"Unregistered", "ExpiredToken"}:
            document["timestamp"] = int(detail or time.time() * 1000)
        elif detail:
            headers["retry-after"] = detail
        self._send(stream, _STATUS[reason], json.dumps(document).encode(), headers)

    def _send(
        self, stream: int, status: int, body: bytes, headers: dict[str, str] | None = None
    ) -> None:
        lines = [(":status", str(status)), *(headers or {}).items()]
        self._http.send_headers(stream, lines, end_stream=not body)
        for start in range(0, len(body), 16_384):
            window = self._http.local_flow_control_window(stream)
            part = body[start : start + 16_384][:window]
            if part:
                self._http.send_data(stream, part)
        if body:
            self._http.end_stream(stream)

    def _drip(self, stream: int) -> None:
        self._http.send_headers(stream, [(":status", "200")])
        while not self._fake.stopping.wait(0.05):
            self._http.send_data(stream, b" ")
            self._flush()

    def _say_goodbye(self, last: int) -> None:
        self._http.close_connection(last_stream_id=last)
        self._flush()
        raise ConnectionResetError

    def _flush(self) -> None:
        self._socket.sendall(self._http.data_to_send())

    def _cut(self) -> None:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self._socket.detach())
        raise ConnectionResetError


def _self_signed(place: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fake APNs")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    place.write_bytes(certificate.public_bytes(_PEM))
    secret = place.with_suffix(".key")
    secret.write_bytes(key.private_bytes(_PEM, *_OPEN))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(place, secret)
    context.set_alpn_protocols(["h2"])
    return context
