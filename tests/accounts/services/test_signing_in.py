"""Signing in with a password, and what it gives away to whoever tries."""

from collections.abc import Callable

import pytest

from apps.accounts.models import User
from apps.accounts.services import standing
from tests.phone import PASSWORD, Phone


def test_whoever_knows_the_password_is_let_in(author: Phone) -> None:
    phone = Phone(platform="android")

    answer = phone.login("AUTHOR@example.test", PASSWORD)

    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert phone.user == author.user
    assert phone.get("me").status == 200


def test_a_wrong_password_and_an_unknown_address_answer_alike(author: Phone, phone: Phone) -> None:
    wrong = phone.login("author@example.test", "not the right password")
    unknown = phone.login("nobody@example.test", "not the right password")

    assert wrong.status == unknown.status == 401
    assert wrong.code == unknown.code == "invalid_credentials"
    assert wrong.headers["WWW-Authenticate"] == unknown.headers["WWW-Authenticate"] == "Bearer"
    assert wrong.headers.keys() == unknown.headers.keys()
    assert {**wrong.json, "request_id": ""} == {**unknown.json, "request_id": ""}


@pytest.mark.parametrize("address", ["author@example.test", "nobody@example.test"])
def test_every_try_costs_one_hash(
    author: Phone, phone: Phone, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.contrib.auth.hashers import MD5PasswordHasher

    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, *rest: object) -> str:
        hashed.append(password)
        return encode(self, password, *rest)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)

    phone.login(address, "not the right password")

    assert hashed == ["not the right password"]


def test_an_account_without_a_password(author: Phone, phone: Phone) -> None:
    user = User.objects.get(pk=author.user_id)
    user.set_unusable_password()
    user.save()

    assert phone.login("author@example.test").code == "invalid_credentials"


def test_an_unproven_claim_signs_in_to_its_own_account(phone: Phone) -> None:
    phone.register("author@example.test")

    elsewhere = Phone()
    assert elsewhere.login("author@example.test").status == 200
    assert elsewhere.user_id == phone.user_id


def test_the_proof_outranks_every_claim(author: Phone) -> None:
    squatter = Phone(password="another long password")
    squatter.register("author@example.test")

    assert Phone().login("author@example.test", "another long password").status == 401
    phone = Phone()
    phone.login("author@example.test")
    assert phone.user_id == author.user_id


def test_the_newest_claim_outranks_older_ones(phone: Phone) -> None:
    Phone(password="the squatter's password").register("author@example.test")
    phone.register("author@example.test")

    assert Phone().login("author@example.test", "the squatter's password").status == 401
    assert Phone().login("author@example.test").status == 200


def test_a_disabled_account_is_told_to_whoever_has_its_password(
    author: Phone, by_staff: Callable[..., None]
) -> None:
    by_staff(standing.disable, author)

    knowing = Phone().login("author@example.test")
    guessing = Phone().login("author@example.test", "not the right password")

    assert (knowing.status, knowing.code) == (403, "account_disabled")
    assert (guessing.status, guessing.code) == (401, "invalid_credentials")


def test_a_disabled_account_can_be_enabled_again(
    author: Phone, by_staff: Callable[..., None]
) -> None:
    by_staff(standing.disable, author)
    by_staff(standing.enable, author)

    assert author.get("me").code == "session_revoked"
    assert author.login().status == 200


def test_a_deleted_account_is_unknown(author: Phone) -> None:
    User.objects.filter(pk=author.user_id).update(deleted_at="2026-01-01T00:00Z")

    assert author.login().code == "invalid_credentials"


def test_an_old_access_token_does_not_close_the_door(author: Phone) -> None:
    author.access = "not.a.token"
    body = {"email": "author@example.test", "password": PASSWORD}

    assert author.post("auth/refresh", {"refresh": author.refresh_token}).status == 200
    assert author.post("auth/login", body).status == 200
