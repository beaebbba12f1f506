"""Access and refresh tokens: what they say, and the ring of keys that signs them.

Both are JSON Web Tokens (RFC 7519) of one algorithm, signed and checked here alone (RFC 8725). They are made and read
without a query; whether their session still stands is `services/sessions.py`'s question.
"""

import base64
import hashlib
import re
import time
import uuid
from collections.abc import Buffer, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import jwt
from django.conf import settings
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import (
    ExpiredTokenError,
    TokenBackendError,
    TokenBackendExpiredToken,
    TokenError,
)
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import Token

from apps.accounts.errors import SessionRevoked, TokenExpired, TokenInvalid
from apps.accounts.models import Session

# What a phone may do on its person's behalf. Narrower tokens will name narrower scopes.
PHONE_SCOPES = ("app",)

# Bounds on what is decoded before the signature is checked; ours are half as long.
_SHAPE = re.compile(r"[A-Za-z0-9_-]{1,256}\.[A-Za-z0-9_-]{1,1024}\.[A-Za-z0-9_-]{43}", re.ASCII)
_CLAIMS = ("sub", "sid", "gen", "leaf", "typ", "jti", "iat", "exp")
# Seconds by which the clocks of web servers may differ.
_SKEW = 5
# As much of a leaf's hash as an access token shows: enough to tell leaves apart, useless for refreshing.
_DIGEST_BYTES = 12


class KeyRing(TokenBackend):
    """Signs with the first key and verifies with the key that the token names (`kid`)."""

    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__(
            api_settings.ALGORITHM, audience=api_settings.AUDIENCE, issuer=api_settings.ISSUER
        )
        self._keys = {hashlib.sha256(b"kid\0" + key.encode()).hexdigest()[:12]: key for key in keys}
        self._newest = next(iter(self._keys))

    def encode(self, payload: dict[str, Any]) -> str:
        return jwt.encode(
            {**payload, "aud": self.audience, "iss": self.issuer},
            self._keys[self._newest],
            algorithm=self.algorithm,
            headers={"kid": self._newest},
        )

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        """Return the claims of a token that one of our keys signed, whatever `verify` says."""
        if not _SHAPE.fullmatch(token):
            raise TokenBackendError("malformed")
        try:
            payload = jwt.decode(
                token,
                self._key_of(token),
                algorithms=[self.algorithm],
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

    def _key_of(self, token: str) -> str:
        key = self._keys.get(jwt.get_unverified_header(token).get("kid", ""))
        if key is None:
            raise jwt.InvalidTokenError("unknown kid")
        return key


class AccessToken(Token):
    token_type = "access"  # noqa: S105
    lifetime = settings.ACCESS_TOKEN_LIFETIME

    def get_token_backend(self) -> KeyRing:
        return _ring(tuple(settings.TOKEN_SIGNING_KEYS))


class RefreshToken(AccessToken):
    token_type = "refresh"  # noqa: S105
    lifetime = settings.SESSION_IDLE_LIFETIME


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token of ours says.

    `leaf` is the public digest in an access token, the secret itself in a refresh token.
    """

    user_id: uuid.UUID
    session_id: uuid.UUID
    generation: int
    leaf: str
    scopes: frozenset[str]
    auth_time: int
    expires_at: int


def access_for(session: Session, now: datetime) -> tuple[str, int]:
    """Return an access token for the session's current leaf, and how many seconds it is good for."""
    return access_of(session, session.generation, digest_of(session.leaf_hash), now)


def access_of(session: Session, generation: int, leaf: str, now: datetime) -> tuple[str, int]:
    """The same for any leaf of the session's: its generation and its public name say which."""
    lifetime = min(settings.ACCESS_TOKEN_LIFETIME, session.absolute_expires_at - now)
    token = AccessToken()
    token.set_iat(at_time=now)
    token.set_exp(from_time=now, lifetime=lifetime)
    _describe(token, session, leaf)
    token["gen"] = generation
    token["scope"] = " ".join(PHONE_SCOPES)
    token["auth_time"] = int(session.auth_time.timestamp())
    return str(token), int(lifetime.total_seconds())


def refresh_for(session: Session, leaf: bytes) -> str:
    """Return the refresh token that carries the session's current leaf."""
    token = RefreshToken()
    token["exp"] = int(session.idle_expires_at.timestamp())
    _describe(token, session, _unpadded(leaf))
    return str(token)


def _describe(token: Token, session: Session, leaf: str) -> None:
    token["sub"] = str(session.user_id)
    token["sid"] = str(session.pk)
    token["gen"] = session.generation
    token["leaf"] = leaf


def read_access(text: str) -> Claims:
    """Return what an access token says; no query.

    Raises TokenExpired, TokenInvalid.
    """
    claims = _verified_access(text, tuple(settings.TOKEN_SIGNING_KEYS))
    if claims.expires_at <= time.time():
        raise TokenExpired
    return claims


# A phone shows the same token for ten minutes. Only tokens that were genuine are kept, so nobody can fill this.
@lru_cache(maxsize=4_096)
def _verified_access(text: str, keys: tuple[str, ...]) -> Claims:
    try:
        return _claims(AccessToken(text))  # type: ignore[arg-type]
    except ExpiredTokenError as expired:
        raise TokenExpired from expired
    except TokenError as fault:
        raise TokenInvalid from fault


def read_refresh(text: str) -> Claims:
    """Return what a refresh token says; no query.

    Raises TokenInvalid, and SessionRevoked when the token outlived its session.
    """
    try:
        return _claims(RefreshToken(text))  # type: ignore[arg-type]
    except ExpiredTokenError as expired:
        raise SessionRevoked from expired
    except TokenError as fault:
        raise TokenInvalid from fault


def _claims(token: Token) -> Claims:
    try:
        return Claims(
            user_id=uuid.UUID(token["sub"]),
            session_id=uuid.UUID(token["sid"]),
            generation=int(token["gen"]),
            leaf=str(token["leaf"]),
            scopes=frozenset(token.get("scope", "").split()),
            auth_time=int(token.get("auth_time", 0)),
            expires_at=int(token["exp"]),
        )
    except (ValueError, TypeError, AttributeError) as fault:
        raise TokenError("malformed claims") from fault


def leaf_in(claims: Claims) -> bytes:
    """Return the leaf, or its public beginning, as bytes."""
    return _decoded(claims.leaf)


def digest_of(leaf_hash: Buffer) -> str:
    """Return the public name of a leaf: 16 characters, 96 bits of its hash."""
    return _unpadded(bytes(leaf_hash)[:_DIGEST_BYTES])


def _unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


@lru_cache(maxsize=4)
def _ring(keys: tuple[str, ...]) -> KeyRing:
    return KeyRing(keys)
