"""Access and refresh tokens: what they say.

Both are JSON Web Tokens (RFC 7519), signed and checked by the ring of keys (`ring.py`) and nothing else. They are made
and read without a query; whether their session still stands is `services/sessions.py`'s question.
"""

import base64
import time
import uuid
from collections.abc import Buffer
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.conf import settings
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError
from rest_framework_simplejwt.tokens import Token

from apps.accounts.errors import SessionRevoked, TokenExpired, TokenInvalid
from apps.accounts.models import Session
from apps.accounts.tokens.ring import KeyRing, ring
from apps.core.actors import APP

# What a phone may do on its person's behalf.
PHONE_SCOPES = (APP,)

# As much of a leaf's hash as an access token shows: enough to tell leaves apart, useless for refreshing.
_DIGEST_BYTES = 12


class AccessToken(Token):
    token_type = "access"  # noqa: S105
    lifetime = settings.ACCESS_TOKEN_LIFETIME

    def get_token_backend(self) -> KeyRing:
        return ring(tuple(settings.TOKEN_SIGNING_KEYS))


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
    device_key: str = ""


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
    if session.device_key:
        token["cnf"] = {"jkt": session.device_key}
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
            device_key=str(token.get("cnf", {}).get("jkt", "")),
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
