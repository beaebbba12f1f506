"""Proof that a request comes from the device that signed in: DPoP (RFC 9449), with a key that never leaves the phone.

The key's thumbprint (RFC 7638) is kept with the session and named by its access tokens (`cnf.jkt`). A proof is a small
token that the phone signs for each request: for this verb and address, for the token shown with it, now, and once.
"""

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import jwt
from django.conf import settings
from rest_framework.request import Request

from apps.core import cache
from apps.core.errors import DeviceKeyMissing, DeviceProofInvalid, Unavailable

HEADER = "DPoP"
_LONGEST = 4_096
_LONGEST_ID = 128
_CLAIMS = ("htm", "htu", "iat", "jti", "ath")


def thumbprint(key: Mapping[str, str]) -> str:
    """Return the name of a P-256 public key, which is all that is kept of it."""
    named = {name: key[name] for name in ("crv", "kty", "x", "y")}
    return _hash_of(json.dumps(named, separators=(",", ":")))


def demand(request: Request, token: str, key: str, *, required: bool) -> None:
    """Refuse a request that does not prove the key to which its token is bound.

    Raises DeviceProofInvalid, and Unavailable while nobody can tell whether the proof was used before; where the token
    is bound to no key, DeviceKeyMissing if the operation asks for one.
    """
    if not key:
        if required:
            raise DeviceKeyMissing
        return
    if not hmac.compare_digest(key, shown(request, token)):
        raise DeviceProofInvalid("The proof is not made with the key of this session.")


def shown(request: Request, token: str, *, needs_memory: bool = True) -> str:
    """Return the thumbprint of the key that the request proves, and spend the proof; "" where none is shown.

    Raises DeviceProofInvalid. While Redis is away it raises Unavailable, unless the token that comes with the proof is
    itself good only once: then there is no need to remember (`needs_memory`).
    """
    text = request.META.get("HTTP_DPOP", "")
    if not text:
        return ""
    try:
        key, claims = _verified(text)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as fault:
        raise DeviceProofInvalid from fault
    wanted = {
        "htm": request.method,
        "htu": request.build_absolute_uri(request.path),
        "ath": _hash_of(token),
    }
    wrong = [name for name, value in wanted.items() if claims[name] != value]
    if wrong:
        raise DeviceProofInvalid(f"The proof is for something else: see {', '.join(wrong)}.")
    _spend(key, claims["jti"], needs_memory=needs_memory)
    return key


def _verified(text: str) -> tuple[str, dict[str, Any]]:
    if len(text) > _LONGEST:
        raise ValueError("too long")
    header = jwt.get_unverified_header(text)
    public = header["jwk"]
    if header.get("typ") != "dpop+jwt" or "d" in public or public["crv"] != "P-256":
        raise ValueError("not a proof of a P-256 key")
    # The clock is looked at below: phones' go wrong both ways.
    options: Any = {"require": list(_CLAIMS), "verify_iat": False, "verify_aud": False}
    key = jwt.PyJWK(public, algorithm="ES256")
    claims = jwt.decode(text, key, algorithms=["ES256"], options=options)
    if not isinstance(claims["jti"], str) or not 16 <= len(claims["jti"]) <= _LONGEST_ID:
        raise ValueError("no name of its own")
    if not abs(time.time() - float(claims["iat"])) <= settings.DEVICE_PROOF_SECONDS:
        raise DeviceProofInvalid("The proof is too old or too new: set `iat` by our Date header.")
    return thumbprint(public), claims


def _spend(key: str, name: str, *, needs_memory: bool) -> None:
    place = cache.proof_key(key, _hash_of(name))
    # From as early as it may come to as late.
    seconds = 2 * settings.DEVICE_PROOF_SECONDS + 1
    try:
        is_new = cache.call(lambda server: server.set(place, "1", nx=True, ex=seconds))
    except cache.CacheDown as down:
        if needs_memory:
            raise Unavailable from down
        return
    if not is_new:
        raise DeviceProofInvalid("This proof was used before. Make one for each request.")


def _hash_of(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
