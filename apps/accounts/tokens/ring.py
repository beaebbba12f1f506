"""The ring of keys that signs tokens: secrets (HS256) and key pairs (EdDSA) side by side, each token naming its own.

A key stands for one algorithm (RFC 8725 §3.1), so a token can't choose how it is checked. The first key signs; all
verify, and the public halves of pairs are published (RFC 7517), so that other services can verify as well.
"""

import base64
import hashlib
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenBackendExpiredToken
from rest_framework_simplejwt.settings import api_settings

# How the setting of a pair begins; the seed follows, base64 of 32 bytes (RFC 8032).
PAIR = "ed25519:"

# Bounds on what is decoded before the signature is checked; ours are half as long. 32 or 64 bytes of signature.
_SHAPE = re.compile(
    r"[A-Za-z0-9_-]{1,256}\.[A-Za-z0-9_-]{1,1024}\.(?:[A-Za-z0-9_-]{43}|[A-Za-z0-9_-]{86})",
    re.ASCII,
)
_CLAIMS = ("sub", "sid", "gen", "leaf", "typ", "jti", "iat", "exp")
# Seconds by which the clocks of web servers may differ.
_SKEW = 5


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its public name, the algorithm that it is for, and both of its halves (the same where it has one)."""

    kid: str
    algorithm: str
    signs: Any
    verifies: Any


def new_pair() -> str:
    """Make a pair, as a setting holds it."""
    return PAIR + base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


def _key(text: str) -> Key:
    kid = hashlib.sha256(b"kid\0" + text.encode()).hexdigest()[:12]
    if not text.startswith(PAIR):
        return Key(kid, "HS256", text, text)
    seed = base64.b64decode(text.removeprefix(PAIR), validate=True)
    private = Ed25519PrivateKey.from_private_bytes(seed)
    return Key(kid, "EdDSA", private, private.public_key())


class KeyRing(TokenBackend):
    """Signs with the first key and verifies with the key that the token names (`kid`)."""

    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__(
            api_settings.ALGORITHM, audience=api_settings.AUDIENCE, issuer=api_settings.ISSUER
        )
        self._keys = {key.kid: key for key in map(_key, keys)}
        self._newest = next(iter(self._keys.values()))

    def encode(self, payload: dict[str, Any]) -> str:
        return jwt.encode(
            {**payload, "aud": self.audience, "iss": self.issuer},
            self._newest.signs,
            algorithm=self._newest.algorithm,
            headers={"kid": self._newest.kid},
        )

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        """Return the claims of a token that one of our keys signed, whatever `verify` says."""
        if not _SHAPE.fullmatch(token):
            raise TokenBackendError("malformed")
        try:
            key = self._key_of(token)
            payload = jwt.decode(
                token,
                key.verifies,
                algorithms=[key.algorithm],
                audience=self.audience,
                issuer=self.issuer,
                # `iat` is compared below, with patience for clocks.
                options={"require": [*_CLAIMS, "aud", "iss"], "verify_iat": False},
            )
        except jwt.ExpiredSignatureError as expired:
            raise TokenBackendExpiredToken("expired") from expired
        except jwt.InvalidTokenError as fault:
            raise TokenBackendError("invalid") from fault
        if not isinstance(payload["iat"], int) or payload["iat"] > time.time() + _SKEW:
            raise TokenBackendError("issued in the future")
        return payload

    def _key_of(self, token: str) -> Key:
        key = self._keys.get(jwt.get_unverified_header(token).get("kid", ""))
        if key is None:
            raise jwt.InvalidTokenError("unknown kid")
        return key

    @property
    def public(self) -> list[dict[str, str]]:
        """The halves that everybody may know, as JSON Web Keys (RFC 8037); of a secret there is none."""
        return [_published(key) for key in self._keys.values() if key.algorithm == "EdDSA"]


def _published(key: Key) -> dict[str, str]:
    raw = key.verifies.public_bytes(Encoding.Raw, PublicFormat.Raw)
    x = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    return {
        "kid": key.kid,
        "kty": "OKP",
        "crv": "Ed25519",
        "alg": key.algorithm,
        "use": "sig",
        "x": x,
    }


@lru_cache(maxsize=4)
def ring(keys: tuple[str, ...]) -> KeyRing:
    """Return the ring of these settings."""
    return KeyRing(keys)
