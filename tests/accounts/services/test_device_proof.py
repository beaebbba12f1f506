"""A session bound to its device: a stolen token is worth nothing without the key that stayed on the phone."""

import hashlib
import json
import secrets
import time
from base64 import urlsafe_b64encode
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import RequestFactory

from apps.accounts import tokens
from apps.accounts.api.authentication import AccessTokenAuthentication
from apps.accounts.models import Session
from apps.core.http.operations import Budget, operation
from apps.core.http.permissions import SignedIn
from apps.core.http.views import ApiView
from tests.accounts.conftest import DEAD
from tests.phone import PASSWORD, Answer, Phone

HOST = "http://testserver"


class DeviceKey:
    """What a phone keeps in its secure hardware."""

    def __init__(self, curve: ec.EllipticCurve | None = None) -> None:
        self.private = ec.generate_private_key(curve or ec.SECP256R1())
        known = jwt.algorithms.ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        self.public = {name: known[name] for name in ("kty", "crv", "x", "y")}

    def proof(self, token: str, path: str = "/api/v1/auth/refresh", **differs: Any) -> str:
        header = {"typ": "dpop+jwt", "jwk": self.public} | differs.pop("header", {})
        claims = {
            "htm": "POST",
            "htu": HOST + path,
            "iat": int(time.time()),
            "jti": secrets.token_urlsafe(16),
            "ath": hashed(token),
        }
        said = {name: value for name, value in (claims | differs).items() if value is not None}
        return jwt.encode(said, self.private, "ES256", headers=header)


def hashed(token: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def key() -> DeviceKey:
    return DeviceKey()


@pytest.fixture
def bound(author: Phone, key: DeviceKey) -> Phone:
    """The author's phone, signed in anew with its key."""
    body = {"email": author.email, "password": PASSWORD}
    answer = author.post(
        "auth/login", body | {"device": author.device | {"public_key": key.public}}
    )
    assert answer.status == 200, answer.content
    return author.keep(answer.json)


def refresh(phone: Phone, proof: str = "", attempt: str = "one attempt") -> Answer:
    body = {"refresh": phone.refresh_token, "attempt": attempt}
    return phone.post("auth/refresh", body, **({"dpop": proof} if proof else {}))


def test_the_device_refreshes_and_nobody_else(bound: Phone, key: DeviceKey) -> None:
    first = key.proof(bound.refresh_token)
    row = Session.objects.get(pk=tokens.read_refresh(bound.refresh_token).session_id)

    for thief in ("", DeviceKey().proof(bound.refresh_token)):
        refused = refresh(bound, thief)
        assert (refused.status, refused.code) == (401, "device_proof_invalid")
    row_after = Session.objects.get(pk=row.pk)
    assert row_after.leaf_hash == row.leaf_hash, "nothing was spent"
    answer = refresh(bound, first)
    assert answer.status == 200
    again = refresh(bound, first)
    assert again.code == "device_proof_invalid"
    assert "used before" in again.json["detail"]
    lost = refresh(bound, key.proof(bound.refresh_token))
    leaves = {tokens.read_refresh(one.json["refresh"]).leaf for one in (answer, lost)}
    assert len(leaves) == 1, "a repeated request has its own proof"
    assert bound.keep(answer.json).get("me").status == 200
    assert tokens.read_access(bound.access).device_key == row.device_key
    assert refresh(bound, key.proof(bound.refresh_token)).status == 200


def test_what_is_no_proof(bound: Phone, key: DeviceKey, unlimited: None) -> None:
    token, now = bound.refresh_token, int(time.time())
    other = DeviceKey()
    private = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.private))
    good = key.proof(token)
    head, body, signature = good.split(".")
    refused = [
        key.proof(token, htm="GET"),
        key.proof(token, "/api/v1/auth/login"),
        key.proof(token, htu="https://evil.test/api/v1/auth/refresh"),
        key.proof("another token"),
        *(key.proof(token, iat=now + off) for off in (-121 - 10, 121 + 10)),
        *(key.proof(token, iat=odd) for odd in ("now", [], True, float("nan"), float("inf"))),
        *(key.proof(token, jti=odd) for odd in ("short", 7, "x" * 129)),
        *(key.proof(token, **{name: None}) for name in ("htm", "htu", "iat", "jti", "ath")),
        key.proof(token, header={"typ": "JWT"}),
        key.proof(token, header={"jwk": private}),
        key.proof(token, header={"jwk": other.public}),
        key.proof(token, header={"jwk": None}),
        key.proof(token, header={"jwk": {"kty": "oct", "crv": "P-256", "k": "AAAA"}}),
        jwt.encode({"htm": "POST"}, "a shared secret of enough bytes!", "HS256"),
        f"{head}.{body}.{signature[:-6]}AAAAAA",
        f"{head}.{body}.",
        "x.y.z",
        "ä",
        "x" * 5_000,
    ]

    codes = {refresh(bound, proof).code for proof in refused}

    assert codes == {"device_proof_invalid"}
    for near in (-110, 110):
        answer = refresh(bound, key.proof(bound.refresh_token, iat=now + near))
        assert answer.status == 200, "clocks of phones go wrong"
        bound.keep(answer.json)


def test_what_is_no_key(author: Phone, unlimited: None) -> None:
    good = DeviceKey().public
    for bad, pointer in [
        (good | {"d": good["x"]}, "/device/public_key/d"),
        (good | {"crv": "P-384"}, "/device/public_key/crv"),
        (good | {"x": "AA"}, "/device/public_key/x"),
        ({"kty": "EC"}, "/device/public_key/crv"),
        ("a key", "/device/public_key"),
    ]:
        body = {"email": author.email, "password": PASSWORD, "device": author.device}
        body["device"] = {**author.device, "public_key": bad}
        answer = author.post("auth/login", body)
        assert answer.status == 400
        assert pointer in answer.pointers
    body["device"] = {**author.device, "public_key": good | {"x": good["y"], "y": "A" * 43}}
    off_the_curve = author.post("auth/login", body)
    assert (off_the_curve.status, len(off_the_curve.pointers)) == (400, 1)


def test_sessions_without_a_key_go_on_as_before(author: Phone) -> None:
    assert refresh(author).status == 200
    assert "cnf" not in jwt.decode(author.access, options={"verify_signature": False})


def test_redis_away_keeps_no_device_out(bound: Phone, key: DeviceKey, settings: Any) -> None:
    settings.CACHE_URL = DEAD
    assert refresh(bound, key.proof(bound.refresh_token)).status == 200
    assert refresh(bound, DeviceKey().proof(bound.refresh_token)).status == 401


class Vault(ApiView):
    """An operation that asks for the device, as a product may declare it."""

    authentication_classes = (AccessTokenAuthentication,)

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(redis=3),
        status=204,
        device_proof="required",
    )
    def post(self, request: Any) -> Any:
        """Open it."""
        return self.nothing()


def opened(phone: Phone, proof: str = "") -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {phone.access}"} | ({"DPoP": proof} if proof else {})
    request = RequestFactory().post("/vault", headers=headers)
    response = Vault.as_view()(request)
    code = "" if response.status_code == 204 else json.loads(response.content)["code"]
    return response.status_code, code


def test_an_operation_that_asks_for_the_device(
    bound: Phone, key: DeviceKey, stranger: Phone, settings: Any
) -> None:
    good = key.proof(bound.access, "/vault")

    assert opened(bound, good) == (204, "")
    for proof in (good, "", DeviceKey().proof(bound.access, "/vault"), key.proof("t", "/vault")):
        assert opened(bound, proof) == (401, "device_proof_invalid")
    assert opened(stranger, key.proof(stranger.access, "/vault")) == (403, "device_key_missing")
    settings.CACHE_URL = DEAD
    assert opened(bound, key.proof(bound.access, "/vault")) == (503, "unavailable")
