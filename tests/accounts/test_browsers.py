"""Staff's browsers: whatever signs a person out signs their browser out of the admin as well, and for good."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client, TestCase

from apps.accounts.models import User
from apps.accounts.services import deletion, second_step, standing
from apps.core import signin
from tests.outbox import drain
from tests.phone import PASSWORD, Phone

type Deed = Callable[[Phone], object]

BOSS = uuid.uuid4()


def staff(person: Phone, **rights: bool) -> None:
    User.objects.filter(pk=person.user_id).update(
        **{"is_staff": True, "is_superuser": True, **rights}
    )


def browser_of(person: Phone) -> Client:
    client = Client()
    form = {"username": person.email, "password": person.password}
    assert client.post("/admin/login/?next=/admin/", form).status_code == 302
    return client


def is_in(client: Client) -> bool:
    answer = client.get("/admin/accounts/user/")
    assert answer.status_code in {200, 302}
    return bool(answer.status_code == 200)


@pytest.fixture
def keeper(author: Phone, monkeypatch: pytest.MonkeyPatch) -> Phone:
    monkeypatch.setattr(signin, "TRIES", dict.fromkeys(signin.TRIES, 1_000))
    staff(author)
    return author


def by_staff(service: Callable[..., object]) -> Deed:
    return lambda person: service(user_id=uuid.UUID(person.user_id), by=BOSS)


def loses_staff_rights(person: Phone) -> None:
    staff(person, is_staff=False)
    by_staff(standing.role_changed)(person)


def changes_the_password(person: Phone) -> None:
    told = {"current_password": person.password, "password": "another horse battery staple"}
    assert person.post("me/password", told).status == 204
    person.password = told["password"]


def resets_the_password(person: Phone) -> None:
    person.post("auth/password/forgot", {"email": person.email})
    told = {"email": person.email, "code": person.code_mailed_to(person.email)}
    person.password = "another horse battery staple"
    done = person.post("auth/password/reset", {**told, "password": person.password})
    assert done.status == 204, done.content


def loses_the_second_step(person: Phone) -> None:
    uri = second_step.enrol(actor=second_step.Actor(uuid.UUID(person.user_id)))
    second_step.Totp.objects.update(confirmed_at="2026-01-01T00:00:00Z")
    assert uri
    by_staff(second_step.disable_for)(person)


ENDS: dict[str, tuple[Deed, Deed | None]] = {
    "is disabled": (by_staff(standing.disable), by_staff(standing.enable)),
    "deletes the account": (lambda one: one.delete("me"), by_staff(deletion.restore_for)),
    "is signed out everywhere": (by_staff(standing.sign_out_everywhere), None),
    "signs out everywhere else": (lambda one: one.delete("me/sessions"), None),
    "loses staff rights": (loses_staff_rights, staff),
    "changes the password": (changes_the_password, None),
    "resets the password": (resets_the_password, None),
    "loses the second step": (loses_the_second_step, None),
}


@pytest.mark.parametrize("what", ENDS)
def test_whoever_is_signed_out_is_out_of_the_admin(
    keeper: Phone, stranger: Phone, what: str
) -> None:
    staff(stranger)
    browser, other = browser_of(keeper), browser_of(stranger)
    assert is_in(browser)
    happens, is_undone = ENDS[what]

    with TestCase.captureOnCommitCallbacks(execute=True):
        happens(keeper)

    assert not is_in(browser)
    assert is_in(other), "nobody else is"
    if is_undone:
        is_undone(keeper)
    assert not is_in(browser), "and it does not come back by itself"
    assert is_in(browser_of(keeper))


def test_signing_out_one_device_leaves_the_browser_alone(keeper: Phone) -> None:
    browser = browser_of(keeper)

    keeper.logout()

    assert is_in(browser)


def test_keys_rotate_without_signing_browsers_out(keeper: Phone, settings: Any) -> None:
    browser = browser_of(keeper)

    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-secret-key-of-the-same-length-0123456789abcdefghijkl"

    assert is_in(browser)


# The password, changed in the admin


def change_in(client: Client, old: str, new: str) -> Any:
    form = {"old_password": old, "new_password1": new, "new_password2": new}
    with TestCase.captureOnCommitCallbacks(execute=True):
        return client.post("/admin/password_change/", form)


def test_a_password_changed_in_the_admin_ends_everything_but_this_browser(keeper: Phone) -> None:
    browser, elsewhere = browser_of(keeper), browser_of(keeper)

    answer = change_in(browser, PASSWORD, "another horse battery staple")

    assert answer.status_code == 302
    assert is_in(browser)
    assert not is_in(elsewhere)
    assert keeper.get("me").code == keeper.refresh().code == "session_revoked"
    assert keeper.login(password="another horse battery staple").status == 200
    drain()
    assert mail.outbox[-1].to == [keeper.email]


@pytest.mark.parametrize(
    "wrong", [("not the password", "another horse battery staple"), (PASSWORD, "short")]
)
def test_a_wrong_or_weak_password_changes_nothing(keeper: Phone, wrong: tuple[str, str]) -> None:
    browser = browser_of(keeper)

    answer = change_in(browser, *wrong)

    assert answer.status_code == 200
    assert is_in(browser)
    assert keeper.get("me").status == keeper.login().status == 200
