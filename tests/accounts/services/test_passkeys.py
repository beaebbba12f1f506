"""Passkeys: real signatures over real challenges, and everything that is not quite one."""

import random
import uuid
from typing import Any

import pyotp
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.core import mail

from apps.accounts.models import Challenge, Passkey, User
from tests.accounts.conftest import Clock
from tests.core.threads import in_threads
from tests.fakes.authenticator import PRESENT, VERIFIED, Authenticator, decoded, encoded
from tests.golden import golden, steady
from tests.outbox import drain
from tests.phone import Answer, Phone

RP, ORIGIN, ANDROID = "app.example.test", "https://app.example.test", "android:apk-key-hash:AAAA"


@pytest.fixture(autouse=True)
def _offered(settings: Any, unlimited: None) -> None:
    settings.PASSKEY_RP_ID, settings.PASSKEY_ORIGINS = RP, [ORIGIN, ANDROID]


def made(phone: Phone, authenticator: Authenticator | None = None, **lies: Any) -> Answer:
    authenticator = authenticator or Authenticator(RP, ORIGIN)
    options = phone.post("me/passkeys/options").json["public_key"]
    body = {"credential": authenticator.create(options, **lies), "name": "My phone"}
    return phone.post("me/passkeys", body)


def challenge() -> dict[str, Any]:
    found: dict[str, Any] = Phone().post("auth/passkeys/options").json["public_key"]
    return found


def shown(credential: dict[str, Any], phone: Phone | None = None) -> Answer:
    phone = phone or Phone()
    return phone.post("auth/passkeys/verify", {"credential": credential, "device": phone.device})


@pytest.fixture
def key(author: Phone) -> Authenticator:
    authenticator = Authenticator(RP, ORIGIN)
    assert made(author, authenticator).status == 201
    return authenticator


def test_making_one_and_signing_in_with_it(author: Phone) -> None:
    authenticator = Authenticator(RP, ORIGIN)
    asked = author.post("me/passkeys/options")
    options = asked.json["public_key"]
    assert asked.headers["Cache-Control"] == "no-store"
    assert options["rp"]["id"] == RP
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert decoded(options["user"]["id"]) == uuid.UUID(author.user_id).bytes

    answer = author.post("me/passkeys", {"credential": authenticator.create(options)})
    assert answer.status == 201
    assert steady(answer.json) == golden(__file__, "passkey")
    drain()
    assert mail.outbox[-1].subject == "A passkey was added"

    phone = Phone()
    entered = shown(authenticator.get(challenge()), phone)
    assert entered.status == 200
    assert phone.keep(entered.json).get("me").json["id"] == author.user_id
    (listed,) = author.get("me/passkeys").json["items"]
    assert listed["last_used_at"]
    assert Passkey.objects.get().transports == ["hybrid", "internal"]
    again = author.post("me/passkeys/options").json["public_key"]
    assert [one["id"] for one in again["excludeCredentials"]] == [
        encoded(authenticator.credential_id)
    ]


def test_an_android_app_and_an_authenticator_that_does_not_count(author: Phone) -> None:
    authenticator = Authenticator(RP, ANDROID, counts=False)
    made(author, authenticator)

    assert [shown(authenticator.get(challenge())).status for _ in range(2)] == [200, 200]


STRANGER = ec.generate_private_key(ec.SECP256R1())
LIES: list[dict[str, Any]] = [
    {"origin": "https://evil.test"},
    {"rp_id": "evil.test"},
    {"type": "webauthn.create"},
    {"flags": PRESENT},
    {"flags": VERIFIED},
    {"cross_origin": True},
    {"key": STRANGER},
    {"user_handle": b"somebody else..."},
    {"user_handle": b""},
    {"sign_count": 1},
]


def test_lies_at_sign_in(key: Authenticator) -> None:
    assert shown(key.get(challenge())).status == 200
    for lie in LIES:
        answer = shown(key.get(challenge(), **lie))
        assert (answer.status, answer.code) == (401, "passkey_invalid"), lie
    unknown = Authenticator(RP, ORIGIN)
    unknown.credential_id, unknown.user_handle = b"nobody's", key.user_handle
    assert shown(unknown.get(challenge())).code == "passkey_invalid"
    assert shown(key.get(challenge())).status == 200


def test_a_challenge_is_good_once_for_one_purpose_and_not_for_long(
    key: Authenticator, author: Phone, clock: Clock
) -> None:
    options = challenge()
    assert shown(key.get(options)).status == 200
    again = shown(key.get(options))
    assert (again.status, again.code) == (410, "challenge_expired")

    registering = author.post("me/passkeys/options").json["public_key"]
    assert shown(key.get(registering)).code == "challenge_expired"
    assert shown(key.get(options, challenge=encoded(b"made up"))).code == "challenge_expired"
    options = challenge()
    clock.forward(minutes=5)
    assert shown(key.get(options)).code == "challenge_expired"


def test_lies_at_registration(author: Phone, stranger: Phone) -> None:
    for lie in [*LIES[:2], {"type": "webauthn.get"}, *LIES[3:6], {"fmt": "packed"}, {"fmt": "x"}]:
        answer = made(author, **lie)
        assert (answer.status, answer.code) == (400, "passkey_refused"), lie

    options = author.post("me/passkeys/options").json["public_key"]
    credential = Authenticator(RP, ORIGIN).create(options)
    stolen = stranger.post("me/passkeys", {"credential": credential})
    assert stolen.code == "challenge_expired", "it was asked of somebody else"
    assert made(author, credential_id=b"the same").status == 201
    assert made(stranger, credential_id=b"the same").code == "passkey_taken"
    assert Passkey.objects.count() == 1


def test_noise_is_refused_and_nothing_breaks(key: Authenticator, author: Phone) -> None:
    chance = random.Random(7)
    for _ in range(25):
        credential = key.get(challenge())
        response = credential["response"]
        part = chance.choice(sorted(response))
        raw = bytearray(decoded(response[part]))
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        response[part] = encoded(bytes(raw))
        assert shown(credential).status in {401, 410}
    shapes: list[Any] = [{}, {"id": 7}, {"response": []}, {"response": {"clientDataJSON": "e30"}}]
    for shape in shapes:
        assert shown(shape).status == 401
        assert author.post("me/passkeys", {"credential": shape}).status == 400
    for shape in ("text", None, [1], {"x": "y" * 20_000}):
        assert shown(shape).pointers == {"/credential"}  # type: ignore[arg-type]


@pytest.mark.django_db(transaction=True)
def test_one_answer_at_once_opens_once(key: Authenticator) -> None:
    credential = key.get(challenge())

    statuses = in_threads(8, lambda: shown(credential).status)

    assert (statuses.count(200), statuses.count(410)) == (1, 7)


def test_whose_they_are(key: Authenticator, author: Phone, stranger: Phone) -> None:
    (listed,) = author.get("me/passkeys").json["items"]
    path = f"me/passkeys/{listed['id']}"

    assert stranger.get("me/passkeys").json["items"] == []
    assert stranger.delete(path).code == "passkey_not_found"
    assert stranger.patch(path, {"name": "Mine"}).code == "passkey_not_found"
    assert author.patch(path, {"name": "Old phone"}).json == listed | {"name": "Old phone"}
    assert author.delete(path).status == 204
    assert author.delete(path).code == "passkey_not_found"
    assert shown(key.get(challenge())).code == "passkey_invalid"


def test_who_can_t(author: Phone, phone: Phone, key: Authenticator, settings: Any) -> None:
    settings.PASSKEY_CAP = 1
    assert author.post("me/passkeys/options").code == "too_many_passkeys"
    phone.keep(phone.post("auth/guest").json)
    assert phone.post("me/passkeys/options").code == "guest_account"
    credential = key.get(challenge())
    User.objects.filter(pk=author.user_id).update(is_active=False)
    assert shown(credential).code == "account_disabled"
    settings.PASSKEY_RP_ID = ""
    assert Phone().post("auth/passkeys/options").code == "provider_not_configured"
    assert shown(credential).code == "provider_not_configured"
    assert Challenge.objects.exists()


def test_a_passkey_is_both_steps(key: Authenticator, author: Phone) -> None:
    secret = author.post("me/mfa/totp").json["secret"]
    author.post("me/mfa/totp/confirm", {"code": pyotp.TOTP(secret).now()})

    assert author.login().code == "mfa_required"
    assert shown(key.get(challenge())).status == 200
