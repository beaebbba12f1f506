"""The audit log: whatever staff change is written down, whatever phones do is not, and nobody rewrites it."""

import uuid
from datetime import timedelta
from typing import Any

import pgtrigger
import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db import ProgrammingError, connection, transaction
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.content.models import Post
from apps.core import audit, periodic
from apps.core.ids import first_id
from apps.core.models import AUDIT_KEPT_DAYS, AuditEvent
from apps.devices.models import VersionPolicy
from tests.phone import Phone

PEOPLE = reverse("admin:accounts_user_changelist")
LOG = reverse("admin:core_auditevent_changelist")


@pytest.fixture
def keeper(db: None) -> User:
    return User.objects.create_superuser(email="keeper@example.test", password=None)


@pytest.fixture
def desk(keeper: User) -> Client:
    client = Client()
    client.force_login(keeper)
    return client


def as_staff(keeper: User, change: Any) -> None:
    """Change something as a page of the admin would."""
    request = RequestFactory().post("/admin/somewhere/")
    request.user = keeper
    audit.attributed(lambda request: change())(request)


def lines(**which: Any) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(**which).order_by("id"))


def test_an_action_is_written_down_with_who_and_why(
    desk: Client, keeper: User, author: Phone
) -> None:
    form = {"action": "disable", "_selected_action": [author.user_id]}

    desk.post(PEOPLE, form, headers={"X-Request-Id": "ticket-4711"})

    line, signed_out = lines(model="accounts.user")
    assert signed_out.after == {"sign_outs": 1}
    assert (line.object_id, line.actor_id) == (author.user_id, keeper.pk)
    assert (line.request_id, line.path) == ("ticket-4711", PEOPLE)
    assert (line.before["is_active"], line.after["is_active"]) == (True, False)
    assert line.before.keys() == {"is_active", "rev"}
    (session,) = lines(model="accounts.session")
    assert session.after["revoked_reason"] == "ended_by_staff"


def test_who_is_staff_and_what_they_may_is_written_down(desk: Client, author: Phone) -> None:
    group = Group.objects.create(name="Support")
    page = reverse("admin:accounts_user_change", args=[author.user_id])

    desk.post(page, {"is_staff": "on", "groups": [group.pk]})

    made, signed_out = lines(model="accounts.user")
    assert (made.after, signed_out.after) == ({"is_staff": True}, {"sign_outs": 1})
    (joined,) = lines(model="accounts.user_groups")
    assert (joined.object_id, joined.after["group_id"]) == (author.user_id, group.pk)
    history = desk.get(reverse("admin:accounts_user_history", args=[author.user_id]))
    assert "added accounts.user_groups" in history.content.decode()


def test_no_way_of_changing_rows_goes_around_it(keeper: User, author: Phone) -> None:
    def by_sql() -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE accounts_user SET is_guest = false, locale = 'de'")

    as_staff(keeper, lambda: User.objects.exclude(pk=keeper.pk).update(time_zone="Asia/Tokyo"))
    as_staff(keeper, by_sql)

    everywhere = {(line.object_id, *line.after) for line in lines()}
    assert everywhere == {
        (author.user_id, "time_zone"),
        (author.user_id, "locale"),
        (str(keeper.pk), "locale"),
    }


@pytest.mark.django_db(transaction=True)
def test_phones_and_workers_leave_no_line(keeper: User) -> None:
    phone = Phone().verified("author@example.test")
    as_staff(keeper, lambda: VersionPolicy.objects.create(platform="ios"))

    assert phone.patch("me", {"display_name": "Ada"}).status == 200

    assert [line.model for line in lines()] == ["devices.versionpolicy"]


def test_secrets_and_peoples_words_are_seen_to_change_and_not_kept(
    keeper: User, author: Phone
) -> None:
    post = author.post("posts", {"title": "Canary title", "body": "Canary body"}).json

    def change() -> None:
        User.objects.filter(pk=author.user_id).update(
            password="canary-hash", email=None, display_name="Canary"
        )
        Post.objects.filter(pk=post["id"]).update(title="Canary again", visibility="private")

    as_staff(keeper, change)

    (person,) = lines(model="accounts.user")
    assert person.after == {"password": "(hidden)", "email": None, "display_name": "(hidden)"}
    (words,) = lines(model="content.post")
    assert words.before == {"title": "(hidden)", "visibility": "public"}
    assert "anary" not in repr([(line.before, line.after) for line in lines()])


def test_the_log_is_only_added_to(keeper: User) -> None:
    AuditEvent.objects.note("looked", keeper, by=keeper.pk)

    for rewrite in (
        lambda: AuditEvent.objects.update(actor=None),
        lambda: AuditEvent.objects.all().delete(),
    ):
        with pytest.raises(ProgrammingError, match="Cannot"), transaction.atomic():
            rewrite()

    assert [line.after for line in lines()] == [{"did": "looked"}]


def test_it_ends_when_it_is_old(keeper: User) -> None:
    long_ago = timezone.now() - timedelta(days=AUDIT_KEPT_DAYS + 2)
    for moment in (long_ago, timezone.now()):
        AuditEvent.objects.create(
            id=first_id(moment), created_at=moment, model="x", object_id="1", action="note"
        )

    periodic.prune_audit_events()

    assert [line.created_at > long_ago for line in lines()] == [True]


def test_it_is_found_by_object_and_by_actor(desk: Client, keeper: User) -> None:
    policy = VersionPolicy(platform="ios")
    as_staff(keeper, policy.save)
    AuditEvent.objects.note("looked", User(pk=uuid.uuid4()), by=uuid.uuid4())

    for term in (str(policy.pk), str(keeper.pk), " Keeper@example.test"):
        found = desk.get(LOG, {"q": term}).content.decode()
        assert found.count("field-created_at") == 1, term
        assert str(policy.pk) in found
    assert "keeper" not in desk.get(LOG, {"q": "somebody@example.test"}).content.decode()[-3000:]


def test_everything_that_staff_can_change_is_watched() -> None:
    changeable = {
        audit.name_of(model)
        for model, page in admin.site._registry.items()
        if page.actions
        or type(page).has_change_permission is admin.ModelAdmin.has_change_permission
    }

    assert changeable <= audit.registry.keys()


def test_every_trigger_is_in_place(db: None) -> None:
    for model, trigger in pgtrigger.registered():
        assert trigger.get_installation_status(model) == ("INSTALLED", True), model


def test_rights_to_read_it_are_no_rights_to_write_it(db: None) -> None:
    reader = User.objects.create(email="auditor@example.test", is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(content_type__app_label="core"))
    client = Client()
    client.force_login(reader)

    assert client.get(LOG).status_code == 200
    assert client.get(reverse("admin:core_auditevent_add")).status_code == 403
