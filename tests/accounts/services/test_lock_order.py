"""Nobody waits in a ring: whoever changes a person and what is theirs holds the person first."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction

from apps.accounts.models import User
from tests.accounts.conftest import Clock
from tests.accounts.identities import bring, vouching
from tests.accounts.services import test_login_code, test_passkeys, test_second_step
from tests.accounts.services.test_password_change import change, forgot, reset
from tests.core.threads import somebody_waits, start, until
from tests.fakes.authenticator import Authenticator
from tests.fakes.issuer import FakeIssuer
from tests.phone import Answer, Phone

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("unlimited")]

_THEIRS = [
    model
    for model in apps.get_app_config("accounts").get_models()
    if any(field.name == "user" for field in model._meta.fields)
]


@dataclass(frozen=True)
class World:
    """Somebody with a phone, what vouches for them, and time."""

    author: Phone
    issuer: FakeIssuer
    clock: Clock


type Act = Callable[[], Answer]


def by_an_identity(world: World) -> Act:
    token = vouching(world.issuer, "apple")
    assert bring("apple", token).status == 200
    return lambda: bring("apple", token)


def by_a_new_identity(world: World) -> Act:
    return lambda: bring("apple", vouching(world.issuer, "apple"))


def by_a_mailed_code(world: World) -> Act:
    test_login_code.ask(world.author.email)
    code = world.author.code_mailed_to(world.author.email)
    return lambda: test_login_code.confirm(Phone(), code)


def by_an_app(world: World) -> Act:
    secret, _ = test_second_step.protect(world.author, world.clock)
    phone = Phone()
    asked = phone.login(world.author.email)
    code = test_second_step.code_of(secret, world.clock)
    return lambda: test_second_step.second(phone, asked, code)


def by_a_recovery_code(world: World) -> Act:
    _, (code, *_) = test_second_step.protect(world.author, world.clock)
    phone = Phone()
    asked = phone.login(world.author.email)
    return lambda: test_second_step.second(phone, asked, code)


def by_a_passkey(world: World) -> Act:
    key = Authenticator(test_passkeys.RP, test_passkeys.ORIGIN)
    assert test_passkeys.made(world.author, key).status == 201
    credential = key.get(test_passkeys.challenge())
    return lambda: test_passkeys.shown(credential)


def a_passkey_is_made(world: World) -> Act:
    options = world.author.post("me/passkeys/options").json["public_key"]
    key = Authenticator(test_passkeys.RP, test_passkeys.ORIGIN)
    body = {"credential": key.create(options)}
    return lambda: world.author.post("me/passkeys", body)


def an_address_is_proven(world: World) -> Act:
    world.author.post("me/email", {"email": "new@example.test"})
    code = world.author.code_mailed_to("new@example.test")
    return lambda: world.author.post("me/email/confirm", {"code": code})


def an_address_is_wanted(world: World) -> Act:
    User.objects.update(email=None, claimed_email=world.author.email)
    world.author.post("me/email", {"email": "newer@example.test"})
    return lambda: world.author.post("me/email", {"email": "new@example.test"})


def a_password_is_reset(world: World) -> Act:
    forgot(world.author, world.author.email)
    code = world.author.code_mailed_to(world.author.email)
    return lambda: reset(Phone(), world.author.email, code)


def a_password_is_changed(world: World) -> Act:
    test_second_step.protect(world.author, world.clock)
    assert Phone().login(world.author.email).code == "mfa_required"
    return lambda: change(world.author, current_password=world.author.password)


def an_account_is_deleted(world: World) -> Act:
    world.author.post("me/email", {"email": "new@example.test"})
    return lambda: world.author.delete("me")


def other_devices_are_signed_out(world: World) -> Act:
    replace(world.author, installation_id=Phone().installation_id).login()
    return lambda: world.author.delete("me/sessions")


def the_second_step_is_turned_off(world: World) -> Act:
    test_second_step.protect(world.author, world.clock)
    return lambda: world.author.delete("me/mfa/totp")


@pytest.mark.parametrize(
    "prepared",
    [
        by_an_identity,
        by_a_new_identity,
        by_a_mailed_code,
        by_an_app,
        by_a_recovery_code,
        by_a_passkey,
        a_passkey_is_made,
        an_address_is_proven,
        an_address_is_wanted,
        a_password_is_reset,
        a_password_is_changed,
        an_account_is_deleted,
        other_devices_are_signed_out,
        the_second_step_is_turned_off,
    ],
    ids=lambda prepared: prepared.__name__,
)
def test_who_waits_for_a_person_holds_nothing_of_theirs(
    prepared: Callable[[World], Act], author: Phone, issuer: FakeIssuer, clock: Clock, settings: Any
) -> None:
    settings.PASSKEY_RP_ID, settings.PASSKEY_ORIGINS = test_passkeys.RP, [test_passkeys.ORIGIN]
    act = prepared(World(author, issuer, clock))

    with transaction.atomic():
        User.objects.held().get()
        waiting = start(act)
        until(somebody_waits)
        # Raises where one is held.
        for model in _THEIRS:
            theirs = model._default_manager.filter(user=author.user_id)
            list(theirs.select_for_update(nowait=True))

    answer = waiting.answer()
    assert answer
    assert answer.status < 300, answer
