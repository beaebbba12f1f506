"""What its owner does not want, what has to wait, and what is one of many: each is a row with its reason."""

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from apps.accounts.models import Session
from apps.accounts.signals import session_ended
from apps.notifications.models import Delivery, Notification, Preference
from apps.notifications.services import notify
from tests.fakes.fcm import FakeFcm
from tests.notifications.news import ADDRESS, fate_of, tell, wait_and_drain, waiting
from tests.outbox import drain
from tests.phone import Phone

EVENING, MORNING = time(22), time(7)


def prefer(reader: Phone, **wishes: Any) -> None:
    Preference.objects.update_or_create(user_id=reader.user_id, defaults=wishes)


def warn(reader: Phone) -> Notification:
    """Tell somebody what can't be switched off."""
    key = str(uuid.uuid4())
    notify(
        kind="device_signed_out",
        recipient_id=uuid.UUID(reader.user_id),
        data={"device": "An old phone"},
        key=key,
    )
    return Notification.objects.get(key=key)


@pytest.fixture
def midnight_in_vienna(reader: Phone) -> Iterator[datetime]:
    """The reader's phone is in Vienna, and the next midnight there has come."""
    moment = (timezone.now() + timedelta(days=1)).replace(hour=23, minute=0, second=0)
    if moment.month in {4, 5, 6, 7, 8, 9, 10}:
        moment -= timedelta(hours=1)
    with time_machine.travel(moment):
        reader.login()
        yield moment


def due(notification: Notification) -> datetime:
    (delivery,) = Delivery.objects.filter(notification=notification)
    assert delivery.next_attempt_at
    return delivery.next_attempt_at


def test_a_category_that_was_switched_off_is_in_the_ledger_and_nowhere_else(
    fcm: FakeFcm, reader: Phone
) -> None:
    prefer(reader, choices={"social": {"push": False}})
    notification = tell(reader)
    security = warn(reader)

    assert fate_of(notification) == ("suppressed", "preference")
    assert len(waiting()) == 1
    drain()
    assert fate_of(security) == ("accepted", "")
    (entry,) = fcm.accepted(ADDRESS)
    aps = entry["message"]["apns"]["payload"]["aps"]
    assert (aps["interruption-level"], aps["badge"]) == ("time-sensitive", 2)


def test_who_wants_only_the_push_finds_the_inbox_empty(fcm: FakeFcm, reader: Phone) -> None:
    prefer(reader, choices={"social": {"in_app": False}})
    notification = tell(reader)
    drain()

    fates = Delivery.objects.filter(notification=notification).values_list("channel", "state")
    assert set(fates) == {("in_app", "suppressed"), ("push", "accepted")}
    assert reader.get("notifications").json["items"] == []
    assert reader.get("notifications/unread-count").json == {"unread": 0}


def test_switched_off_while_it_waited_it_is_not_sent(fcm: FakeFcm, reader: Phone) -> None:
    notification = tell(reader)

    prefer(reader, choices={"social": {"push": False}})
    drain()

    assert fate_of(notification) == ("suppressed", "preference")
    assert fcm.attempts == []


def test_muted_means_silence_but_for_security(fcm: FakeFcm, reader: Phone) -> None:
    prefer(reader, muted_until=timezone.now() + timedelta(hours=1))
    quiet, loud = tell(reader), warn(reader)
    drain()

    assert fate_of(quiet) == ("suppressed", "muted")
    assert fate_of(loud) == ("accepted", "")
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        reader.login()
        later = tell(reader)
    assert fate_of(later)[0] == "queued"


def test_quiet_hours_are_by_the_phones_clock_and_end_with_one_push_for_many(
    fcm: FakeFcm, reader: Phone, midnight_in_vienna: datetime
) -> None:
    prefer(reader, quiet_from=EVENING, quiet_until=MORNING)
    post = ("post", uuid.uuid4())
    night = [tell(reader, target=post) for _ in range(3)]
    loud = warn(reader)

    drain()
    wait_and_drain(3600)

    assert fate_of(loud) == ("accepted", "")
    assert {fate_of(one) for one in night} == {("queued", "quiet_hours")}
    assert len(fcm.attempts) == 1
    seven = midnight_in_vienna.astimezone(UTC) + timedelta(hours=7)
    assert seven <= due(night[0]) <= seven + timedelta(seconds=31)

    wait_and_drain(7 * 3600 + 60)

    assert sorted(fate_of(one) for one in night) == [
        ("accepted", ""),
        ("suppressed", "digested"),
        ("suppressed", "digested"),
    ]
    words = fcm.accepted(ADDRESS)[-1]["message"]["notification"]
    assert words == {"title": "3 neue Kommentare zu deinem Beitrag", "body": "Harbour lights"}


def test_what_would_be_stale_by_morning_expires_at_once(
    fcm: FakeFcm, reader: Phone, midnight_in_vienna: datetime
) -> None:
    prefer(reader, quiet_from=EVENING, quiet_until=MORNING)
    notification = tell(reader)
    Delivery.objects.update(expires_at=timezone.now() + timedelta(hours=1))

    drain()

    assert fate_of(notification) == ("expired", "quiet_hours")
    assert waiting() == []


@pytest.mark.parametrize(
    ("clock", "ends"),
    [
        ("21:59", None),
        ("22:00", "07:00+1"),
        ("23:59", "07:00+1"),
        ("06:59", "07:00+0"),
        ("07:00", None),
    ],
)
def test_quiet_hours_span_midnight(clock: str, ends: str | None) -> None:
    night = Preference(quiet_from=EVENING, quiet_until=MORNING)
    zone = ZoneInfo("Europe/Vienna")
    moment = datetime.combine(date(2031, 3, 5), time.fromisoformat(clock), zone)

    found = night.quiet_ends(moment, zone)

    assert (found and f"{found:%H:%M}+{found.day - 5}") == ends
    assert Preference().quiet_ends(moment, zone) is None


def test_the_fourth_about_one_post_waits_for_those_that_follow_it(
    fcm: FakeFcm, reader: Phone
) -> None:
    post, other = ("post", uuid.uuid4()), ("post", uuid.uuid4())
    first = [tell(reader, target=post) for _ in range(3)]
    drain()
    burst = [tell(reader, target=post) for _ in range(4)]
    elsewhere = tell(reader, target=other)
    drain()

    assert {fate_of(one) for one in (*first, elsewhere)} == {("accepted", "")}
    assert {fate_of(one) for one in burst} == {("queued", "digest")}

    reader.post("notifications/read", {"ids": [str(burst[0].pk)]})
    fcm.plan(ADDRESS, "internal")
    wait_and_drain(640)
    wait_and_drain(700)

    assert sorted(fate_of(one)[1] for one in burst) == [
        "",
        "already_read",
        "digested",
        "digested",
    ]
    # Tried again after the failure, it still speaks for the others.
    for attempt in fcm.attempts[-2:]:
        title = attempt.message["notification"]["title"]
        assert title == "3 neue Kommentare zu deinem Beitrag"


def test_a_phone_shows_only_so_much_a_day(fcm: FakeFcm, reader: Phone, settings: Any) -> None:
    settings.PUSH_DAILY_CAP = 2
    news = [tell(reader) for _ in range(3)]
    loud = warn(reader)
    drain()

    assert [fate_of(one) for one in news] == [("accepted", "")] * 2 + [("suppressed", "daily_cap")]
    assert fate_of(loud) == ("accepted", "")


def test_a_stolen_token_is_told_on_the_devices_that_remain(fcm: FakeFcm, reader: Phone) -> None:
    session = Session.objects.filter(user=reader.user_id).first()
    assert session
    for _ in range(2):
        session_ended.send(
            Session, session_id=session.pk, user_id=session.user_id, reason=Session.End.REUSE
        )

    (item,) = reader.get("notifications").json["items"]
    assert (item["kind"], item["category"]) == ("device_signed_out", "security")
    assert len(waiting()) <= 1
