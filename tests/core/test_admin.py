"""The admin: every page of every model opens, the first page tells what is wrong, and sign-in can't be guessed at."""

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Identity, Passkey, User
from apps.accounts.services import api_keys, mailboxes
from apps.content.models import Media
from apps.core import dashboard
from apps.core.models import AuditEvent, Job, Slot
from apps.devices.models import (
    ConfigEntry,
    Device,
    Flag,
    MaintenanceNotice,
    VersionCalls,
    VersionPolicy,
)
from apps.notifications.models import Delivery, MailEvent
from tests.core.policy import refused_by_policy
from tests.notifications.campaigns.desk import composed
from tests.phone import Phone

PASSWORD = "correct horse battery staple"
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


@pytest.fixture
def keeper(db: None) -> User:
    return User.objects.create_superuser(email="keeper@example.test", password=PASSWORD)


@pytest.fixture
def desk(keeper: User) -> Client:
    """The browser of somebody who may do everything."""
    client = Client()
    client.force_login(keeper)
    return client


@pytest.fixture
def a_busy_day(author: Phone, stranger: Phone) -> None:
    """Rows in every table that staff look at, made by what makes them."""
    address = {
        "provider": "fcm",
        "kind": "token",
        "address": "a" * 140,
        "environment": "production",
        "timestamp": datetime.now(UTC).isoformat(),
    }
    path = f"devices/{author.installation_id}/push-address"
    assert author.put(path, address).status in {200, 201, 204}
    post = author.post("posts", {"title": "Hello", "body": "World"}).json
    assert author.post(f"posts/{post['id']}/publish").status == 200
    answer = stranger.post(
        f"posts/{post['id']}/comments", {"body": "Nice"}, idempotency_key="the-first-try"
    )
    assert answer.status == 201
    complaint = {"target_type": "post", "target_id": post["id"], "reason": "spam"}
    assert stranger.post("reports", complaint).status == 201
    VersionPolicy.objects.create(
        platform="ios", minimum="1.0", recommended="1.0", latest="2.0", store_url="https://a.test/"
    )
    way_in = {"user_id": author.user_id, "last_used_at": timezone.now()}
    Passkey.objects.create(name="Phone", credential_id=b"-", public_key=b"-", **way_in)
    Identity.objects.create(issuer="https://a.test", subject="001", client_id="app", **way_in)
    picture = {"content_type": "image/png", "size": 1, "sha256": b"-", "charged_bytes": 1}
    Media.objects.create(owner_id=author.user_id, visibility="public", **picture)
    composed()
    mailboxes.note_complaint(address="nobody@example.test", code="spam")
    Flag.objects.create(key="new-editor")
    ConfigEntry.objects.create(key="feed-page", kind="int", value=20)
    MaintenanceNotice.objects.create(starts_at=timezone.now(), message="Back soon.")
    VersionCalls.objects.create(day=timezone.now(), platform="ios", app_version="1.0", calls=7)
    Slot.objects.create(name="core.prune_jobs", due_at=timezone.now())
    api_keys.issue(
        name="Reports", user_id=uuid.UUID(author.user_id), scopes=["posts:read"],
        expires_at=timezone.now() + timedelta(days=30), by=uuid.UUID(author.user_id),
    )  # fmt: skip
    MailEvent.objects.create(service="standard", event_id="1", event="bounced")
    Group.objects.create(name="Support")
    AuditEvent.objects.note("looked", Group.objects.get(), by=uuid.UUID(author.user_id))


def lost(queue: str = "urgent", **fields: Any) -> Job:
    return Job.objects.create(name="core.prune_jobs", queue=queue, **fields)


# Every page


def pages_of(desk: Client, model: type[Any]) -> Iterator[str]:
    """Every address that the admin offers for a model, starting from its list."""
    base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    model_admin = admin.site._registry[model]
    listing = reverse(f"{base}_changelist")
    yield listing
    for term in ("x", "ada@example.test", "00000000-0000-7000-8000-000000000000", "\N{SNOWMAN}"):
        yield f"{listing}?q={term}"
    request = type("Request", (), {"user": User(is_superuser=True, is_active=True)})()
    if model_admin.has_add_permission(request):
        yield reverse(f"{base}_add")
    rows = re.findall(rf'href="({listing}[^"]+/change/)', desk.get(listing).content.decode())
    for row in rows[:1]:
        yield row
        yield row.replace("/change/", "/history/")
        if model_admin.has_delete_permission(request):
            yield row.replace("/change/", "/delete/")


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_page_of_a_model_opens_under_the_policy(
    desk: Client, a_busy_day: None, model: type[Any]
) -> None:
    assert model._base_manager.exists(), f"Make a {model._meta.label} in `a_busy_day`."

    for address in pages_of(desk, model):
        page = desk.get(address)
        assert page.status_code == 200, address
        assert refused_by_policy(page) == [], address


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_no_list_counts_a_table_to_its_end(model: type[Any]) -> None:
    model_admin = admin.site._registry[model]
    if model._meta.app_label == "auth":
        return

    assert not model_admin.show_full_result_count
    if model_admin.list_filter:
        assert model_admin.show_facets is admin.ShowFacets.NEVER


@pytest.mark.parametrize("name", ["index", "password_change", "login"])
def test_pages_without_a_model_obey_the_policy(desk: Client, name: str) -> None:
    page = desk.get(reverse(f"admin:{name}"), follow=True)

    assert page.status_code == 200
    assert refused_by_policy(page) == []


def test_a_stranger_is_sent_to_the_sign_in_page(db: None) -> None:
    page = Client().get("/admin/", follow=True)

    assert page.redirect_chain == [("/admin/login/?next=/admin/", 302)]
    assert refused_by_policy(page) == []


# The first page


def panel(page: Any, title: str) -> str:
    text = page.content.decode().split(f"<h2>{title}</h2>")[1].split("</section>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_the_first_page_tells_what_waits_and_what_is_dead(desk: Client) -> None:
    lost(available_at=timezone.now() - timedelta(minutes=9))
    lost("bulk", state=Job.State.DEAD, finished_at=timezone.now())

    page = desk.get("/admin/")

    jobs = panel(page, "Jobs")
    assert re.search(r"urgent 1 due, oldest 5[0-9]{2} s", jobs)
    assert "default nothing due" in jobs
    assert jobs.endswith("dead letters 1")
    assert page.content.count(b'class="tone-bad"') == 2


def test_the_first_page_counts_the_sign_ups_of_each_day(desk: Client, keeper: User) -> None:
    yesterday = timezone.now() - timedelta(days=1)
    for number in range(3):
        User.objects.create(email=f"{number}@example.test", created_at=yesterday)

    chart = desk.get("/admin/").content.decode()

    today = f"{timezone.now():%a}: 1"
    assert f"{yesterday:%a}: 3, {today}" in chart


def test_the_first_page_tells_which_versions_are_in_peoples_hands(
    desk: Client, author: Phone, stranger: Phone
) -> None:
    gone = Phone(platform="android", version="1.0.0").verified("gone@example.test")
    long_ago = timezone.now() - timedelta(days=8)
    Device.objects.filter(installation_id=gone.installation_id).update(last_seen_at=long_ago)

    assert panel(desk.get("/admin/"), "Active devices, last 7 days") == "ios 2.0.0 2"


def test_the_first_page_tells_what_became_of_pushes(desk: Client, a_busy_day: None) -> None:
    assert panel(desk.get("/admin/"), "Push, last 24 hours") == "queued 1"

    Delivery.objects.update(state=Delivery.State.FAILED, reason="unreachable")

    page = desk.get("/admin/")
    assert panel(page, "Push, last 24 hours") == "failed: unreachable 1"
    assert page.content.count(b'class="tone-bad"') == 1


def test_the_first_page_asks_each_table_once(desk: Client, a_busy_day: None) -> None:
    desk.get("/admin/")

    with CaptureQueriesContext(connection) as asked:
        desk.get("/admin/")

    # Devices are not counted again: their document is kept for a minute. Deliveries: what came of them, what waits.
    tables = {"core_job": 1, "accounts_user": 1, "notifications_delivery": 2}
    for table, times in tables.items():
        counts = [q["sql"] for q in asked if "COUNT(" in q["sql"].upper() and table in q["sql"]]
        assert len(counts) == times, table


def test_a_broken_panel_leaves_the_others_standing(
    desk: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> list[dashboard.Row]:
        User.objects.raw("SELECT 1 / 0 AS id")[0]
        return []

    monkeypatch.setitem(dashboard._sources, "Broken", broken)

    page = desk.get("/admin/")

    assert page.status_code == 200
    assert "could not be read" in panel(page, "Broken")
    assert "dead letters 0" in panel(page, "Jobs")
    assert "panel failed" in caplog.text


def test_a_slow_panel_is_cut_off(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow() -> list[dashboard.Row]:
        User.objects.raw("SELECT gen_random_uuid() AS id FROM pg_sleep(1)")[0]
        return []

    monkeypatch.setattr(dashboard, "PATIENCE", 50)
    monkeypatch.setitem(dashboard._sources, "Slow", slow)

    assert "could not be read" in panel(desk.get("/admin/"), "Slow")


def test_bars_are_as_high_as_their_numbers() -> None:
    chart = dashboard.Chart([("Mon", 5), ("Tue", 0), ("Wed", 10)])

    assert [column.height for column in chart.columns] == [48.0, 0.0, 96.0]
    assert [column.y + column.height for column in chart.columns] == [96.0] * 3
    assert all(0 <= column.x <= chart.WIDTH - chart.THICKNESS for column in chart.columns)


# Sign-in


def sign_in(email: str, password: str = "wrong", address: str = "203.0.113.7") -> Any:
    form = {"username": email, "password": password}
    return Client().post("/admin/login/?next=/admin/", form, REMOTE_ADDR=address)


def test_staff_sign_in_with_a_cookie_that_stays_home(keeper: User) -> None:
    answer = sign_in("Keeper@Example.test", PASSWORD)

    assert answer.status_code == 302
    cookie = answer.cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert cookie["max-age"] == 30 * 60


def test_somebody_who_is_no_staff_stays_out(author: Phone) -> None:
    answer = sign_in("author@example.test", author.password)

    assert answer.status_code == 200
    assert "sessionid" not in answer.cookies


def test_one_account_can_be_guessed_at_ten_times_from_anywhere(keeper: User) -> None:
    tries = [sign_in("keeper@example.test", address=f"203.0.113.{n}") for n in range(10)]
    last = sign_in(" KEEPER@example.test", PASSWORD, address="203.0.113.99")

    assert {answer.status_code for answer in tries} == {200}
    assert last.status_code == 429
    assert 0 < int(last.headers["Retry-After"]) <= 15 * 60
    assert "sessionid" not in last.cookies
    assert b"Too many tries" in last.content
    assert refused_by_policy(last) == []


def test_one_address_can_guess_at_twenty_accounts(keeper: User) -> None:
    tries = [sign_in(f"{n}@example.test") for n in range(21)]

    assert [answer.status_code for answer in tries] == [200] * 20 + [429]
    assert sign_in("keeper@example.test", PASSWORD, address="198.51.100.1").status_code == 302


def test_without_redis_guessing_is_limited_further(keeper: User, settings: Any) -> None:
    away = settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": away}

    tries = [sign_in("keeper@example.test", address=f"203.0.113.{n}") for n in range(4)]

    assert [answer.status_code for answer in tries] == [200, 200, 429, 429]
    assert sign_in("other@example.test").status_code == 200
    caches.close_all()
