"""ID tokens that a phone got from Apple or Google: verified, and read as a person (OpenID Connect Core §3.1.3.7)."""

import hashlib
import hmac
import re
import time
from dataclasses import dataclass
from typing import Any, Literal

import jwt
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from apps.accounts.errors import IdTokenInvalid, ProviderNotConfigured, ProviderUnavailable
from apps.accounts.providers import keysets
from apps.accounts.querysets import one_spelling

type Provider = Literal["apple", "google"]
PROVIDERS: tuple[Provider, ...] = ("apple", "google")

_SHAPE = re.compile(
    r"[A-Za-z0-9_-]{1,1024}\.[A-Za-z0-9_-]{1,8192}\.[A-Za-z0-9_-]{1,1024}", re.ASCII
)
_CLAIMS = ["iss", "sub", "aud", "exp", "iat", "nonce"]
# Seconds by which an issuer's clock and ours may differ.
_SKEW = 30
# Seconds after which a token is too old to sign in with, whatever its issuer says: Apple's are good for a day.
_MOST_AGE = 3_600


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as their issuer knows them.

    `vouched` says that the issuer is the one to ask whose mailbox `email` is.
    """

    issuer: str
    subject: str
    client_id: str
    email: str | None
    vouched: bool


def read(provider: Provider, token: str, nonce: str) -> Person:
    """Return whom an ID token is about. `nonce` is what the app made for this sign-in, as it was made.

    Raises ProviderNotConfigured, IdTokenInvalid, and ProviderUnavailable when the issuer's keys can't be had.
    """
    own = settings.IDENTITY_PROVIDERS[provider]
    if not own["client_ids"]:
        raise ProviderNotConfigured
    claims = _verified(token, own)
    # Apple is given the hash, so that the app alone knows what it is of; Google is given the nonce.
    expected = hashlib.sha256(nonce.encode()).hexdigest() if own["hashes_nonce"] else nonce
    if not hmac.compare_digest(str(claims["nonce"]).encode(), expected.encode()):
        raise IdTokenInvalid("The nonce is another.")
    email = _address(claims.get("email"))
    return Person(
        issuer=own["issuers"][0],
        subject=claims["sub"],
        client_id=claims["aud"],
        email=email,
        vouched=bool(email) and _vouches(provider, claims, email or ""),
    )


def _verified(token: str, own: dict[str, Any]) -> dict[str, Any]:
    if not _SHAPE.fullmatch(token):
        raise IdTokenInvalid
    try:
        claims: dict[str, Any] = _decoded(token, own)
    except jwt.PyJWTError as fault:
        raise IdTokenInvalid from fault
    except keysets.Unreachable as away:
        raise ProviderUnavailable(retry_after=away.retry_after) from away
    if not _is_for_us(claims, own["client_ids"]) or not _is_of_now(claims["iat"]):
        raise IdTokenInvalid
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
        raise IdTokenInvalid
    return claims


def _decoded(token: str, own: dict[str, Any]) -> dict[str, Any]:
    kid = jwt.get_unverified_header(token).get("kid")
    key = keysets.key_set(own["keys_url"]).key(kid) if isinstance(kid, str) else None
    if key is None:
        raise jwt.InvalidKeyError("unknown kid")
    return jwt.decode(
        token,
        key.key,
        # The key says what it signs with, and not the token.
        algorithms=[keysets.ALGORITHMS[key.key_type or ""]],
        audience=own["client_ids"],
        issuer=own["issuers"],
        leeway=_SKEW,
        options={"require": _CLAIMS, "verify_iat": False},
    )


def _is_for_us(claims: dict[str, Any], client_ids: list[str]) -> bool:
    # One audience: a token for several could be passed on by any of them.
    return isinstance(claims["aud"], str) and claims.get("azp", claims["aud"]) in client_ids


def _is_of_now(issued_at: Any) -> bool:
    if not isinstance(issued_at, int | float):
        return False
    return -_SKEW <= time.time() - issued_at <= _MOST_AGE


def _address(email: Any) -> str | None:
    try:
        address = one_spelling(email) if isinstance(email, str) and len(email) <= 254 else ""
        validate_email(address)
    except (UnicodeError, ValidationError):
        return None
    return address


def _vouches(provider: Provider, claims: dict[str, Any], email: str) -> bool:
    if claims.get("email_verified") not in (True, "true"):
        return False
    # Google checks other mailboxes once, when somebody signs up there; they may have changed hands since.
    return provider != "google" or email.endswith("@gmail.com") or bool(claims.get("hd"))
