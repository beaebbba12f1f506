"""Access tokens of a Google service account: signed for, fetched, kept until shortly before they expire (RFC 7523)."""

import asyncio
import json
import time
from typing import Any
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from apps.core.outgoing import NoReply
from apps.notifications.providers.base import CredentialsRejected, Unreachable
from apps.notifications.providers.wire.http1 import KeptConnections

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_SECONDS = 3600
# A token is replaced this long before it expires, so that no message leaves with one that dies on the way.
_MARGIN_SECONDS = 300


class ServiceAccount:
    """The identity in a credentials file as Google hands it out; it names its own token endpoint."""

    def __init__(self, credentials: str, scope: str, client: KeptConnections) -> None:
        info = json.loads(credentials)
        self.project_id: str = info["project_id"]
        self._email: str = info["client_email"]
        self._token_uri: str = info["token_uri"]
        self._key_id: str = info["private_key_id"]
        self._key: Any = load_pem_private_key(info["private_key"].encode(), password=None)
        self._scope = scope
        self._client = client
        self._lock = asyncio.Lock()
        self._token = ""
        self._fresh_until = 0.0

    async def token(self) -> str:
        """Return a valid access token; one exchange fetches it, the others wait.

        Raises CredentialsRejected when Google does not know us, Unreachable when it gives no usable answer.
        """
        async with self._lock:
            if time.monotonic() >= self._fresh_until:
                self._token, seconds = await self._fetch()
                self._fresh_until = time.monotonic() + max(0, seconds - _MARGIN_SECONDS)
            return self._token

    def forget(self, token: str) -> None:
        """Drop a token that was refused, unless another exchange has replaced it already."""
        if token == self._token:
            self._fresh_until = 0.0

    async def _fetch(self) -> tuple[str, int]:
        form = {"grant_type": _GRANT, "assertion": self._assertion()}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            reply = await self._client.post(
                self._token_uri, content=urlencode(form).encode(), headers=headers
            )
        except NoReply as failure:
            raise Unreachable(f"token_{failure}") from failure
        if reply.status in {400, 401, 403}:
            raise CredentialsRejected(f"token_http_{reply.status}")
        if reply.status != 200:
            raise Unreachable(f"token_http_{reply.status}")
        return _granted(reply.body)

    def _assertion(self) -> str:
        now = int(time.time())
        claims = {
            "iss": self._email,
            "scope": self._scope,
            "aud": self._token_uri,
            "iat": now,
            "exp": now + _ASSERTION_SECONDS,
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self._key_id})


def _granted(body: bytes) -> tuple[str, int]:
    try:
        grant: Any = json.loads(body)
        token, seconds = grant["access_token"], grant["expires_in"]
    except (ValueError, TypeError, KeyError, RecursionError) as fault:
        raise Unreachable("token_unreadable") from fault
    if not (isinstance(token, str) and token.isascii() and token.isprintable() and token):
        raise Unreachable("token_unreadable")
    if not isinstance(seconds, int) or not 0 < seconds <= 24 * 3600:
        raise Unreachable("token_unreadable")
    return token, seconds
