"""Staff at work: what they decide is checked, tried on an installation, written down, and taken back in one click."""

import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from apps.accounts.models import User
from apps.core.models import AuditEvent
from apps.devices.models import ConfigEntry, Flag
from tests.devices.pockets import register
from tests.devices.rules import entry, flag, maintenance, policy
from tests.phone import Phone

FLAG = {
    "key": "new-editor",
    "enabled": "on",
    "is_exposed": "on",
    "percentage": "100",
    **dict.fromkeys(("locales", "groups", "allowed"), ""),
}
ENTRY = {"key": "feed-page", "kind": "int", "value": "20", "overrides": "[]", "schema": ""}


@pytest.fixture
def staff(db: None) -> Client:
    browser = Client()
    browser.force_login(User.objects.create_superuser("staff@example.test", "a long password"))
    return browser


@pytest.fixture
def save(staff: Client, django_capture_on_commit_callbacks: Any) -> Any:
    """Send a form of the admin, and let its transaction commit; return what it complains about."""

    def send(path: str, fields: dict[str, Any]) -> dict[str, Any]:
        with django_capture_on_commit_callbacks(execute=True):
            page = staff.post(f"/admin/devices/{path}", fields)
        assert page.status_code in {200, 302}
        return dict(page.context["adminform"].form.errors) if page.status_code == 200 else {}

    return send


def test_a_flag_is_made_changed_and_taken_away(staff: Client, save: Any, phone: Phone) -> None:
    def told() -> Any:
        return phone.get("app/config").json["flags"]

    fields = FLAG | {"platforms": ["ios"], "locales": "de, en", "allowed": "one, another"}
    assert save("flag/add/", fields) == {}
    made = Flag.objects.get()
    assert (made.platforms, made.locales, made.allowed) == (
        ["ios"],
        ["de", "en"],
        ["one", "another"],
    )
    assert told() == {"new-editor": False}

    assert save(f"flag/{made.pk}/change/", FLAG) == {}
    assert told() == {"new-editor": True}
    made.refresh_from_db()
    assert made.rev == 2

    save(f"flag/{made.pk}/delete/", {"post": "yes"})
    assert told() == {}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"key": "New Editor"}, "key"),
        ({"percentage": "101"}, "percentage"),
        ({"percentage": "-1"}, "percentage"),
        ({"percentage": ""}, "percentage"),
        ({"minimum_version": "two"}, "minimum_version"),
        ({"minimum_version": "2.0", "below_version": "1.9"}, "below_version"),
        ({"locales": "DE_at"}, "locales"),
        ({"groups": "nobody"}, "groups"),
        ({"platforms": ["symbian"]}, "platforms"),
        ({"allowed": "UPPER"}, "allowed"),
    ],
)
def test_a_flag_that_can_not_work_is_refused(save: Any, change: dict[str, Any], field: str) -> None:
    assert field in save("flag/add/", FLAG | change)
    assert not Flag.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"value": '"twenty"'}, "value"),
        ({"value": "true"}, "value"),
        ({"value": ""}, "value"),
        ({"value": "9007199254740993"}, "value"),
        ({"kind": "bool"}, "value"),
        ({"kind": "string"}, "value"),
        ({"kind": "json", "value": "null"}, "value"),
        ({"kind": "number"}, "kind"),
        ({"kind": "string", "value": json.dumps("x" * 9_000)}, "value"),
        ({"schema": '{"type": "integr"}'}, "schema"),
        ({"schema": '{"maximum": 10}'}, "value"),
        ({"overrides": '{"new-editor": 1}'}, "overrides"),
        ({"overrides": '[{"flag": "new-editor"}]'}, "overrides"),
        ({"overrides": '[{"flag": "no-such-flag", "value": 1}]'}, "overrides"),
        ({"overrides": '[{"flag": "new-editor", "value": "one"}]'}, "overrides"),
    ],
)
def test_a_value_that_is_not_of_its_kind_is_refused(
    save: Any, change: dict[str, Any], field: str
) -> None:
    flag("new-editor")

    assert field in save("configentry/add/", ENTRY | change)
    assert not ConfigEntry.objects.exists()


@pytest.mark.parametrize(
    ("kind", "value"),
    [("bool", "false"), ("int", "0"), ("float", "1"), ("string", '""'), ("json", "{}")],
)
def test_values_that_look_like_nothing_are_values(
    save: Any, phone: Phone, kind: str, value: str
) -> None:
    assert save("configentry/add/", ENTRY | {"kind": kind, "value": value}) == {}
    assert phone.get("app/config").json["config"] == {"feed-page": json.loads(value)}


def test_a_schema_makes_us_fetch_nothing(save: Any) -> None:
    schema = '{"$ref": "https://schemas.example.test/page.json"}'

    assert "value" in save("configentry/add/", ENTRY | {"schema": schema})


def test_any_change_is_taken_back_in_one_click(
    staff: Client, save: Any, phone: Phone, django_capture_on_commit_callbacks: Any
) -> None:
    save("configentry/add/", ENTRY)
    made = ConfigEntry.objects.get()
    for value in ("30", "40", "50"):
        save(f"configentry/{made.pk}/change/", ENTRY | {"value": value})
    page = staff.get(f"/admin/devices/configentry/{made.pk}/history/").content.decode()
    # The newest first; to 40, to 30, to 20.
    buttons = re.findall(r'action="([^"]+/revert/[^"]+)"', page)
    assert len(buttons) == 3

    def click(button: str) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return staff.post(button)

    assert click(buttons[1]).status_code == 302
    assert phone.get("app/config").json["config"] == {"feed-page": 30}
    made.refresh_from_db()
    assert made.rev == 5
    newest = AuditEvent.objects.about(made)[0]
    assert (newest.before["value"], newest.after["value"]) == (50, 30)
    assert newest.actor_id == User.objects.get(email="staff@example.test").pk

    assert staff.get(buttons[0]).status_code == 404
    assert click(buttons[0].replace(buttons[0][-10:-1], "000000000")).status_code == 404


def test_what_would_be_refused_today_does_not_come_back(
    staff: Client, save: Any, phone: Phone
) -> None:
    old = flag("old-flag")
    save("configentry/add/", ENTRY | {"overrides": '[{"flag": "old-flag", "value": 5}]'})
    made = ConfigEntry.objects.get()
    save(f"configentry/{made.pk}/change/", ENTRY)
    old.delete()
    page = staff.get(f"/admin/devices/configentry/{made.pk}/history/").content.decode()

    answer = staff.post(re.findall(r'action="([^"]+/revert/[^"]+)"', page)[0], follow=True)

    assert "There is no flag old-flag." in answer.content.decode()
    made.refresh_from_db()
    assert made.overrides == []


def test_staff_see_what_an_installation_would_get_and_why(staff: Client, author: Phone) -> None:
    register(author, platform="android", app_version="3.1", locale="de-AT")
    Group.objects.create(name="testers").user_set.add(author.user_id)
    flag("for-testers", groups=["testers"])
    flag("for-ios", platforms=["ios"])
    flag("quietly", is_exposed=False, percentage=50)
    entry("feed-page", "int", 20, overrides=[{"flag": "for-testers", "value": 7}])
    policy(platform="android", message="Update", translations={"de": "Aktualisieren"})
    maintenance()

    page = staff.get(
        "/admin/devices/flag/preview/", {"installation_id": author.installation_id.upper()}
    )
    found = page.context["found"]

    document = json.loads(found["document"])
    assert document["config"] == {"feed-page": 7}
    assert document["flags"] == {"for-ios": False, "for-testers": True}
    assert document["version"]["message"] == "Aktualisieren"
    reasons = {key: str(one.reason) for key, one in found["flags"].items()}
    assert reasons == {"for-ios": "DEFAULT", "for-testers": "TARGETING_MATCH", "quietly": "SPLIT"}
    assert "TARGETING_MATCH" in page.content.decode()

    other = staff.get("/admin/devices/flag/preview/", {"platform": "ios", "version": "1"})
    assert json.loads(other.context["found"]["document"])["flags"]["for-ios"]
    assert staff.get("/admin/devices/flag/preview/", {"version": "x"}).context["found"] is None
    assert Client().get("/admin/devices/flag/preview/").status_code == 302


def test_only_who_may_change_takes_back(staff: Client, save: Any, db: None) -> None:
    save("flag/add/", FLAG)
    made = Flag.objects.get()
    save(f"flag/{made.pk}/change/", FLAG | {"note": "changed"})
    page = staff.get(f"/admin/devices/flag/{made.pk}/history/").content.decode()
    (button,) = re.findall(r'action="([^"]+/revert/[^"]+)"', page)
    browser = Client()
    browser.force_login(User.objects.create(email="reader@example.test", is_staff=True))

    assert browser.post(button).status_code == 403
    assert browser.get("/admin/devices/flag/preview/").status_code == 403
