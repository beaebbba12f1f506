"""Proving again who one is: what a stolen, unlocked phone can't do."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts import tokens
from apps.accounts.models import EmailCode, Session, User
from tests.accounts.conftest import Clock
from tests.accounts.services.test_second_step import code_of, protect
from tests.phone import Phone


def prove(phone: Phone, **proof: str) -> Any:
    answer = phone.post("me/reauthenticate", proof)
    if answer.status == 200:
        assert set(answer.json) == {"access", "expires_in"}
        assert answer.headers["Cache-Control"] == "no-store"
        phone.access = answer.json["access"]
    return answer


def proven_ago(phone: Phone) -> float:
    """Seconds since the person's last proof, as the access token says."""
    return timezone.now().timestamp() - tokens.read_access(phone.access).auth_time


def test_signing_in_is_a_proof_and_refreshing_is_none(author: Phone, clock: Clock) -> None:
    author.login()
    assert proven_ago(author) < 2

    clock.forward(minutes=6)
    author.refresh()

    assert proven_ago(author) > 300


def test_by_password(author: Phone, clock: Clock) -> None:
    clock.forward(minutes=6)

    assert prove(author, password=author.password).status == 200

    assert proven_ago(author) < 2
    assert author.get("me").status == 200
    author.refresh()
    assert proven_ago(author) < 2
    assert Session.objects.get(user_id=author.user_id).created_at < timezone.now() - timedelta(
        minutes=5
    )


def test_by_a_code_from_the_mail(author: Phone, clock: Clock) -> None:
    clock.forward(minutes=6)
    assert author.post("me/reauthenticate/code").status == 204
    code = author.code_mailed_to(author.email)

    assert prove(author, code=code).status == 200
    assert proven_ago(author) < 2

    again = prove(author, code=code)
    assert (again.status, again.code) == (410, "code_expired")


def test_a_code_is_good_on_the_device_that_asked(author: Phone) -> None:
    tablet = Phone()
    tablet.login(author.email)
    author.post("me/reauthenticate/code")
    code = author.code_mailed_to(author.email)

    elsewhere = prove(tablet, code=code)

    assert (elsewhere.status, elsewhere.code) == (410, "code_expired")
    assert prove(author, code=code).status == 200


def test_a_code_proves_what_it_was_sent_for_and_nothing_else(author: Phone, phone: Phone) -> None:
    phone.register("new@example.test")
    to_verify = phone.code_mailed_to("new@example.test")

    assert prove(phone, code=to_verify).code == "code_expired"
    phone.post("me/reauthenticate/code")
    assert phone.verify(phone.code_mailed_to("new@example.test")).code == "code_invalid"
    assert phone.verify(to_verify).status == 200


def test_what_proves_nothing(author: Phone) -> None:
    before = author.access
    author.post("me/reauthenticate/code")

    for proof, code in (
        ({"password": "not the right password"}, "password_wrong"),
        ({"code": "000000"}, "code_invalid"),
        ({}, "proof_missing"),
        ({"password": author.password, "code": "000000"}, "invalid"),
        ({"code": "12345"}, "invalid"),
    ):
        answer = prove(author, **proof)
        assert (answer.status, answer.code) == (400, code), proof

    assert author.access == before
    assert EmailCode.objects.get(purpose="reauthenticate").tries_left == 4


def test_guessing_is_bounded(author: Phone, unlimited: None) -> None:
    statuses = [prove(author, password=f"guess number {n}").status for n in range(12)]

    assert statuses == [400] * 10 + [429] * 2


def test_a_guest_has_only_the_device(phone: Phone, clock: Clock) -> None:
    phone.register("guest@example.test")
    User.objects.filter(pk=phone.user_id).update(is_guest=True, claimed_email=None)
    clock.forward(minutes=6)

    assert prove(phone).status == 200
    assert proven_ago(phone) < 2
    refused = phone.post("me/reauthenticate/code")
    assert (refused.status, refused.code) == (409, "no_address")


def test_a_proof_never_confirms_what_a_phone_did_not_receive(author: Phone) -> None:
    """The answer of a refresh is lost; the phone proves itself with the access token that it has, and refreshes."""
    lost = replace(author)
    lost.refresh()

    assert prove(author, password=author.password).status == 200
    assert author.get("me").status == 200

    assert author.refresh().status == 200
    assert author.get("me").status == 200


@pytest.mark.parametrize("proof", [{"password": "correct horse battery staple"}, {}], ids=str)
def test_not_without_a_session(author: Phone, proof: dict[str, str]) -> None:
    author.logout()

    answer = prove(author, **proof)

    assert (answer.status, answer.code) == (401, "session_revoked")


def test_by_the_authenticator_app(author: Phone, clock: Clock) -> None:
    secret, _ = protect(author, clock)
    clock.forward(minutes=6)
    assert prove(author, totp="000000").code == "mfa_code_invalid"
    code = code_of(secret, clock)

    assert prove(author, totp=code).status == 200

    assert proven_ago(author) < 2
    assert prove(author, totp=code).code == "mfa_code_invalid"
