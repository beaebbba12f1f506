"""The second step: codes of an app and of a list, each good once, and every door asking for them."""

import re
import uuid
from dataclasses import replace
from pathlib import Path

import pyotp
import pytest
from django.core import mail
from django.template.loader import get_template

from apps.accounts.models import Challenge, RecoveryCode, Session, Totp, User
from apps.accounts.services import second_step
from apps.core import crypto
from tests.accounts.conftest import Clock
from tests.core.threads import in_threads
from tests.golden import golden
from tests.outbox import drain
from tests.phone import Answer, Phone

SERVICES = sorted(Path("apps/accounts/services").glob("*.py"))


def code_of(secret: str, clock: Clock) -> str:
    """Read the app's display; every call waits for its next code."""
    clock.forward(seconds=second_step.STEP_SECONDS)
    return pyotp.TOTP(secret).now()


def protect(phone: Phone, clock: Clock) -> tuple[str, list[str]]:
    """Turn the second step on; return the seed and the recovery codes."""
    secret = phone.post("me/mfa/totp").json["secret"]
    answer = phone.post("me/mfa/totp/confirm", {"code": code_of(secret, clock)})
    assert answer.status == 200, answer.content
    return secret, answer.json["codes"]


def second(phone: Phone, asked: Answer, code: str) -> Answer:
    body = {"challenge": asked.json["challenge"], "code": code, "device": phone.device}
    return phone.post("auth/mfa/challenge", body)


def test_setting_an_app_up(author: Phone, clock: Clock) -> None:
    begun = author.post("me/mfa/totp")
    secret = begun.json["secret"]

    assert begun.status == 201
    assert begun.headers["Cache-Control"] == "no-store"
    assert pyotp.parse_uri(begun.json["uri"]).secret == secret
    assert "author%40example.test" in begun.json["uri"]
    assert author.login().status == 200, "nothing is asked before the app has shown that it works"

    wrong = author.post("me/mfa/totp/confirm", {"code": "000000"})
    assert (wrong.status, wrong.code) == (400, "mfa_code_invalid")
    assert author.get("me/mfa/totp").json == {"enabled": False, "recovery_codes_left": 0}

    confirmed = author.post("me/mfa/totp/confirm", {"code": code_of(secret, clock)})
    codes = confirmed.json["codes"]
    assert confirmed.status == 200
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"[2-9a-z]{5}-[2-9a-z]{5}", code) for code in codes)
    assert author.get("me/mfa/totp").json == golden(__file__, "mfa-status")
    assert author.post("me/mfa/totp").code == "mfa_already_on"
    assert author.post("me/mfa/totp/confirm", {"code": "000000"}).code == "mfa_already_on"


def test_a_password_alone_no_longer_opens(author: Phone, clock: Clock) -> None:
    secret, _ = protect(author, clock)
    phone = Phone()

    asked = phone.login(author.email)
    assert (asked.status, asked.code) == (401, "mfa_required")
    assert phone.login(author.email, "not the right password").code == "invalid_credentials"
    assert Session.objects.filter(installation_id=phone.installation_id).count() == 0

    answer = second(phone, asked, code_of(secret, clock))
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert phone.keep(answer.json).get("me").json["id"] == author.user_id
    assert Challenge.objects.filter(expires_at__gt="2000-01-01T00:00Z").count() == 0


def test_each_code_is_good_once(author: Phone, clock: Clock) -> None:
    secret, codes = protect(author, clock)
    code = code_of(secret, clock)
    listed = codes[0].upper().replace("-", " ")

    for right in (code, listed):
        assert second(Phone(), Phone().login(author.email), right).status == 200
        again = second(Phone(), Phone().login(author.email), right)
        assert (again.status, again.code) == (400, "mfa_code_invalid")

    assert author.get("me/mfa/totp").json["recovery_codes_left"] == 9
    drain()
    assert mail.outbox[-1].subject == "A recovery code was used"


def test_clocks_may_differ_by_one_step(author: Phone, clock: Clock) -> None:
    secret, _ = protect(author, clock)
    now = code_of(secret, clock)
    user_id = uuid.UUID(author.user_id)
    clock.forward(seconds=90)
    assert not second_step.passes(user_id=user_id, code=now), "three steps old"
    late = pyotp.TOTP(secret).now()
    clock.forward(seconds=30)
    assert second_step.passes(user_id=user_id, code=late)


def test_a_challenge_is_for_one_sign_in_and_five_tries(author: Phone, clock: Clock) -> None:
    secret, codes = protect(author, clock)
    asked, other = author.login(), Phone().login(author.email)

    tries = [second(author, asked, "no-such-code").code for _ in range(5)]
    assert tries == ["mfa_code_invalid"] * 5
    dead = second(author, asked, code_of(secret, clock))
    assert (dead.status, dead.code) == (410, "challenge_expired")

    assert second(author, other, codes[0]).status == 200
    assert second(author, other, codes[1]).code == "challenge_expired"
    made_up = {"challenge": "A" * 43, "code": codes[1]}
    assert Phone().post("auth/mfa/challenge", made_up).code == "challenge_expired"
    assert Phone().post("auth/mfa/challenge", made_up | {"challenge": "ä"}).status == 410

    late = author.login()
    clock.forward(minutes=5)
    assert second(author, late, codes[1]).code == "challenge_expired"


def test_asking_for_more_challenges_buys_no_more_guesses(
    author: Phone, clock: Clock, unlimited: None
) -> None:
    protect(author, clock)
    statuses = []
    for _ in range(5):
        asked = author.login()
        statuses += [second(author, asked, "000000").status for _ in range(5)]

    assert statuses.count(400) == 19, "one of twenty went into setting it up"
    assert statuses[-1] == 429


def test_a_disabled_account_gets_no_further(author: Phone, clock: Clock) -> None:
    _, codes = protect(author, clock)
    asked = author.login()
    User.objects.filter(pk=author.user_id).update(is_active=False)

    assert second(author, asked, codes[0]).code == "account_disabled"


@pytest.mark.django_db(transaction=True)
def test_one_code_at_once_opens_once(author: Phone, clock: Clock, unlimited: None) -> None:
    _, codes = protect(author, clock)
    asked = author.login()
    shared = in_threads(8, lambda: second(replace(author), asked, codes[0]).status)

    assert (shared.count(200), shared.count(410)) == (1, 7)

    user_id = uuid.UUID(author.user_id)
    spent = in_threads(8, lambda: second_step.passes(user_id=user_id, code=codes[1]))
    assert spent.count(True) == 1
    clock.forward(seconds=60)
    totp = Totp.objects.get(user_id=user_id)
    code = pyotp.TOTP(crypto.open_sealed(totp.sealed_seed, row=totp.seal)).now()
    spent = in_threads(8, lambda: second_step.passes(user_id=user_id, code=code))
    assert spent.count(True) == 1


def test_turning_it_off_and_making_new_codes(author: Phone, clock: Clock) -> None:
    assert author.post("me/mfa/recovery-codes").code == "mfa_off"
    assert author.delete("me/mfa/totp").status == 204
    secret, codes = protect(author, clock)

    renewed = author.post("me/mfa/recovery-codes")
    assert renewed.status == 201
    assert second(Phone(), Phone().login(author.email), codes[0]).status == 400
    assert second(Phone(), Phone().login(author.email), renewed.json["codes"][0]).status == 200

    assert author.delete("me/mfa/totp").status == 204
    assert author.login().status == 200
    assert author.get("me/mfa/totp").json == {"enabled": False, "recovery_codes_left": 0}
    assert author.post("me/mfa/totp").json["secret"] != secret
    drain()
    subjects = [message.subject for message in mail.outbox[-4:]]
    assert subjects == [
        "An authenticator app was added",
        "New recovery codes were made",
        "A recovery code was used",
        "The second step was turned off",
    ]


def test_what_is_kept_of_it(author: Phone, stranger: Phone, clock: Clock) -> None:
    secret, codes = protect(author, clock)
    asked = author.login().json["challenge"]
    totp = Totp.objects.get(user_id=author.user_id)
    kept = [*Totp.objects.values(), *RecoveryCode.objects.values(), *Challenge.objects.values()]

    for found in (secret, asked, *codes, *(code.replace("-", "") for code in codes)):
        assert found not in str(kept)
        assert found.encode() not in b"".join(
            bytes(value) for row in kept for value in row.values() if isinstance(value, bytes)
        )
    assert crypto.open_sealed(totp.sealed_seed, row=totp.seal) == secret

    protect(stranger, clock)
    Totp.objects.filter(user_id=stranger.user_id).update(sealed_seed=totp.sealed_seed)
    code = code_of(secret, clock)
    assert not second_step.passes(user_id=uuid.UUID(stranger.user_id), code=code), "another row's"
    assert second_step.passes(user_id=uuid.UUID(author.user_id), code=code)


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_notice_has_its_words(language: str) -> None:
    folder = f"accounts/email/security_notice/{language}"
    source = get_template(f"{folder}/body.txt").template.source  # type: ignore[attr-defined]
    known = re.findall(r'notice == "(\w+)"', source)
    services = "".join(path.read_text() for path in SERVICES)

    for part in ("subject.txt", "body.txt", "body.html"):
        template = get_template(f"{folder}/{part}")
        assert len({template.render({"notice": notice}) for notice in known}) == len(known)
    assert set(re.findall(r'notices\.tell\(\w+(?:\.\w+)?, "(\w+)"\)', services)) <= set(known)
