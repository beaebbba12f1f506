"""Guests: what they do is theirs, and stays theirs when they say who they are."""

from datetime import timedelta

import pytest
from django.core import mail

from apps.accounts.models import Session, User
from apps.accounts.services import guests
from tests.accounts.conftest import Clock
from tests.core.threads import in_threads
from tests.golden import golden, steady
from tests.outbox import drain
from tests.phone import PASSWORD, Answer, Phone

ADDRESS = "author@example.test"


def begin(phone: Phone) -> Phone:
    answer = phone.post("auth/guest", {"device": phone.device, "locale": "de"})
    assert answer.status == 201, answer.content
    return phone.keep(answer.json)


def upgrade(phone: Phone, email: str = ADDRESS, password: str = PASSWORD) -> Answer:
    return phone.post("auth/guest/upgrade", {"email": email, "password": password})


def test_a_guest_is_somebody(phone: Phone) -> None:
    begin(phone)

    assert steady(phone.user) == golden(__file__, "guest")
    assert phone.get("me").json["locale"] == "de"
    assert phone.refresh().status == 200
    assert begin(Phone()).user_id != phone.user_id
    assert phone.post("auth/verify-email/resend").code == "already_verified"
    assert phone.post("me/mfa/totp").code == "guest_account"


def test_upgrading_keeps_everything(phone: Phone) -> None:
    begin(phone)
    phone.patch("me", {"display_name": "Gwen"})
    session = Session.objects.get(user_id=phone.user_id)

    answer = upgrade(phone)

    assert answer.status == 200
    assert answer.json == phone.user | {
        "email": ADDRESS,
        "display_name": "Gwen",
        "is_guest": False,
    }
    assert Session.objects.get(user_id=phone.user_id) == session
    assert phone.verify(phone.code_mailed_to(ADDRESS)).json["email_verified"] is True
    elsewhere = Phone()
    assert elsewhere.login(ADDRESS).status == 200
    assert elsewhere.user_id == phone.user_id


def test_a_lost_answer_is_harmless(phone: Phone) -> None:
    begin(phone)
    first = upgrade(phone)
    drain()
    sent = len(mail.outbox)

    again = upgrade(phone)

    assert (again.status, again.json) == (200, first.json)
    drain()
    assert len(mail.outbox) == sent
    for other in (upgrade(phone, "other@example.test"), upgrade(phone, password=PASSWORD[::-1])):
        assert (other.status, other.code) == (409, "not_a_guest")


def test_nothing_is_merged(author: Phone, phone: Phone) -> None:
    begin(phone)

    answer = upgrade(phone, password="another long password")

    assert answer.status == 200
    assert answer.json["email_verified"] is False
    assert phone.user_id != author.user_id
    drain()
    assert "already have" in mail.outbox[-1].subject
    assert Phone().login(ADDRESS, "another long password").status == 401
    assert author.login().status == 200


def test_what_can_t_be_upgraded(author: Phone, phone: Phone) -> None:
    assert upgrade(author, "new@example.test").code == "not_a_guest"
    begin(phone)
    weak = upgrade(phone, password="password")
    assert (weak.status, weak.pointers) == (400, {"/password"})
    assert User.objects.get(pk=phone.user_id).is_guest


@pytest.mark.django_db(transaction=True)
def test_upgraded_at_once_by_two_addresses_is_upgraded_once(phone: Phone) -> None:
    begin(phone)
    addresses = iter([f"a{number}@example.test" for number in range(6)])

    statuses = in_threads(6, lambda: upgrade(phone, next(addresses)).status)

    assert sorted(statuses, key=str) == [200] + [409] * 5


def test_one_network_makes_only_so_many(phone: Phone, unlimited: None) -> None:
    statuses = [Phone().post("auth/guest").status for _ in range(61)]

    assert statuses == [201] * 60 + [429]


def test_guests_who_can_t_come_back_are_let_go(phone: Phone, stranger: Phone, clock: Clock) -> None:
    begin(phone)
    left = begin(Phone())
    left.logout()
    Session.objects.filter(user_id=left.user_id).delete()
    User.objects.filter(is_guest=True).update(created_at=guests.timezone.now() - timedelta(days=31))

    assert guests.let_go() == 1

    assert User.objects.get(pk=left.user_id).deleted_at
    assert phone.get("me").status == stranger.get("me").status == 200
    drain()
    assert User.objects.get(pk=left.user_id).erased_at
