"""Delivering: looked at again, sent, recorded."""

import logging
import uuid
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from apps.accounts.models import Session, User
from apps.core.ids import first_id
from apps.notifications.kinds import KINDS
from apps.notifications.models import Notification
from apps.notifications.periodic import forget_old_notifications
from apps.notifications.providers import Line
from tests.devices.pockets import another_phone_of, reachable, register, set_address
from tests.fakes.fcm import FakeFcm
from tests.notifications.news import (
    ADDRESS,
    deliveries_of,
    fate_of,
    later,
    tell,
)
from tests.outbox import drain, drain_twice
from tests.phone import Phone


def test_a_push_arrives_in_the_language_of_the_device(fcm: FakeFcm, reader: Phone) -> None:
    notification = tell(reader)

    drain()

    assert fate_of(notification) == ("accepted", "")
    (entry,) = fcm.accepted(ADDRESS)
    assert entry["message"]["notification"] == {
        "title": "Sam hat deinen Beitrag kommentiert",
        "body": "Harbour lights",
    }
    assert entry["message"]["data"]["notification_id"] == str(notification.pk)
    assert entry["message"]["data"]["link"] == notification.link
    (sent,) = deliveries_of(notification)
    assert (sent.provider_message_id, sent.attempts) == (entry["name"], 1)


def test_of_a_kind_that_replaces_older_ones_the_phone_keeps_the_newest_of_each_target(
    fcm: FakeFcm, reader: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = replace(KINDS["comment_created"], replaces_older=True)
    monkeypatch.setitem(KINDS, "comment_created", kind)
    post, other = ("post", uuid.uuid4()), ("post", uuid.uuid4())
    for target in (post, post, other):
        tell(reader, target=target)

    drain()

    keys = [entry["message"]["android"]["collapse_key"] for entry in fcm.accepted(ADDRESS)]
    assert sorted(Counter(keys).values()) == [1, 2]
    assert all(len(key.encode()) <= 64 for key in keys)


def test_delivering_twice_sends_once(fcm: FakeFcm, reader: Phone) -> None:
    tell(reader)

    drain_twice()

    assert len(fcm.accepted()) == 1


def test_nothing_personal_but_the_words_leaves_the_house(fcm: FakeFcm, reader: Phone) -> None:
    tell(reader)

    drain()

    (entry,) = fcm.accepted()
    sent = str(entry["message"])
    for secret in (reader.email, reader.user_id, "Ada Author", reader.installation_id):
        assert secret not in sent


def test_no_transaction_is_open_while_the_service_answers(
    fcm: FakeFcm, reader: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    depth = []
    send = Line.send

    def watched(*sent: Any) -> Any:
        depth.append(len(connection.savepoint_ids))
        return send(*sent)

    monkeypatch.setattr(Line, "send", watched)
    tell(reader)
    before = len(connection.savepoint_ids)

    drain()

    assert depth == [before]


def test_a_phone_in_a_drawer_is_not_woken_up(fcm: FakeFcm, author: Phone, stranger: Phone) -> None:
    month_ago = (timezone.now() - timedelta(days=31)).isoformat()
    reachable(author, "drawer", timestamp=month_ago)
    reachable(stranger, "hand")
    tell(author)
    tell(stranger)

    drain()

    assert fcm.accepted("drawer")[0]["message"]["android"]["priority"] == "NORMAL"
    assert fcm.accepted("hand")[0]["message"]["android"]["priority"] == "HIGH"


def test_one_person_with_two_phones_hears_it_on_both(fcm: FakeFcm, reader: Phone) -> None:
    tablet = another_phone_of(reader, platform="android")
    register(tablet)
    set_address(tablet, "tablet")
    notification = tell(reader)

    drain()

    assert [one.state for one in deliveries_of(notification)] == ["accepted", "accepted"]
    assert {entry["address"] for entry in fcm.accepted()} == {ADDRESS, "tablet"}


def test_without_a_service_the_console_shows_ids_and_no_address(
    reader: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    notification = tell(reader)

    with caplog.at_level(logging.INFO, logger="push"):
        drain()

    assert fate_of(notification) == ("accepted", "")
    (line,) = [record for record in caplog.records if record.message == "push"]
    assert line.notification == str(notification.pk)  # type: ignore[attr-defined]
    assert ADDRESS not in str(line.__dict__)


def test_the_inbox_goes_back_only_so_far(reader: Phone) -> None:
    new = tell(reader)
    long_ago = first_id(timezone.now() - timedelta(days=181))
    Notification.objects.create(
        id=long_ago, recipient_id=reader.user_id, kind="comment_created", category="social"
    )

    forget_old_notifications()

    assert list(Notification.objects.values_list("pk", flat=True)) == [new.pk]


def test_read_meanwhile_on_another_device(fcm: FakeFcm, reader: Phone) -> None:
    notification = tell(reader)

    reader.post("notifications/read", {"ids": [str(notification.pk)]})
    drain()

    assert fate_of(notification) == ("suppressed", "already_read")
    assert fcm.attempts == []


def test_signed_out_meanwhile(fcm: FakeFcm, reader: Phone) -> None:
    notification = tell(reader)

    reader.logout()
    drain()

    assert fate_of(notification) == ("suppressed", "signed_out")
    assert fcm.attempts == []


def test_a_session_that_ran_out_is_signed_out(fcm: FakeFcm, reader: Phone) -> None:
    notification = tell(reader)

    Session.objects.update(idle_expires_at=timezone.now())
    drain()

    assert fate_of(notification) == ("suppressed", "signed_out")


def test_address_withdrawn_meanwhile(fcm: FakeFcm, reader: Phone) -> None:
    notification = tell(reader)

    reader.delete(f"devices/{reader.installation_id}/push-address")
    drain()

    assert fate_of(notification) == ("suppressed", "address_withdrawn")
    assert fcm.attempts == []


def test_a_phone_that_changed_hands_never_shows_the_old_owners_news(
    fcm: FakeFcm, reader: Phone, stranger: Phone
) -> None:
    notification = tell(reader)

    stranger.installation_id = reader.installation_id
    reachable(stranger, ADDRESS)
    mine = tell(stranger)
    drain()

    assert fate_of(notification) == ("suppressed", "device_changed_hands")
    assert fate_of(mine) == ("accepted", "")
    (entry,) = fcm.accepted(ADDRESS)
    assert entry["message"]["data"]["notification_id"] == str(mine.pk)


@pytest.mark.parametrize("change", [{"is_active": False}, {"deleted_at": timezone.now()}])
def test_somebody_who_is_gone_is_told_nothing(
    fcm: FakeFcm, reader: Phone, change: dict[str, Any]
) -> None:
    notification = tell(reader)

    User.objects.filter(pk=reader.user_id).update(**change)
    drain()

    assert fate_of(notification) == ("suppressed", "recipient_inactive")
    assert fcm.attempts == []


def test_an_address_of_a_service_that_is_not_served(fcm: FakeFcm, author: Phone) -> None:
    reachable(author, "apns-token", provider="apns")
    notification = tell(author)

    drain()

    assert fate_of(notification) == ("suppressed", "no_provider")


def test_too_late_is_not_sent(fcm: FakeFcm, reader: Phone) -> None:
    notification = tell(reader)

    with later(86_401):
        drain()

    assert fate_of(notification)[0] == "expired"
    assert fcm.attempts == []
