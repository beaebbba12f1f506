"""Moving to another address: proven on the new one, announced on the old one, and nobody's until then."""

from typing import Any

from django.core import mail

from apps.accounts import keys
from apps.accounts.models import EmailCode, User
from tests.accounts.conftest import Clock
from tests.outbox import drain, drain_twice
from tests.phone import Answer, Phone

NEW = "ada.new@example.test"


def ask(phone: Phone, address: str = NEW) -> Answer:
    return phone.post("me/email", {"email": address})


def confirm(phone: Phone, code: str) -> Answer:
    return phone.post("me/email/confirm", {"code": code})


def test_moving_to_another_address(author: Phone) -> None:
    assert ask(author).status == 204
    assert author.get("me").json["email"] == author.email
    answer = confirm(author, author.code_mailed_to(NEW))

    assert answer.status == 200
    assert (answer.json["email"], answer.json["email_verified"]) == (NEW, True)
    assert author.get("me").json["email"] == NEW
    assert Phone().login(author.email).status == 401
    assert Phone().login(NEW).status == 200


def test_the_old_address_is_told_once_and_not_where_to(author: Phone) -> None:
    ask(author)
    confirm(author, author.code_mailed_to(NEW))
    mail.outbox.clear()

    drain_twice()

    (subject, to, body) = {(sent.subject, sent.to[0], str(sent.body)) for sent in mail.outbox}.pop()
    assert (subject, to) == ("The address of your account was changed", author.email)
    assert NEW not in body


def test_not_without_a_recent_proof(author: Phone, clock: Clock) -> None:
    clock.forward(minutes=6)
    author.refresh()
    refused = ask(author)
    assert (refused.status, refused.code) == (403, "reauth_required")

    proof = author.post("me/reauthenticate", {"password": author.password})
    author.access = proof.json["access"]

    assert ask(author).status == 204


def test_somebody_else_s_address(author: Phone, stranger: Phone) -> None:
    """Asking is answered as ever; the owner is told, and no code leaves."""
    mail.outbox.clear()
    assert ask(author, stranger.email).status == 204
    drain()

    assert [(sent.to, "already" in sent.subject) for sent in mail.outbox] == [
        ([stranger.email], True)
    ]
    assert confirm(author, "000000").code == "code_invalid"


def test_whoever_proves_it_first_has_it(author: Phone, stranger: Phone) -> None:
    for phone in (author, stranger):
        assert ask(phone).status == 204
    rows = EmailCode.objects.filter(purpose="change_email")
    codes = {str(row.user_id): keys.digits_of(row.pk) for row in rows}

    assert confirm(stranger, codes[stranger.user_id]).status == 200
    late = confirm(author, codes[author.user_id])
    assert (late.status, late.code) == (409, "address_taken")
    assert author.get("me").json["email"] == author.email


def test_other_codes_die_with_the_address(author: Phone) -> None:
    author.post("auth/password/forgot", {"email": author.email})
    reset_code = author.code_mailed_to(author.email)
    ask(author)
    confirm(author, author.code_mailed_to(NEW))

    body = {"email": author.email, "code": reset_code, "password": "another horse battery"}
    assert author.post("auth/password/reset", body).code == "code_expired"


def test_wrong_codes_are_counted_also_under_a_key(author: Phone) -> None:
    ask(author)

    for number in range(5):
        body = {"code": f"00000{number}"}
        wrong = author.post("me/email/confirm", body, idempotency_key=f"try-{number}")
        assert wrong.code == "code_invalid"

    assert confirm(author, "000000").code == "code_expired"


def test_mistyped_at_registration(phone: Phone, unlimited: None) -> None:
    phone.register("tpyo@example.test")
    assert ask(phone, "typo@example.test").status == 204
    assert phone.get("me").json["email"] == "typo@example.test"

    assert confirm(phone, phone.code_mailed_to("typo@example.test")).json["email_verified"]
    assert phone.post("auth/verify-email/resend").code == "already_verified"


def test_a_pending_change_can_not_be_had_by_the_door_of_registration(author: Phone) -> None:
    ask(author)

    assert author.post("auth/verify-email/resend").code == "already_verified"
    assert author.verify(author.code_mailed_to(NEW)).code == "already_verified"


def test_a_guest_becomes_somebody_first(phone: Phone, settings: Any) -> None:
    phone.register("guest@example.test")
    User.objects.filter(pk=phone.user_id).update(is_guest=True, claimed_email=None)

    refused = ask(phone)

    assert (refused.status, refused.code) == (409, "guest_has_no_address")
