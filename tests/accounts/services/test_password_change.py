"""A new password: for whoever forgot the old one and for whoever wants another, and what dies with the old one."""

from dataclasses import replace

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import EmailCode, Session, Totp, User
from apps.accounts.services import password_change, passwords
from tests.accounts.conftest import Clock
from tests.core.threads import in_threads
from tests.outbox import drain, drain_twice, pending
from tests.phone import Answer, Phone

NEW = "another horse battery staple"


def forgot(phone: Phone, address: str) -> Answer:
    return phone.post("auth/password/forgot", {"email": address})


def reset(phone: Phone, address: str, code: str, password: str = NEW) -> Answer:
    body = {"email": address, "code": code, "password": password}
    return phone.post("auth/password/reset", body)


def change(phone: Phone, **body: str) -> Answer:
    return phone.post("me/password", {"password": NEW, **body})


def bare(answer: Answer) -> tuple[int, object]:
    body = answer.json and {**answer.json, "request_id": ""}
    return answer.status, body


# Forgotten


def test_a_forgotten_password(author: Phone, phone: Phone) -> None:
    tablet = Phone()
    tablet.login(author.email)
    assert author.get("me").status == tablet.get("me").status == 200

    assert forgot(phone, author.email).status == 204
    code = phone.code_mailed_to(author.email)
    assert reset(phone, author.email, code).status == 204

    for device in (author, tablet):
        assert device.get("me").code == "session_revoked"
        assert device.refresh().code == "session_revoked"
    reasons = Session.objects.values_list("revoked_reason", flat=True)
    assert set(reasons) == {Session.End.PASSWORD_CHANGED}
    assert phone.login(author.email).code == "invalid_credentials"
    assert phone.login(author.email, NEW).status == 200


def test_its_owner_is_told_once(author: Phone, phone: Phone) -> None:
    forgot(phone, author.email)
    reset(phone, author.email, phone.code_mailed_to(author.email))
    mail.outbox.clear()

    drain_twice()

    told = {(message.subject, message.to[0]) for message in mail.outbox}
    assert told == {("Your password was changed", author.email)}


def test_nobody_learns_who_has_an_account(author: Phone, phone: Phone) -> None:
    known, unknown = "author@example.test", "nobody@example.test"

    assert bare(forgot(phone, known)) == bare(forgot(phone, unknown)) == (204, None)
    for digits in ("000000", "000001", "000002", "000003", "000004", "000005", "000006"):
        told = bare(reset(phone, known, digits))
        assert told == bare(reset(phone, unknown, digits))
    assert told[0] == 410
    assert bare(reset(phone, "neither@example.test", "000000")) == told

    drain()
    assert [message.to for message in mail.outbox if "forgot" in message.body] == [[known]]
    assert "nobody@example.test" not in str(list(EmailCode.objects.values()))


def test_both_leave_the_same_trace(author: Phone, phone: Phone) -> None:
    """As many statements, of the same kinds: what takes as long, too."""
    shapes = []
    for address in (author.email, "nobody@example.test"):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            forgot(phone, address)
        with CaptureQueriesContext(connection) as tried:
            reset(phone, address, "000000")
        statements = [*asked.captured_queries, *tried.captured_queries]
        shapes.append([query["sql"].split(" ")[0] for query in statements])

    assert shapes[0] == shapes[1]
    assert len(pending("accounts.send_code_email")) == 2


def test_a_code_is_good_once_and_for_its_address(author: Phone, stranger: Phone) -> None:
    forgot(author, author.email)
    forgot(stranger, stranger.email)
    code = author.code_mailed_to(author.email)

    assert reset(stranger, stranger.email, code).code == "code_invalid"
    assert reset(author, author.email, code).status == 204
    assert reset(author, author.email, code, "yet another horse").code == "code_expired"


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_and_one_succeeds(author: Phone, unlimited: None) -> None:
    forgot(author, author.email)
    code = author.code_mailed_to(author.email)
    hashed = passwords.hashed(NEW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(password_change.passwords, "hashed", lambda _: hashed)
        patch.setattr("apps.accounts.api.limits.code_try_at", lambda _: None)
        statuses = in_threads(50, lambda: reset(replace(author), author.email, code).status)

    assert sorted(statuses) == [204] + [410] * 49


def test_it_dies_with_time_with_a_newer_one_and_with_the_password(
    author: Phone, clock: Clock, unlimited: None
) -> None:
    forgot(author, author.email)
    first = author.code_mailed_to(author.email)
    forgot(author, author.email)
    second = author.code_mailed_to(author.email)
    assert reset(author, author.email, first).code == "code_invalid"
    change(author, current_password=author.password)
    assert reset(author, author.email, second, "yet another horse").code == "code_expired"

    forgot(author, author.email)
    late = author.code_mailed_to(author.email)
    clock.forward(minutes=10)
    assert reset(author, author.email, late, "yet another horse").code == "code_expired"


def test_a_weak_password_costs_no_try(author: Phone, phone: Phone) -> None:
    forgot(phone, author.email)
    code = phone.code_mailed_to(author.email)

    weak = reset(phone, author.email, code, "password1234")

    assert (weak.status, weak.pointers) == (400, {"/password"})
    assert reset(phone, author.email, code).status == 204


def test_the_code_proves_the_address_as_well(phone: Phone) -> None:
    phone.register("new@example.test")
    forgot(phone, "new@example.test")

    reset(phone, "new@example.test", phone.code_mailed_to("new@example.test"))

    assert phone.login("new@example.test", NEW).json["user"]["email_verified"] is True


def test_whoever_claimed_it_first_keeps_no_way_in(phone: Phone) -> None:
    """A squatter registers somebody's address and sets up ways in; its owner then resets "their" password."""
    squatter = Phone(password="the squatter's own secret")
    squatter.register("victim@example.test")
    Totp.objects.create(
        user_id=squatter.user_id, sealed_seed=b"theirs", confirmed_at=timezone.now()
    )
    forgot(phone, "victim@example.test")

    reset(phone, "victim@example.test", phone.code_mailed_to("victim@example.test"))

    assert phone.login("victim@example.test", NEW).status == 200
    assert squatter.get("me").code == squatter.refresh().code == "session_revoked"
    assert squatter.login().code == "invalid_credentials"


def test_mail_to_one_address_is_bounded(author: Phone, phone: Phone, unlimited: None) -> None:
    statuses = [forgot(phone, "nobody@example.test").status for _ in range(6)]

    assert statuses == [204] * 4 + [429] * 2


# Changed


def test_changing_it_signs_out_everywhere_else(author: Phone) -> None:
    tablet = Phone()
    tablet.login(author.email)
    mail.outbox.clear()

    assert change(author, current_password=author.password).status == 204

    assert author.get("me").status == 200
    assert author.refresh().status == 200
    assert tablet.get("me").code == "session_revoked"
    assert tablet.refresh().code == "session_revoked"
    drain()
    assert [message.subject for message in mail.outbox] == ["Your password was changed"]
    assert author.login().status == 401
    assert author.login(password=NEW).status == 200


def test_what_does_not_change_it(author: Phone, clock: Clock) -> None:
    wrong = change(author, current_password="not the right password")
    weak = change(author, current_password=author.password, password="short")
    clock.forward(minutes=6)
    author.refresh()
    unproven = change(author)

    assert (wrong.status, wrong.code) == (400, "password_wrong")
    assert (weak.status, weak.pointers) == (400, {"/password"})
    assert (unproven.status, unproven.code) == (403, "reauth_required")
    assert author.login().status == 200


def test_a_recent_proof_will_do(author: Phone) -> None:
    User.objects.filter(pk=author.user_id).update(password="!")

    assert change(author).status == 204
    assert author.login(password=NEW).status == 200


def test_asking_again_after_a_lost_answer(author: Phone) -> None:
    for _ in range(2):
        assert change(author, current_password=author.password).status == 204

    assert len(pending("accounts.send_password_notice")) == 1
