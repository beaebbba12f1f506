"""Signing in with Apple and Google: good tokens, bad tokens, and whose account an identity opens."""

import base64
import hmac
import json
import uuid
from typing import Any

import jwt
import pyotp
import pytest
from cryptography.hazmat.primitives import serialization
from django.core import mail

from apps.accounts import erasure, periodic
from apps.accounts.models import Identity, User
from apps.accounts.providers import keysets
from apps.core import crypto
from apps.core.models import Job
from tests.accounts.identities import ADDRESS, NONCE, bring, vouching
from tests.core.threads import in_threads
from tests.fakes.issuer import CLIENT, FakeIssuer, key
from tests.golden import golden
from tests.outbox import drain, pending
from tests.phone import Phone


@pytest.mark.parametrize("provider", ["apple", "google"])
def test_the_first_time_makes_an_account_and_later_ones_find_it(
    issuer: FakeIssuer, db: None, provider: str
) -> None:
    phone = Phone()
    first = bring(provider, vouching(issuer, provider), phone, display_name="Ada", locale="de")
    renamed = vouching(issuer, provider, email="moved@example.test")
    again = bring(provider, renamed)

    assert (first.status, again.status) == (200, 200)
    assert first.json["user"] == again.json["user"]
    assert {**first.json["user"], "id": "<uuid>"} == golden(__file__, "social-user")
    assert phone.keep(first.json).get("me").json["locale"] == "de"
    assert Identity.objects.get().user_id == User.objects.get().pk
    assert Phone().login(ADDRESS).status == 401, "there is no password"
    assert issuer.fetches == 1, "keys are kept"


BAD_CLAIMS: list[dict[str, Any]] = [
    {"iss": "https://evil.test"},
    {"iss": None},
    {"aud": "somebody.else"},
    {"aud": [CLIENT, "somebody.else"]},
    {"azp": "somebody.else"},
    {"nonce": NONCE[::-1]},
    {"nonce": None},
    {"nonce": 7},
    {"exp": 1_700_000_000},
    {"exp": None},
    {"iat": 1_700_000_000},
    {"iat": 4_000_000_000},
    {"iat": "now"},
    {"sub": ""},
    {"sub": "x" * 256},
    {"sub": None},
]


@pytest.mark.parametrize("provider", ["apple", "google"])
def test_bad_claims(issuer: FakeIssuer, db: None, provider: str, unlimited: None) -> None:
    for claims in BAD_CLAIMS:
        answer = bring(provider, vouching(issuer, provider, **claims))
        assert (answer.status, answer.code) == (401, "id_token_invalid"), claims
    other = "google" if provider == "apple" else "apple"
    assert bring(provider, vouching(issuer, other)).code == "id_token_invalid"
    assert not User.objects.exists()
    assert bring(provider, vouching(issuer, provider, azp="other.app")).status == 200


def unsigned(claims: dict[str, Any], kid: str) -> str:
    parts = [{"alg": "none", "typ": "JWT", "kid": kid}, claims]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts]
    return b".".join(encoded).decode() + "."


def forged_with(public: bytes, claims: dict[str, Any], kid: str) -> str:
    """Sign with what everybody knows, as if it were a shared secret."""
    parts = [{"alg": "HS256", "typ": "JWT", "kid": kid}, claims]
    said = b".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts
    )
    tag = base64.urlsafe_b64encode(hmac.digest(public, said, "sha256")).rstrip(b"=")
    return (said + b"." + tag).decode()


def public_keys(issuer: FakeIssuer) -> list[bytes]:
    public = issuer.keys[issuer.kid].public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return [
        public.public_bytes(serialization.Encoding.PEM, form),
        public.public_bytes(serialization.Encoding.DER, form),
        json.dumps(issuer.published()["keys"][0]).encode(),
    ]


def test_bad_signatures(issuer: FakeIssuer, db: None, unlimited: None) -> None:
    good = vouching(issuer, "google")
    claims = jwt.decode(good, options={"verify_signature": False})
    header, body, signature = good.split(".")
    swapped = vouching(issuer, "google", "002").split(".")[1]
    tokens = [
        unsigned(claims, issuer.kid),
        unsigned(claims, issuer.kid) + "AAAA",
        *(forged_with(public, claims, issuer.kid) for public in public_keys(issuer)),
        jwt.encode(claims, key("RSA", 9), "RS256", headers={"kid": issuer.kid}),
        jwt.encode(claims, key("EC"), "ES256", headers={"kid": issuer.kid}),
        jwt.encode(claims, issuer.keys[issuer.kid], "RS512", headers={"kid": issuer.kid}),
        vouching(issuer, "google", header={"kid": ""}),
        f"{header}.{swapped}.{signature}",
        f"{header}.{body}.{signature[:-8]}AAAAAAAA",
        "not.a.token",
        "x" * 200,
        "ä.ö.ü",
    ]

    codes = {bring("google", token).code for token in tokens}

    assert codes == {"id_token_invalid"}
    assert not User.objects.exists()
    assert bring("google", good).status == 200


def test_keys_rotate_and_retire(issuer: FakeIssuer, db: None, unlimited: None) -> None:
    old = vouching(issuer, "apple")
    assert bring("apple", old).status == 200
    issuer.rotate("EC")
    new = vouching(issuer, "apple")

    assert bring("apple", new).status == 200, "an unknown key is asked for"
    assert issuer.fetches == 2
    assert bring("apple", old).code == "id_token_invalid", "retired"
    assert issuer.fetches == 3
    refused = bring("apple", old)
    assert (refused.status, refused.code) == (503, "provider_unavailable"), "asked just now"
    assert 1 <= int(refused.headers["Retry-After"]) <= 10
    assert bring("apple", new).status == 200
    assert issuer.fetches == 3


def test_many_at_once_ask_once(issuer: FakeIssuer) -> None:
    keys = keysets.key_set(f"{issuer.url}/keys")

    found = in_threads(8, lambda: keys.key(issuer.kid))

    assert all(found)
    assert issuer.fetches == 1


def test_an_issuer_that_misbehaves(
    issuer: FakeIssuer, db: None, monkeypatch: pytest.MonkeyPatch, unlimited: None
) -> None:
    monkeypatch.setattr(keysets, "_PAUSE_SECONDS", 0)
    token = vouching(issuer, "google")
    weak = {"kty": "RSA", "kid": issuer.kid, "n": "AQAB", "e": "AQAB"}
    secret = {"kty": "oct", "kid": issuer.kid, "k": "AAAA"}
    hostile: list[tuple[int, bytes] | str] = [
        "reset",
        (500, b"{}"),
        (302, b""),
        (200, b"<html>"),
        (200, b"[" * 60_000),
        (200, b" " * 100_000),
        (200, b'{"keys": 7}'),
        (200, b'{"keys": [7, null, {"kid": 7}, {"kid": "a", "kty": ["RSA"]}]}'),
        (200, json.dumps({"keys": [weak, secret]}).encode()),
    ]
    for answer in hostile:
        issuer.plan(answer)
        refused = bring("google", token)
        assert (refused.status, refused.code) == (503, "provider_unavailable"), answer
        assert refused.json["retryable"] is True

    assert bring("google", token).status == 200
    monkeypatch.setattr(keysets, "_FRESH_SECONDS", -1)
    issuer.plan((500, b""))
    assert bring("google", token).status == 200, "the last keys still serve"


# Whose account it is


def test_a_proven_address_is_linked(issuer: FakeIssuer, author: Phone) -> None:
    answer = bring("google", vouching(issuer, "google"))

    assert answer.json["user"]["id"] == author.user_id
    drain()
    assert mail.outbox[-1].subject == "A new way to sign in was added"
    assert author.login().status == 200


@pytest.mark.parametrize(
    "doubt", [{"email_verified": False}, {"email_verified": None}, {"hd": None}, {"email": "x"}]
)
def test_what_nobody_vouches_for_is_not_linked(
    issuer: FakeIssuer, author: Phone, doubt: dict[str, Any]
) -> None:
    answer = bring("google", vouching(issuer, "google", **doubt))

    assert answer.status == 200
    assert answer.json["user"]["id"] != author.user_id
    assert answer.json["user"]["email_verified"] is False


def test_a_claim_is_not_linked(issuer: FakeIssuer, phone: Phone) -> None:
    phone.register(ADDRESS)

    answer = bring("apple", vouching(issuer, "apple", email_verified="true"))

    assert answer.json["user"]["id"] != phone.user_id
    assert answer.json["user"]["email_verified"] is True


def test_two_issuers_do_not_merge_people(issuer: FakeIssuer, db: None) -> None:
    apples = bring("apple", vouching(issuer, "apple"))
    refused = bring("google", vouching(issuer, "google"))

    assert (refused.status, refused.code) == (409, "address_in_use")
    assert Identity.objects.count() == User.objects.count() == 1

    phone = Phone()
    phone.post("auth/login/code", {"email": ADDRESS})
    code = phone.code_mailed_to(ADDRESS)
    phone.post("auth/login/code/confirm", {"email": ADDRESS, "code": code})
    linked = bring("google", vouching(issuer, "google"))
    assert linked.json["user"]["id"] == apples.json["user"]["id"]


def test_the_second_step_and_a_closed_door_hold_here_as_well(
    issuer: FakeIssuer, author: Phone
) -> None:
    token = vouching(issuer, "apple")
    bring("apple", token)
    secret = author.post("me/mfa/totp").json["secret"]
    author.post("me/mfa/totp/confirm", {"code": pyotp.TOTP(secret).now()})
    asked = bring("apple", token)
    assert (asked.status, asked.code) == (401, "mfa_required")
    assert asked.json["challenge"]

    author.delete("me/mfa/totp")
    User.objects.filter(pk=author.user_id).update(is_active=False)
    assert bring("apple", token).code == "account_disabled"


@pytest.mark.django_db(transaction=True)
def test_seen_first_at_once_is_one_person(issuer: FakeIssuer, unlimited: None) -> None:
    token = vouching(issuer, "google")

    answers = in_threads(10, lambda: bring("google", token))

    assert {answer.status for answer in answers if answer} == {200}
    assert User.objects.count() == Identity.objects.count() == 1


def test_not_offered_and_malformed(db: None, issuer: FakeIssuer, settings: Any) -> None:
    short = Phone().post("auth/social/google", {"id_token": "a.b.c", "nonce": "short"})
    assert (short.status, short.pointers) == (400, {"/nonce"})
    settings.IDENTITY_PROVIDERS["google"]["client_ids"] = []
    answer = bring("google", vouching(issuer, "google"))
    assert (answer.status, answer.code) == (404, "provider_not_configured")


# Apple's refresh token


def test_the_authorization_code_is_exchanged_and_both_are_sealed(
    issuer: FakeIssuer, db: None
) -> None:
    bring("apple", vouching(issuer, "apple"), authorization_code="good-code")
    (job,) = pending("accounts.exchange_apple_code")
    identity = Identity.objects.get()
    assert job.kwargs == {"identity_id": str(identity.pk)}
    assert b"good-code" not in bytes(identity.sealed_code or b"")

    issuer.plan((500, b""))
    drain(tolerate_failures=True)
    Job.objects.update(available_at=job.created_at)
    drain()

    identity.refresh_from_db()
    sealed = bytes(identity.sealed_refresh_token or b"")
    assert identity.sealed_code is None
    assert crypto.open_sealed(sealed, row=identity.refresh_token_seal) == issuer.refresh_token
    assert issuer.exchanged[0]["client_id"] == CLIENT


def test_a_code_that_apple_refuses_is_forgotten(issuer: FakeIssuer, db: None) -> None:
    bring("apple", vouching(issuer, "apple"), authorization_code="bad-code")

    drain(tolerate_failures=True)

    assert Identity.objects.get().sealed_code is None
    dead = Job.objects.get(name="accounts.exchange_apple_code")
    assert (dead.state, dead.error) == (Job.State.DEAD, "Apple refuses the code: http_400")


# Leaving


def gone_from_apple(issuer: FakeIssuer) -> Phone:
    """Come in by Apple, delete the account, and let the time to come back go by."""
    phone = Phone()
    answer = bring("apple", vouching(issuer, "apple"), phone, authorization_code="good-code")
    phone.keep(answer.json)
    drain()
    assert phone.delete("me").status == 202
    drain()
    User.objects.update(deleted_at="2020-01-01T00:00:00Z")
    return phone


def test_apple_is_told_when_an_account_is_erased(issuer: FakeIssuer, db: None) -> None:
    phone = gone_from_apple(issuer)

    periodic.erase_deleted_accounts()
    drain()

    assert issuer.revoked == [issuer.refresh_token]
    assert not Identity.objects.exists()
    assert User.objects.get(pk=phone.user_id).erased_at


def test_while_apple_is_away_the_erasure_waits_and_the_token_is_kept(
    issuer: FakeIssuer, db: None
) -> None:
    phone = gone_from_apple(issuer)
    issuer.plan("reset", (503, b""), "reset")
    erasure.erase(uuid.UUID(phone.user_id))
    assert User.objects.get(pk=phone.user_id).erased_at is None
    assert Identity.objects.get().sealed_refresh_token

    issuer.plan()
    while issuer.next_answer():
        pass
    erasure.erase(uuid.UUID(phone.user_id))

    assert issuer.revoked == [issuer.refresh_token]
    assert User.objects.get(pk=phone.user_id).erased_at


def test_a_refusal_of_apples_keeps_nobodys_data(issuer: FakeIssuer, db: None) -> None:
    phone = gone_from_apple(issuer)
    issuer.plan((400, b'{"error": "invalid_client"}'))

    erasure.erase(uuid.UUID(phone.user_id))

    assert issuer.revoked == []
    assert User.objects.get(pk=phone.user_id).erased_at
