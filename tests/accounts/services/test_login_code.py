"""Signing in without a password: a code from the mail, and nothing told to whoever merely asks."""

import uuid
from dataclasses import replace

import pytest
from django.core import mail

from apps.accounts import keys
from apps.accounts.errors import CodeExpired
from apps.accounts.models import EmailCode, User
from apps.accounts.services import signing_in
from apps.accounts.services.sessions import Origin
from tests.accounts.conftest import Clock
from tests.core.threads import in_threads
from tests.outbox import drain
from tests.phone import Answer, Phone

ADDRESS = "author@example.test"


def ask(address: str = ADDRESS) -> Answer:
    return Phone().post("auth/login/code", {"email": address})


def confirm(phone: Phone, code: str, address: str = ADDRESS) -> Answer:
    body = {"email": address, "code": code, "device": phone.device}
    return phone.post("auth/login/code/confirm", body)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_the_code_opens_once(author: Phone) -> None:
    assert ask().status == 204
    code = author.code_mailed_to(ADDRESS)
    assert "sign in" in mail.outbox[-1].subject

    phone = Phone()
    answer = confirm(phone, code)
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json.keys() == {"access", "refresh", "expires_in", "user"}
    assert phone.keep(answer.json).get("me").json["id"] == author.user_id

    again = confirm(Phone(), code)
    assert (again.status, again.code) == (410, "code_expired")


def test_whoever_asks_learns_nothing(author: Phone) -> None:
    Phone().register("claimed@example.test")
    drain()
    mail.outbox.clear()
    for address in ("nobody@example.test", "claimed@example.test"):
        asked = ask(address)
        assert (asked.status, asked.content) == (204, b"")
        row = EmailCode.objects.filter(purpose="sign_in").latest("id")
        tried = [confirm(Phone(), "000000", address).code for _ in range(5)]
        assert tried == ["code_invalid"] * 5
        assert confirm(Phone(), keys.digits_of(row.pk), address).code == "code_expired"

        ask(address)
        row = EmailCode.objects.filter(purpose="sign_in").latest("id")
        guessed = confirm(Phone(), keys.digits_of(row.pk), address)
        assert (guessed.status, guessed.code) == (400, "code_invalid")
    drain()

    assert mail.outbox == []


def test_five_tries_ten_minutes_and_one_at_a_time(author: Phone, clock: Clock) -> None:
    ask()
    first = author.code_mailed_to(ADDRESS)
    ask()
    code = author.code_mailed_to(ADDRESS)

    assert first != code
    assert confirm(Phone(), first).code == "code_invalid"
    clock.forward(minutes=10)
    assert confirm(Phone(), code).code == "code_expired"
    ask()
    code = author.code_mailed_to(ADDRESS)
    assert [confirm(Phone(), wrong(code)).status for _ in range(5)] == [400] * 5
    assert confirm(Phone(), code).code == "code_expired"


def test_a_code_of_another_purpose_or_person_is_none(author: Phone, stranger: Phone) -> None:
    Phone().post("auth/password/forgot", {"email": ADDRESS})
    reset = author.code_mailed_to(ADDRESS)
    assert confirm(Phone(), reset).code == "code_expired"

    ask()
    ask("stranger@example.test")
    theirs = stranger.code_mailed_to("stranger@example.test")
    assert confirm(Phone(), theirs).code == "code_invalid"


def test_a_disabled_account(author: Phone) -> None:
    ask()
    code = author.code_mailed_to(ADDRESS)
    User.objects.filter(pk=author.user_id).update(is_active=False)

    assert confirm(Phone(), wrong(code)).code == "code_invalid"
    assert confirm(Phone(), code).code == "account_disabled"


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_open_once(author: Phone) -> None:
    ask()
    code = keys.digits_of(EmailCode.objects.filter(purpose="sign_in").latest("id").pk)

    def enter() -> bool:
        origin = Origin(installation_id=str(uuid.uuid4()))
        try:
            signing_in.sign_in_with_code(email=ADDRESS, code=code, origin=origin)
        except CodeExpired:
            return False
        return True

    assert in_threads(50, enter).count(True) == 1


def test_mails_and_tries_are_counted_per_address(author: Phone, unlimited: None) -> None:
    assert [ask().status for _ in range(5)] == [204] * 3 + [429] * 2, "one went into registering"

    statuses = [confirm(replace(author), "000000", "x@example.test").status for _ in range(21)]
    assert statuses == [410] * 20 + [429]
