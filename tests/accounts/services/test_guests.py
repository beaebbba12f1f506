"""Guests: what they do is theirs, and stays theirs when they say who they are."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from apps.accounts.models import Identity, Session, User
from apps.accounts.services import guests
from tests.accounts.conftest import Clock
from tests.accounts.identities import ADDRESS, NONCE, bring, vouching
from tests.core.threads import in_threads
from tests.fakes.issuer import FakeIssuer
from tests.golden import golden, steady
from tests.outbox import drain
from tests.phone import PASSWORD, Answer, Phone


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


# By what Apple or Google say


def upgrade_with(phone: Phone, token: str, provider: str = "google", **more: Any) -> Answer:
    body = {"provider": provider, "id_token": token, "nonce": NONCE, **more}
    return phone.post("auth/guest/upgrade", body)


def guests_only(phone: Phone) -> None:
    """Nothing of the guest, nor of anybody else, has changed."""
    assert phone.get("me").json["is_guest"] is True
    assert not Identity.objects.of(phone.user_id).exists()
    drain()
    assert mail.outbox == []


@pytest.mark.parametrize("provider", ["apple", "google"])
def test_an_identity_upgrades_and_keeps_everything(
    issuer: FakeIssuer, phone: Phone, provider: str
) -> None:
    begin(phone)
    phone.patch("me", {"display_name": "Gwen"})
    session = Session.objects.get(user_id=phone.user_id)

    answer = upgrade_with(phone, vouching(issuer, provider), provider)

    assert answer.status == 200
    assert steady(answer.json) == golden(__file__, "upgraded-by-identity")
    assert answer.json["id"] == phone.user_id
    assert Session.objects.get(user_id=phone.user_id) == session
    back = bring(provider, vouching(issuer, provider))
    assert back.json["user"] == answer.json, "and they come back the same way"


def test_an_address_that_nobody_vouches_for_is_claimed(issuer: FakeIssuer, phone: Phone) -> None:
    begin(phone)

    answer = upgrade_with(phone, vouching(issuer, "google", hd=None))

    assert answer.json["email"] == ADDRESS
    assert answer.json["email_verified"] is False
    assert phone.verify(phone.code_mailed_to(ADDRESS)).json["email_verified"] is True


def test_an_identity_without_an_address_will_do(issuer: FakeIssuer, phone: Phone) -> None:
    begin(phone)

    answer = upgrade_with(phone, vouching(issuer, "apple", email=None), "apple", display_name="G")

    assert (answer.json["email"], answer.json["is_guest"]) == (None, False)
    assert answer.json["display_name"] == "G"


def test_a_lost_answer_to_an_identity_is_harmless(issuer: FakeIssuer, phone: Phone) -> None:
    begin(phone)
    first = upgrade_with(phone, vouching(issuer, "google"))

    again = upgrade_with(phone, vouching(issuer, "google"), display_name="Another")

    assert (again.status, again.json) == (200, first.json)
    other = upgrade_with(phone, vouching(issuer, "google", "002", email="other@example.test"))
    assert (other.status, other.code) == (409, "not_a_guest")
    assert Identity.objects.count() == 1


def test_an_identity_of_somebody_else_changes_nothing(issuer: FakeIssuer, phone: Phone) -> None:
    owner = bring("google", vouching(issuer, "google")).json["user"]
    begin(phone)

    answer = upgrade_with(phone, vouching(issuer, "google"))

    assert (answer.status, answer.code) == (409, "identity_taken")
    guests_only(phone)
    assert bring("google", vouching(issuer, "google")).json["user"] == owner


def test_an_address_of_somebody_else_changes_nothing(
    issuer: FakeIssuer, author: Phone, phone: Phone
) -> None:
    begin(phone)
    drain()
    mail.outbox.clear()

    answer = upgrade_with(phone, vouching(issuer, "google"))

    assert (answer.status, answer.code) == (409, "address_in_use")
    guests_only(phone)
    assert not Identity.objects.exists()


def test_a_bad_token_upgrades_nobody(issuer: FakeIssuer, phone: Phone) -> None:
    begin(phone)
    for claims in ({"nonce": NONCE[::-1]}, {"aud": "somebody.else"}, {"exp": 1_700_000_000}):
        answer = upgrade_with(phone, vouching(issuer, "google", **claims))
        assert (answer.status, answer.code) == (401, "id_token_invalid")
    assert upgrade_with(phone, vouching(issuer, "google"), "apple").code == "id_token_invalid"
    guests_only(phone)
    assert upgrade_with(Phone(), vouching(issuer, "google")).code == "unauthenticated"


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, {"/email", "/password"}),
        ({"provider": "google"}, {"/id_token", "/nonce"}),
        ({"id_token": "a.b.c", "nonce": NONCE}, {"/provider"}),
        ({"provider": "myspace", "id_token": "a.b.c", "nonce": NONCE}, {"/provider"}),
        ({"email": ADDRESS, "password": PASSWORD, "nonce": NONCE}, {""}),
        ({"provider": "google", "id_token": "a", "nonce": NONCE, "password": PASSWORD}, {""}),
        (
            {"provider": "google", "id_token": "a", "nonce": NONCE, "authorization_code": "a"},
            {"/authorization_code"},
        ),
    ],
)
def test_one_way_to_upgrade_at_a_time(
    phone: Phone, body: dict[str, str], pointers: set[str]
) -> None:
    begin(phone)
    answer = phone.post("auth/guest/upgrade", body)
    assert (answer.status, answer.pointers) == (400, pointers)


def test_apples_code_is_kept_for_the_day_they_leave(issuer: FakeIssuer, phone: Phone) -> None:
    begin(phone)
    upgrade_with(phone, vouching(issuer, "apple"), "apple", authorization_code="good-code")

    drain()

    assert Identity.objects.get().sealed_refresh_token
    assert issuer.exchanged[0]["code"] == "good-code"


@pytest.mark.django_db(transaction=True)
def test_one_identity_of_many_guests_is_the_first_ones(issuer: FakeIssuer, unlimited: None) -> None:
    phones = [begin(Phone()) for _ in range(6)]
    token, waiting = vouching(issuer, "google"), iter(phones)

    answers = in_threads(6, lambda: upgrade_with(next(waiting), token))

    assert sorted((answer.status, answer.code) for answer in answers) == [
        (200, ""),
        *[(409, "identity_taken")] * 5,
    ]
    assert [phone.get("me").json["is_guest"] for phone in phones].count(True) == 5
    assert Identity.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_sign_in_and_an_upgrade_at_once_make_one_owner(
    issuer: FakeIssuer, unlimited: None
) -> None:
    phone = begin(Phone())
    token = vouching(issuer, "google")
    deeds = iter([lambda: upgrade_with(phone, token), *[lambda: bring("google", token)] * 5])

    answers = in_threads(6, lambda: next(deeds)())

    assert {answer.status for answer in answers} <= {200, 409}
    owner = Identity.objects.get().user_id
    upgraded = phone.get("me").json["is_guest"] is False
    assert upgraded == (str(owner) == phone.user_id)
    assert bring("google", token).json["user"]["id"] == str(owner)


@pytest.mark.django_db(transaction=True)
def test_upgraded_at_once_by_a_password_and_an_identity_is_upgraded_once(
    issuer: FakeIssuer, phone: Phone
) -> None:
    begin(phone)
    token = vouching(issuer, "google")
    deeds = iter([lambda: upgrade(phone, "a@example.test"), lambda: upgrade_with(phone, token)])

    answers = in_threads(2, lambda: next(deeds)())

    assert sorted(answer.status for answer in answers) == [200, 409]
    by_identity = Identity.objects.filter(user_id=phone.user_id).exists()
    assert User.objects.get(pk=phone.user_id).has_usable_password() != by_identity
