"""What Apple wants to be asked: a refresh token for an authorization code, needed to take it back one day.

Wire: https://developer.apple.com/documentation/signinwithapplerestapi
"""

import json
import time
from typing import Any
from urllib.parse import urlencode

import jwt
from django.conf import settings

from apps.accounts.providers import keysets
from apps.core.outgoing import NoReply

_AUDIENCE = "https://appleid.apple.com"
_SECRET_SECONDS = 300


class AppleAway(Exception):
    """Apple gave no usable answer; it may the next time."""


class AppleRefuses(Exception):
    """Apple does not take the code, or not from us; it never will."""


def is_configured() -> bool:
    """Tell whether we can show Apple who we are."""
    own = settings.APPLE_SERVICE
    return bool(own["team_id"] and own["key_id"] and own["private_key"])


def exchange(code: str, client_id: str) -> str:
    """Return the refresh token for an authorization code; raises AppleAway, AppleRefuses."""
    form = {"grant_type": "authorization_code", "code": code}
    granted = ask("/auth/token", form, client_id)
    token = granted.get("refresh_token")
    if not isinstance(token, str) or not 0 < len(token) <= 900:
        raise AppleAway("unreadable")
    return token


def revoke(token: str, client_id: str) -> None:
    """Take a refresh token back, and with it our place among the person's apps at Apple; a spent one is no mistake.

    Raises AppleAway, AppleRefuses.
    """
    ask("/auth/revoke", {"token": token, "token_type_hint": "refresh_token"}, client_id)


def ask(path: str, form: dict[str, str], client_id: str) -> dict[str, Any]:
    """Send a form in our name and return the answer's document; raises AppleAway, AppleRefuses."""
    body = {**form, "client_id": client_id, "client_secret": client_secret(client_id)}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    url = f"{settings.APPLE_SERVICE['base_url']}{path}"
    try:
        reply = keysets.client().post(url, content=urlencode(body).encode(), headers=headers)
    except NoReply as failure:
        raise AppleAway(str(failure)) from failure
    if reply.status in {400, 401, 403}:
        raise AppleRefuses(f"http_{reply.status}")
    if reply.status != 200:
        raise AppleAway(f"http_{reply.status}")
    return _document(reply.body)


def client_secret(client_id: str) -> str:
    """Sign what stands for a password of ours at Apple."""
    own, now = settings.APPLE_SERVICE, int(time.time())
    claims = {
        "iss": own["team_id"],
        "iat": now,
        "exp": now + _SECRET_SECONDS,
        "aud": _AUDIENCE,
        "sub": client_id,
    }
    return jwt.encode(claims, own["private_key"], "ES256", headers={"kid": own["key_id"]})


def _document(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise AppleAway("unreadable") from None
    if not isinstance(document, dict):
        raise AppleAway("unreadable")
    return document
