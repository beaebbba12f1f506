"""Who calls, and when devices were last heard of: noted with each request, written down by the minute, never lost."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from apps.core import cache, dashboard, usage
from apps.devices import periodic
from apps.devices.models import Device, VersionCalls
from apps.devices.services import usage as writing
from tests.phone import Phone


def last_seen(phone: Phone) -> datetime:
    seen: datetime = Device.objects.get(installation_id=phone.installation_id).last_seen_at
    return seen


def long_ago(phone: Phone) -> datetime:
    before = timezone.now() - timedelta(days=3)
    Device.objects.filter(installation_id=phone.installation_id).update(last_seen_at=before)
    return before


def calls() -> dict[tuple[str, str, str], int]:
    periodic.write_down_calls()
    return {
        (one.platform, one.app_version, one.route): one.calls for one in VersionCalls.objects.all()
    }


def test_a_request_is_no_write_and_yet_a_device_was_heard_of(
    author: Phone, stranger: Phone, django_assert_num_queries: Any
) -> None:
    before, of_stranger = long_ago(author), long_ago(stranger)
    cache.client().delete(usage.SEEN_KEY)

    with django_assert_num_queries(1):
        author.get("devices")
    assert last_seen(author) == before

    periodic.write_down_last_seen()
    assert timezone.now() - last_seen(author) < timedelta(seconds=10)
    assert last_seen(stranger) == of_stranger
    assert usage.sessions_seen(10) == {}


def test_what_was_heard_while_writing_is_written_next_time(
    author: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    author.get("me")
    ((session, at),) = usage.sessions_seen(10).items()

    # Heard of again after it was read, and before it is forgotten.
    cache.client().zadd(usage.SEEN_KEY, {cache.session_key(session): at + 60})
    usage.forget_seen({session: at})
    assert usage.sessions_seen(10) == {session: at + 60}

    def crash(_: Any) -> None:
        raise KeyboardInterrupt

    # Killed between writing here and forgetting there.
    with monkeypatch.context() as patched:
        patched.setattr(usage, "forget_seen", crash)
        with pytest.raises(KeyboardInterrupt):
            writing.write_down_last_seen()
    writing.write_down_last_seen()
    assert last_seen(author) == datetime.fromtimestamp(at + 60, UTC)


def test_batches_are_written_until_nothing_is_left(
    author: Phone, stranger: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_BATCH", 1)
    long_ago(author), long_ago(stranger)
    author.get("me"), stranger.get("me")

    assert writing.write_down_last_seen() == 2
    assert min(last_seen(author), last_seen(stranger)) > timezone.now() - timedelta(seconds=10)


def test_requests_are_counted_by_version_and_never_twice(phone: Phone) -> None:
    for version in ("2.4.0", "2.4.0", "2.4.0-beta+7", "nonsense"):
        phone.version = version
        phone.get("feed")

    expected = {("ios", "2.4.0", ""): 3, ("ios", "other", ""): 1}
    assert calls() == expected
    assert calls() == expected

    phone.version = "2.4.0"
    phone.get("feed")
    assert calls() == expected | {("ios", "2.4.0", ""): 4}

    # Redis lost what it had counted: what was written down stays, and the rest is added.
    cache.client().flushdb()
    phone.get("feed")
    assert calls() == expected | {("ios", "2.4.0", ""): 5}


def test_the_last_minutes_of_a_day_are_counted_the_day_after(phone: Phone) -> None:
    with time_machine.travel(datetime(2026, 11, 21, 23, 59, 30, tzinfo=UTC)):
        phone.get("feed")
    with time_machine.travel(datetime(2026, 11, 22, 0, 0, 30, tzinfo=UTC)):
        phone.get("feed")
        calls()

    assert {(str(one.day), one.calls) for one in VersionCalls.objects.all()} == {
        ("2026-11-21", 1),
        ("2026-11-22", 1),
    }
    with time_machine.travel(datetime(2028, 1, 1, tzinfo=UTC)):
        periodic.forget_old_calls()
    assert not VersionCalls.objects.exists()


def test_made_up_versions_stop_being_counted_one_by_one(
    phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "MOST_CALLERS", 3)
    for number in (1, 2, 3, 4, 5, 1):
        phone.version = f"{number}.0"
        phone.get("feed")

    assert calls() == {
        ("ios", "1.0", ""): 2,
        ("ios", "2.0", ""): 1,
        ("ios", "3.0", ""): 1,
    }


def test_while_redis_is_away_nobody_is_stopped(phone: Phone, settings: Any) -> None:
    settings.CACHE_URL = "redis://127.0.0.1:1/0"

    assert phone.get("feed").status == 200
    periodic.write_down_last_seen()
    assert calls() == {}


def test_the_first_page_of_the_admin_shows_it(author: Phone) -> None:
    Phone(version="1.9").get("feed")
    calls()

    shown = {panel.title: panel.content for panel in dashboard.panels()}

    assert ("ios 2.0.0", 1) in [
        (row.label, row.value)
        for row in shown["Active devices, last 7 days"]  # type: ignore[union-attr]
    ]
    assert "ios 1.9" in [
        row.label
        for row in shown["Requests by version, last 30 days"]  # type: ignore[union-attr]
    ]
    assert shown["Requests to deprecated routes, last 30 days"] == []
