"""A fake issuer of identities on a loopback port: it publishes its keys, rotates them, signs good and bad ID tokens,
and stands in for Apple's token endpoint.

What it answers next is scripted with `plan`: a status and a body, or a manner of not answering.
"""

import hashlib
import json
import secrets
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SO_LINGER, SOL_SOCKET
from typing import Any, Self
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

type PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

APPLE, GOOGLE = "https://appleid.apple.com", "https://accounts.google.com"
CLIENT = "test.app"


@lru_cache
def key(kind: str, number: int = 0) -> PrivateKey:
    """Return one of a few private keys, which are slow to make."""
    if kind == "EC":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(private: PrivateKey) -> str:
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


class FakeIssuer:
    """The server, its keys and its scripts. A context manager: serving inside, stopped outside."""

    def __init__(self) -> None:
        self.fetches = 0
        self.exchanged: list[dict[str, str]] = []
        self.revoked: list[str] = []
        self.refresh_token = secrets.token_urlsafe(24)
        self.keys: dict[str, PrivateKey] = {}
        self._plan: deque[tuple[int, bytes] | str] = deque()
        self.rotate()
        handler = type("_Bound", (_Handler,), {"issuer": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    # Keys

    def rotate(self, kind: str = "RSA") -> str:
        """Retire all keys and publish another; return its name."""
        self.kid = secrets.token_hex(4)
        self.keys = {self.kid: key(kind, len(self.keys) % 2)}
        return self.kid

    def published(self) -> dict[str, Any]:
        found = []
        for kid, private in self.keys.items():
            is_rsa = isinstance(private, rsa.RSAPrivateKey)
            kind: Any = RSAAlgorithm if is_rsa else ECAlgorithm
            entry = kind.to_jwk(private.public_key(), as_dict=True)
            algorithm = "RS256" if is_rsa else "ES256"
            found.append({**entry, "kid": kid, "use": "sig", "alg": algorithm})
        return {"keys": found}

    def plan(self, *answers: tuple[int, bytes] | str) -> None:
        """Answer the next requests like this, then as usual again."""
        self._plan.extend(answers)

    def next_answer(self) -> tuple[int, bytes] | str | None:
        return self._plan.popleft() if self._plan else None

    # Tokens

    def token(
        self,
        provider: str,
        subject: str,
        nonce: str,
        /,
        *,
        header: dict[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """Sign an ID token as the provider would; a claim of None is left out."""
        now = int(time.time())
        is_apple = provider == "apple"
        body = {
            "iss": APPLE if is_apple else GOOGLE,
            "aud": CLIENT,
            "sub": subject,
            "iat": now,
            "exp": now + 3600,
            "nonce": hashlib.sha256(nonce.encode()).hexdigest() if is_apple else nonce,
            **claims,
        }
        private = self.keys[self.kid]
        algorithm = "RS256" if isinstance(private, rsa.RSAPrivateKey) else "ES256"
        said = {name: value for name, value in body.items() if value is not None}
        return jwt.encode(said, private, algorithm, headers={"kid": self.kid} | (header or {}))

    def answer_exchange(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Check a request for tokens as Apple does, and grant it once."""
        public = key("EC").public_key()
        try:
            jwt.decode(form["client_secret"], public, ["ES256"], audience=APPLE)
        except (jwt.PyJWTError, KeyError):
            return 400, {"error": "invalid_client"}
        if form.get("code") != "good-code" or self.exchanged:
            return 400, {"error": "invalid_grant"}
        self.exchanged.append(form)
        return 200, {"refresh_token": self.refresh_token, "access_token": "a", "expires_in": 3600}

    def answer_revocation(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Check who wants a token back, and take it: also one that was never given, as Apple does."""
        public = key("EC").public_key()
        try:
            jwt.decode(form["client_secret"], public, ["ES256"], audience=APPLE)
        except (jwt.PyJWTError, KeyError):
            return 400, {"error": "invalid_client"}
        self.revoked.append(form["token"])
        return 200, {}


class _Handler(BaseHTTPRequestHandler):
    issuer: FakeIssuer

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self.issuer.fetches += 1
        self._answer(lambda: (200, self.issuer.published()))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        if self.path == "/auth/revoke":
            self._answer(lambda: self.issuer.answer_revocation(form))
        else:
            self._answer(lambda: self.issuer.answer_exchange(form))

    def _answer(self, as_usual: Callable[[], tuple[int, Any]]) -> None:
        scripted = self.issuer.next_answer()
        if scripted == "reset":
            self.connection.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        if isinstance(scripted, tuple):
            status, content = scripted
        else:
            status, document = as_usual()
            content = json.dumps(document).encode()
        self.send_response(status)
        self.end_headers()
        self.wfile.write(content)
