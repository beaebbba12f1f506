"""Public keys of other issuers (RFC 7517): fetched when needed, kept for an hour, fetched anew when they rotate."""

import json
import threading
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jwt
from django.conf import settings

from apps.core.outgoing import BoundedClient, NoReply

# What a key may sign with. Symmetric algorithms have no place here: a public key is no secret (RFC 8725 §3.1).
ALGORITHMS = {"RSA": "RS256", "EC": "ES256"}
_FRESH_SECONDS = 3_600.0
# While an issuer is away, its last keys still serve.
_STALE_SECONDS = 24 * 3_600.0
# Nobody makes us ask an issuer more often, whatever keys their tokens name.
_PAUSE_SECONDS = 10.0
_MOST_KEYS = 32
_LEAST_RSA_BITS = 2_048


class Unreachable(Exception):
    """The issuer gave no usable answer; `retry_after` is in seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("the issuer's keys are not known")
        self.retry_after = retry_after


class KeySet:
    """The keys at one address. Safe for threads: one fetches, the others wait for it, and not for long."""

    def __init__(self, url: str, client: BoundedClient) -> None:
        self._url, self._client = url, client
        self._lock = threading.Lock()
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._next_try = float("-inf")

    def key(self, kid: str) -> jwt.PyJWK | None:
        """Return the key of a name, None when the issuer has no such key; raises Unreachable."""
        known = self._known(kid, _FRESH_SECONDS)
        if known:
            return known
        with self._lock:
            return self._known(kid, _FRESH_SECONDS) or self._fetched(kid)

    def _known(self, kid: str, age: float) -> jwt.PyJWK | None:
        young = time.monotonic() - self._fetched_at < age
        return self._keys.get(kid) if young else None

    def _fetched(self, kid: str) -> jwt.PyJWK | None:
        now = time.monotonic()
        try:
            if now < self._next_try:
                raise Unreachable(self._next_try - now)
            self._next_try = now + _PAUSE_SECONDS
            self._keys, self._fetched_at = self._fetch(), time.monotonic()
        except Unreachable:
            stale = self._known(kid, _STALE_SECONDS)
            if stale is None:
                raise
            return stale
        found = self._keys.get(kid)
        if found:
            # Asking was worth it: the next rotation need not wait.
            self._next_try = now
        return found

    def _fetch(self) -> Mapping[str, jwt.PyJWK]:
        try:
            reply = self._client.get(self._url)
        except NoReply as failure:
            raise Unreachable(_PAUSE_SECONDS) from failure
        keys = _usable(reply.body) if reply.status == 200 else {}
        if not keys:
            raise Unreachable(_PAUSE_SECONDS)
        return keys


def _usable(body: bytes) -> Mapping[str, jwt.PyJWK]:
    """Return the keys of a document that we would accept a signature of; what is odd is left out."""
    try:
        entries: Any = json.loads(body)["keys"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}
    if not isinstance(entries, list):
        return {}
    read = ((entry["kid"], _key_of(entry)) for entry in entries[:_MOST_KEYS] if _is_named(entry))
    return {kid: key for kid, key in read if key}


def _is_named(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("kid"), str)


def _key_of(entry: dict[str, Any]) -> jwt.PyJWK | None:
    kind = entry.get("kty")
    algorithm = ALGORITHMS.get(kind) if isinstance(kind, str) else None
    # A private member has no business here; PyJWT would take the key for a private one.
    if not algorithm or entry.get("use", "sig") != "sig" or "d" in entry:
        return None
    if entry.get("alg", algorithm) != algorithm or entry.get("crv", "P-256") != "P-256":
        return None
    try:
        key = jwt.PyJWK(entry, algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
        return None
    weak = kind == "RSA" and key.key.key_size < _LEAST_RSA_BITS
    return None if weak else key


@lru_cache(maxsize=1)
def client() -> BoundedClient:
    """Return the client for issuers of identities."""
    connect, read = settings.IDENTITY_TIMEOUTS
    return BoundedClient(connect=connect, read=read)


@lru_cache(maxsize=8)
def key_set(url: str) -> KeySet:
    """Return this process's copy of the keys at an address."""
    return KeySet(url, client())
