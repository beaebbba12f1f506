"""Staff: what they may do to an account, and what they can't."""

import uuid
from types import SimpleNamespace
from typing import Any

import pyotp
import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.http import HttpRequest
from django.test import Client, TestCase
from django.urls import Resolver404, resolve, reverse

from apps.accounts.models import EmailCode, Identity, Passkey, Session, User
from apps.core import roles
from apps.core.mail import registry as mail_registry
from apps.core.models import AuditEvent, IdempotencyRecord, Job
from tests.outbox import drain
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
    request = HttpRequest()
    request.user = User(is_superuser=True)
    site._registry[User].save_model(request, seen, form, change=True)

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


def test_ending_one_device(keeper: Client, author: Phone) -> None:
    tablet = Phone()
    tablet.login(author.email)
    session = Session.objects.of(author.user_id).latest("id")
    form = {"action": "end", "_selected_action": [str(session.pk)]}

    with TestCase.captureOnCommitCallbacks(execute=True):
        keeper.post(reverse("admin:accounts_session_changelist"), form)

    assert tablet.get("me").code == "session_revoked"
    assert author.get("me").status == 200


def test_taking_back_a_deletion(support: Client, author: Phone) -> None:
    assert author.delete("me").status == 202

    act(support, "restore", author)

    assert author.login().status == 200


def test_unlocking_gives_the_tries_back(support: Client, author: Phone) -> None:
    elsewhere = Phone(password="wrong wrong wrong")
    while elsewhere.login(author.email).code != "rate_limited":
        pass

    act(support, "unlock", author)

    assert elsewhere.login(author.email).code == "invalid_credentials"
    (line,) = AuditEvent.objects.filter(action="note")
    assert (line.object_id, line.after) == (author.user_id, {"did": "unlocked"})


def test_mailing_the_code_again(support: Client, author: Phone, phone: Phone) -> None:
    phone.register("new@example.test")
    drain()
    mail.outbox.clear()

    act(support, "mail_code_again", author, phone)
    drain()

    assert [message.to for message in mail.outbox] == [["new@example.test"]]
    assert AuditEvent.objects.filter(action="note").count() == 1


# Roles


def member_of(*groups: str) -> Client:
    roles.write()
    user = User.objects.create(email=f"{uuid.uuid4()}@example.test", is_staff=True)
    user.groups.set(Group.objects.filter(name__in=groups))
    client = Client()
    client.force_login(user)
    return client


SEEN = {
    "Support": {
        *("accounts.user", "accounts.session", "accounts.mailsuppression", "devices.device"),
        *("notifications.notification", "notifications.delivery", "notifications.mailevent"),
        "notifications.campaign",
    },
    "Accounts": {
        *("accounts.user", "accounts.session", "accounts.emailcode"),
        *("accounts.passkey", "accounts.identity", "accounts.mailsuppression"),
        *("core.auditevent", "core.job"),
    },
    "": set(),
}
CHANGED = {"Support": set(), "Accounts": {"accounts.user"}, "": set()}


@pytest.mark.parametrize("role", SEEN)
def test_each_role_sees_and_changes_what_it_needs_and_no_more(db: None, role: str) -> None:
    client = member_of(role)
    request = client.get("/admin/").wsgi_request

    seen, changed = set(), set()
    for model, page in site._registry.items():
        listing = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        answer = client.get(reverse(listing)).status_code
        assert answer in {200, 403}
        if answer == 200:
            seen.add(model._meta.label_lower)
        if page.has_change_permission(request) or page.has_add_permission(request):
            changed.add(model._meta.label_lower)
        assert not page.has_delete_permission(request)

    assert (seen, changed) == (SEEN[role], CHANGED[role])


def test_support_sees_no_whole_address(author: Phone, phone: Phone) -> None:
    phone.register("claimed@example.test")
    support, desk = member_of("Support"), member_of("Accounts")
    pages = [LIST, page_of(author), page_of(phone)]

    shown = "".join(support.get(page).content.decode() for page in pages)

    assert "author@example.test" not in shown
    assert "claimed@example.test" not in shown
    assert "a…@e….test" in shown
    assert "author@example.test" in desk.get(page_of(author)).content.decode()
    found = support.get(LIST, {"q": "author@example.test"}).content.decode()
    assert author.user_id in found


def test_writing_the_roles_again_takes_back_what_was_added_by_hand(db: None) -> None:
    roles.write()
    group = Group.objects.get(name="Support")
    group.permissions.add(Permission.objects.get(codename="change_user"))

    assert roles.write()["Support"] == group.permissions.count()


def test_secrets_and_answers_are_read_only_and_masked(keeper: Client, author: Phone) -> None:
    assert author.post("posts", {"title": "Canary"}, idempotency_key="one").status == 201
    record, job = IdempotencyRecord.objects.get(), Job.objects.first()
    assert job
    for model, row in (("idempotencyrecord", record), ("job", job)):
        page = reverse(f"admin:core_{model}_change", args=[row.pk])
        text = keeper.get(page).content.decode()
        assert "Canary" not in text
        for hidden in ("body", "fingerprint", "key_hash", "kwargs", "lease", "context"):
            assert f'field-{hidden}"' not in text
        assert keeper.post(page, {"state": "dead"}).status_code == 403


def test_nobody_is_there_before_somebody_is_made(db: None) -> None:
    assert not User.objects.exists()
    assert not [path for path in ("local/mail", "local/") if resolves(f"/{path}")]


def resolves(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


# What we mail


@pytest.mark.parametrize("language", ["en", "de"])
def test_staff_look_at_every_mail(keeper: Client, language: str) -> None:
    page = keeper.get(reverse("admin:accounts_mail"), {"language": language})

    text = page.content.decode()
    assert page.status_code == 200
    letters = [(app, name) for app, own in mail_registry.items() for name in own.names()]
    assert {"accounts"} <= {app for app, _ in letters}
    for app, name in letters:
        frame = reverse("admin:accounts_mail_html", args=[app, name, language])
        assert frame in text
        framed = keeper.get(frame)
        assert f'lang="{language}"' in framed.content.decode()
        assert framed.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert keeper.get(reverse("admin:accounts_mail"), {"language": "xx"}).status_code == 404
    assert Client().get(reverse("admin:accounts_mail")).status_code == 302


def second_step_of(person: Phone) -> str:
    seed: str = person.post("me/mfa/totp").json["secret"]
    assert person.post("me/mfa/totp/confirm", {"code": pyotp.TOTP(seed).now()}).status == 200
    return seed


def test_a_lost_second_step_is_turned_off(support: Client, author: Phone) -> None:
    second_step_of(author)

    act(support, "turn_second_step_off", author)

    assert author.get("me").code == "session_revoked"
    assert author.login().status == 200, "the password is enough again"
    noted = AuditEvent.objects.filter(
        after__did="turned the second step off", object_id=author.user_id
    )
    assert noted.count() == 1
    drain()
    assert mail.outbox[-1].to == [author.email]
    act(support, "turn_second_step_off", author)
    assert author.get("me").status == 200, "nothing to turn off"
    assert noted.count() == 1


def test_support_opens_no_account_of_staff(support: Client, keeper: Client, author: Phone) -> None:
    second_step_of(author)
    User.objects.filter(pk=author.user_id).update(is_staff=True)

    act(support, "turn_second_step_off", author)
    assert author.login().code == "mfa_required"
    act(keeper, "turn_second_step_off", author)
    assert author.login().status == 200


def test_ways_in_are_shown_without_what_they_are_made_of(keeper: Client, author: Phone) -> None:
    made = {"user_id": author.user_id, "credential_id": b"-", "public_key": b"cose-of-the-author"}
    passkey = Passkey.objects.create(name="Phone", **made)
    known = {"issuer": "https://a.test", "subject": "001234.of-the-author", "client_id": "app"}
    identity = Identity.objects.create(
        user_id=author.user_id, last_used_at=passkey.created_at, **known
    )

    for row, model in ((passkey, "passkey"), (identity, "identity")):
        for page in (
            reverse(f"admin:accounts_{model}_changelist"),
            reverse(f"admin:accounts_{model}_change", args=[row.pk]),
        ):
            answer = keeper.get(page, {"q": author.email})
            assert answer.status_code == 200
            assert b"of-the-author" not in answer.content
