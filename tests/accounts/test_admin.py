"""Staff: what they may do to an account, and what they can't."""

import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Group, Permission
from django.http import HttpRequest
from django.test import Client, TestCase
from django.urls import reverse

from apps.accounts.models import EmailCode, Session, User
from tests.phone import Phone

LIST = reverse("admin:accounts_user_changelist")


def page_of(person: Phone) -> str:
    return reverse("admin:accounts_user_change", args=[person.user_id])


def browser_of(*rights: str, **fields: Any) -> Client:
    user = User.objects.create(email=f"{uuid.uuid4()}@example.test", is_staff=True, **fields)
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def keeper(db: None) -> Client:
    return browser_of(is_superuser=True)


@pytest.fixture
def support(db: None) -> Client:
    return browser_of("view_user", "change_user")


def act(client: Client, action: str, *people: Phone) -> None:
    ids = [person.user_id for person in people]
    with TestCase.captureOnCommitCallbacks(execute=True):
        answer = client.post(LIST, {"action": action, "_selected_action": ids}, follow=True)
    assert answer.status_code == 200


def test_disabling_signs_out_everywhere(support: Client, author: Phone, stranger: Phone) -> None:
    assert author.get("me").status == 200

    act(support, "disable", author)

    assert author.get("me").code == "session_revoked"
    assert author.login().code == "account_disabled"
    assert stranger.get("me").status == 200


def test_enabling_lets_in_again(support: Client, author: Phone) -> None:
    act(support, "disable", author)
    act(support, "enable", author)

    assert author.login().status == 200


def test_nobody_disables_themselves(keeper: Client) -> None:
    own = User.objects.get(is_superuser=True)

    keeper.post(LIST, {"action": "disable", "_selected_action": [str(own.pk)]})

    own.refresh_from_db()
    assert own.is_active


def test_signing_out_everywhere(support: Client, author: Phone) -> None:
    act(support, "sign_out_everywhere", author)

    assert author.get("me").code == "session_revoked"
    assert Session.objects.get(user_id=author.user_id).revoked_reason == "ended_by_staff"
    assert author.login().status == 200


def test_whoever_may_only_look_can_not_act(author: Phone) -> None:
    onlooker = browser_of("view_user")

    act(onlooker, "disable", author)

    assert author.get("me").status == 200


@pytest.mark.parametrize(
    "field",
    [
        *("email", "claimed_email", "display_name", "password", "is_active", "is_guest"),
        *("is_staff", "is_superuser", "rev", "deleted_at"),
    ],
)
def test_support_can_not_write_into_an_account(support: Client, author: Phone, field: str) -> None:
    before = User.objects.get(pk=author.user_id)

    support.post(page_of(author), {field: "1"})

    after = User.objects.get(pk=author.user_id)
    assert getattr(after, field) == getattr(before, field)


def test_superusers_say_who_is_staff(keeper: Client, author: Phone) -> None:
    group = Group.objects.create(name="Support")

    answer = keeper.post(page_of(author), {"is_staff": "on", "groups": [group.pk]})

    assert answer.status_code == 302
    user = User.objects.get(pk=author.user_id)
    assert (user.is_staff, user.is_superuser) == (True, False)
    assert list(user.groups.all()) == [group]


def test_a_page_that_was_open_for_long_overwrites_nothing(author: Phone) -> None:
    seen = User.objects.get(pk=author.user_id)
    author.patch("me", {"display_name": "Changed meanwhile"})
    seen.is_staff = True

    form = SimpleNamespace(changed_data=["is_staff", "groups"])
    site._registry[User].save_model(HttpRequest(), seen, form, change=True)

    user = User.objects.get(pk=author.user_id)
    assert (user.is_staff, user.display_name) == (True, "Changed meanwhile")


@pytest.mark.parametrize("how", ["address", "claim", "id"])
def test_people_are_found(keeper: Client, author: Phone, phone: Phone, how: str) -> None:
    phone.register("claimed@example.test")
    term, found, other = {
        "address": (" Author@Example.test", author, phone),
        "claim": ("claimed@example.test", phone, author),
        "id": (author.user_id, author, phone),
    }[how]

    text = keeper.get(LIST, {"q": term}).content.decode()

    assert found.user_id in text
    assert other.user_id not in text


def test_no_page_shows_a_secret(keeper: Client, author: Phone, phone: Phone) -> None:
    phone.register("somebody@example.test")
    session = Session.objects.get(user_id=author.user_id)
    code = EmailCode.objects.get(user_id=phone.user_id)
    pages = [
        page_of(author),
        reverse("admin:accounts_session_change", args=[session.pk]),
        reverse("admin:accounts_emailcode_change", args=[code.pk]),
    ]

    text = "".join(keeper.get(page).content.decode() for page in pages)

    assert User.objects.get(pk=author.user_id).password not in text
    for secret in (session.leaf_hash, code.code_hash):
        assert bytes(secret).hex() not in text
        assert repr(bytes(secret)) not in text
    for name in ("leaf_hash", "parent_hash", "attempt_hash", "code_hash", "password"):
        assert f"field-{name}" not in text
