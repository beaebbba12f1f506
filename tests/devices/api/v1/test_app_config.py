"""What an app is told at start: the same for whoever is alike, another thing for whoever is not, and at once."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.db import DatabaseError
from django.utils import timezone

from apps.accounts.models import User
from apps.core import cache
from apps.devices.selectors import configuration
from tests.devices.rules import decided, entry, flag, maintenance, policy
from tests.golden import golden, steady
from tests.phone import Phone


@pytest.fixture
def decisions(db: None) -> None:
    """One of everything."""
    flag("new-editor")
    flag("old-gallery", enabled=False)
    flag("server-only", is_exposed=False)
    flag("testers", percentage=0, allowed=["the-testers-phone"])
    entry("feed-page", "int", 20, overrides=[{"flag": "testers", "value": 5}])
    entry("ratio", "float", 0.5)
    entry("greeting", "string", "Hello", overrides=[{"flag": "server-only", "value": "Hi"}])
    entry("sale", "bool", False)
    entry("tabs", "json", [{"id": "home"}], schema={"type": "array", "maxItems": 5})
    policy(
        minimum="1.0",
        recommended="2.4.0",
        latest="2.5",
        message="Please update.",
        translations={"de": "Bitte aktualisieren."},
    )
    maintenance(translations={"de": "In einer Stunde zurück."})


def test_a_phone_is_told_everything_signed_out(phone: Phone, decisions: None) -> None:
    answer = phone.get("app/config")

    assert answer.status == 200
    assert steady(answer.json) == golden(__file__, "app-config")
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_a_phone_that_nothing_was_decided_for(phone: Phone) -> None:
    assert phone.get("app/config").json == {
        "config": {},
        "flags": {},
        "version": None,
        "maintenance": None,
        "polling": {"interval": 900, "jitter": 300},
    }


def test_the_tag_is_of_what_this_very_phone_is_told(phone: Phone, decisions: None) -> None:
    tag = phone.get("app/config").etag
    tester = Phone(installation_id="the-testers-phone")

    assert phone.get("app/config", if_none_match=tag).status == 304
    assert Phone().get("app/config", if_none_match=tag).status == 304
    told = tester.get("app/config", if_none_match=tag)
    assert (told.status, told.json["config"]["feed-page"]) == (200, 5)
    assert told.json["flags"] == {"new-editor": True, "old-gallery": False, "testers": True}
    assert Phone(platform="android").get("app/config", if_none_match=tag).status == 200
    assert Phone(version="2.4").get("app/config", if_none_match=tag).status == 200
    assert phone.get("app/config", if_none_match=tag, accept_language="de").status == 200

    flag("another")
    assert phone.get("app/config", if_none_match=tag).json["flags"]["another"] is True


def test_texts_follow_the_language_of_the_phone(phone: Phone, decisions: None) -> None:
    austrian = phone.get("app/config", accept_language="de-AT,en;q=0.8").json
    assert austrian["maintenance"]["message"] == "In einer Stunde zurück."
    assert austrian["version"]["message"] == "Bitte aktualisieren."
    assert phone.get("app/config", accept_language="fr").json["version"]["message"] == (
        "Please update."
    )
    old = Phone(version="0.9")
    assert old.get("feed", accept_language="de").json["detail"] == "Bitte aktualisieren."


def test_a_warm_process_asks_nobody(
    phone: Phone, decisions: None, django_assert_num_queries: Any
) -> None:
    phone.get("app/config")

    with django_assert_num_queries(0):
        for asks in (phone, Phone(), Phone(installation_id="the-testers-phone")):
            assert asks.get("app/config").status == 200
        assert phone.get("app/config", accept_language="de").status == 200


def test_groups_of_people_count_when_signed_in(
    author: Phone, stranger: Phone, django_capture_on_commit_callbacks: Any
) -> None:
    testers = Group.objects.create(name="testers")
    flag("new-editor", groups=["testers"])

    def is_on(phone: Phone) -> bool:
        on: bool = phone.get("app/config").json["flags"]["new-editor"]
        return on

    assert not is_on(author)
    with django_capture_on_commit_callbacks(execute=True):
        User.objects.get(pk=author.user_id).groups.add(testers)
    assert is_on(author)
    assert not is_on(stranger)
    assert not is_on(Phone())


def test_a_percentage_is_of_installations_and_needs_one(phone: Phone) -> None:
    one = flag("new-editor", percentage=50)
    phones = [Phone(installation_id=f"installation-{number}") for number in range(60)]

    def on() -> set[str]:
        return {
            phone.installation_id
            for phone in phones
            if phone.get("app/config").json["flags"]["new-editor"]
        }

    half = on()
    assert 15 < len(half) < 45
    one.percentage = 80
    decided(one)
    assert half < on()
    assert not Phone(installation_id="").get("app/config").json["flags"]["new-editor"]


def test_maintenance_is_told_until_it_is_over(phone: Phone) -> None:
    starts_at = timezone.now() + timedelta(hours=1)
    maintenance(starts_at=starts_at, ends_at=starts_at + timedelta(hours=1))
    maintenance(
        platform="android", starts_at=starts_at + timedelta(days=1), message="Android only."
    )
    phone.get("app/config")

    assert phone.get("app/config").json["maintenance"]["message"] == "Back in an hour."
    with time_machine.travel(starts_at + timedelta(hours=2)):
        assert phone.get("app/config").json["maintenance"] is None
        android = Phone(platform="android").get("app/config").json
        assert android["maintenance"]["message"] == "Android only."


def test_without_redis_the_last_known_is_told_and_then_what_postgres_says(
    phone: Phone, decisions: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = phone.get("app/config").json
    settings.CACHE_URL = "redis://127.0.0.1:1/0"
    flag("another")

    assert phone.get("app/config").json == before

    cache.ProcessCopy.forget_all()
    cold = phone.get("app/config").json
    assert "another" in cold["flags"]

    def gone(*_: Any) -> None:
        raise DatabaseError("gone")

    # Postgres is away as well, and the copies are old.
    monkeypatch.setattr(configuration._entries, "_load", gone)
    configuration._entries._held = (None, 0.0, configuration._entries._held[2])  # type: ignore[index]
    assert phone.get("app/config").json == cold


def test_fields_narrow_it_and_unknown_parameters_are_refused(phone: Phone, decisions: None) -> None:
    assert phone.get("app/config?fields=flags,version(minimum)").json == {
        "flags": {"new-editor": True, "old-gallery": False, "testers": False},
        "version": {"minimum": "1.0"},
    }
    assert phone.get("app/config?platform=ios").pointers == {"/query/platform"}
