"""Who sends the request: a bearer token becomes an actor and a claim about a session, with no query."""

import base64
import uuid
from dataclasses import dataclass
from functools import cached_property

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from apps.accounts import tokens
from apps.accounts.errors import TokenInvalid
from apps.accounts.models import ApiKey
from apps.accounts.services import api_keys, sessions
from apps.core import cache
from apps.core.actors import Actor


@dataclass(frozen=True)
class SessionClaim:
    """What an access token says of its session; the gate compares it with the cache (`core/http/gate.py`)."""

    session_id: uuid.UUID
    generation: int
    leaf: str
    expires_at: int = 0

    @cached_property
    def cache_key(self) -> str:
        return cache.session_key(self.session_id)

    def confirm(self) -> None:
        """Check the claim against the database and tell the cache; raises Unauthenticated when it no longer holds."""
        sessions.confirm(
            session_id=self.session_id,
            generation=self.generation,
            digest=base64.urlsafe_b64decode(self.leaf),
        )


@dataclass(frozen=True)
class KeyClaim:
    """What an API key says of itself; the gate looks whether it was taken back, as it looks at a session."""

    key: ApiKey

    @cached_property
    def cache_key(self) -> str:
        return cache.session_key(self.key.pk)

    @cached_property
    def leaf(self) -> str:
        return tokens.digest_of(self.key.secret_hash)

    def confirm(self) -> None:
        """Check the key against the database and tell the cache; raises Unauthenticated when it no longer stands."""
        api_keys.confirm(self.key)


class AccessTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access token>` (RFC 6750) of a person, `Authorization: Api-Key <key>` of a server."""

    def authenticate(self, request: Request) -> tuple[Actor, SessionClaim | KeyClaim] | None:
        # Not by way of `request.headers`, which would spell every header anew.
        scheme, _, shown = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if not scheme:
            return None
        text = shown.strip()
        if scheme.lower() == "api-key":
            key = api_keys.read(text)
            return Actor(key.user_id, None, frozenset(key.scopes)), KeyClaim(key)
        if scheme.lower() != "bearer":
            raise TokenInvalid("Send the access token as a bearer token.")
        claims = tokens.read_access(text)
        actor = Actor(
            claims.user_id, claims.session_id, claims.scopes, claims.auth_time, claims.device_key
        )
        return actor, SessionClaim(
            claims.session_id, claims.generation, claims.leaf, claims.expires_at
        )

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
