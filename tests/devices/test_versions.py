"""Retiring an app version: decided by staff in the admin, felt by phones at once."""

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.core import cache
from apps.devices.models import VersionPolicy
from tests.phone import Phone

STORE = "https://store.example.test/app"
DECISION = {
    "platform": "ios",
    "minimum": "2.0.0",
    "recommended": "2.4.0",
    "latest": "2.5.0",
    "next_minimum_percentage": "0",
    "translations": '{"de": "Bitte aktualisieren."}',
    "store_url": STORE,
    "message": "Please update.",
}


@pytest.fixture
def staff(db: None) -> Client:
    """A browser in which a superuser is signed in."""
    browser = Client()
    browser.force_login(User.objects.create_superuser("staff@example.test", "a long password"))
    return browser


def decide(staff: Client, transactions: Any, **changes: str) -> Any:
    """Save a new policy in the admin, and let its transaction commit."""
    with transactions(execute=True):
        return staff.post("/admin/devices/versionpolicy/add/", DECISION | changes)


@pytest.fixture
def commits(django_capture_on_commit_callbacks: Any) -> Any:
    return django_capture_on_commit_callbacks


def test_a_retired_version_is_told_where_to_update(staff: Client, commits: Any) -> None:
    old = Phone(version="1.9.9")
    assert old.get("devices").status == 401

    assert decide(staff, commits).status_code == 302

    refused = old.get("devices")
    assert (refused.status, refused.code) == (426, "client_upgrade_required")
    assert refused.json["detail"] == "Please update."
    assert refused.json["store_url"] == STORE
    assert refused.json["minimum_version"] == "2.0.0"
    assert refused.json["latest_version"] == "2.5.0"


def test_a_served_version_hears_of_the_recommended_one(staff: Client, commits: Any) -> None:
    decide(staff, commits)

    answer = Phone(version="2.0").get("devices")

    assert answer.status == 401
    assert answer.headers["X-Client-Recommended-Version"] == "2.4.0"


def test_another_platform_is_none_of_its_business(staff: Client, commits: Any) -> None:
    decide(staff, commits)

    assert Phone(platform="android", version="1.0.0").get("devices").status == 401


def test_taking_a_decision_back_is_felt_as_well(staff: Client, commits: Any) -> None:
    decide(staff, commits)
    old = Phone(version="1.0.0")
    assert old.get("devices").status == 426
    policy = VersionPolicy.objects.get()

    with commits(execute=True):
        staff.post(
            f"/admin/devices/versionpolicy/{policy.pk}/change/", DECISION | {"minimum": "1.0.0"}
        )
    assert old.get("devices").status == 401
    policy.refresh_from_db()
    assert policy.rev == 2

    decide(staff, commits, platform="android", minimum="3.0.0", recommended="", latest="")
    assert Phone(platform="android").get("devices").status == 426
    with commits(execute=True):
        staff.post(
            "/admin/devices/versionpolicy/",
            {
                "action": "delete_selected",
                "_selected_action": [one.pk for one in VersionPolicy.objects.all()],
                "post": "yes",
            },
        )
    assert VersionPolicy.objects.count() == 0
    assert Phone(platform="android").get("devices").status == 401


def test_a_warm_process_asks_nobody(
    staff: Client, commits: Any, phone: Phone, django_assert_num_queries: Any
) -> None:
    decide(staff, commits)
    phone.get("devices")

    with django_assert_num_queries(0):
        assert phone.get("devices").status == 401


def test_with_redis_away_it_is_felt_within_seconds(
    staff: Client, commits: Any, settings: Any
) -> None:
    settings.CACHE_URL = "redis://127.0.0.1:1/0"
    old = Phone(version="1.0.0")
    assert old.get("devices").status == 401

    decide(staff, commits)
    _wait_out_the_copy()

    assert old.get("devices").status == 426


def _wait_out_the_copy() -> None:
    """Make this process's copies as old as COPY_SECONDS, which the monotonic clock would take five seconds to do."""
    for copy in cache.ProcessCopy._copies:
        if copy._held:
            generation, read_again_at, value = copy._held
            copy._held = (generation, read_again_at - 2 * cache.COPY_SECONDS, value)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"minimum": "two"}, "minimum"),
        ({"minimum": "2.0.0-beta"}, "minimum"),
        ({"recommended": "1.0"}, "recommended"),
        ({"latest": "1.0"}, "latest"),
        ({"recommended": "3.0", "latest": "2.9"}, "latest"),
        ({"store_url": ""}, "store_url"),
        ({"store_url": "javascript:alert(1)"}, "store_url"),
        ({"platform": "symbian"}, "platform"),
    ],
)
def test_a_decision_that_would_lock_people_out_by_mistake_is_refused(
    staff: Client, commits: Any, change: dict[str, str], field: str
) -> None:
    page = decide(staff, commits, **change)

    assert page.status_code == 200
    assert field in page.context["adminform"].form.errors
    assert VersionPolicy.objects.count() == 0
