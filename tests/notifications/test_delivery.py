"""Delivering: looked at again, sent, recorded; every way in which it can end."""

import logging
import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts.models import Session, User
from apps.core.models import Job
from apps.devices.models import Device
from apps.notifications import delivery
from apps.notifications.models import Delivery, Notification
from apps.notifications.periodic import expire_deliveries, forget_old_notifications
from tests.devices.pockets import another_phone_of, reachable, register, set_address
from tests.fakes.fcm import FakeFcm
from tests.notifications.news import DELIVER, deliveries_of, fate_of, tell
from tests.outbox import drain, drain_twice, pending
from tests.phone import Phone

ADDRESS = "author-phone"


@pytest.fixture
def reader(author: Phone) -> Phone:
    """Somebody whose phone rings."""
    return reachable(author, ADDRESS)


def address_stands(phone: Phone) -> bool:
    return Device.objects.reachable().filter(installation_id=phone.installation_id).exists()


def later(seconds: float) -> Any:
    return time_machine.travel(timezone.now() + timedelta(seconds=seconds))


def wait_and_drain(seconds: float) -> None:
    """Let time pass, for us and for the outbox, and run once what is due then."""
    moment = timezone.now() + timedelta(seconds=seconds)
    Job.objects.filter(state="pending", available_at__lte=moment).update(available_at=Now())
    with time_machine.travel(moment):
        drain()


# It arrives


def test_a_push_arrives_in_the_language_of_the_device(fcm: FakeFcm, reader: Phone) -> None:
    notification = tell(reader)

    drain()

    assert fate_of(notification) == ("sent", "")
    (entry,) = fcm.accepted(ADDRESS)
    assert entry["message"]["notification"] == {
        "title": "Sam hat deinen Beitrag kommentiert",
        "body": "Harbour lights",
    }
    assert entry["message"]["data"]["notification_id"] == str(notification.pk)
    assert entry["message"]["data"]["link"] == notification.link
    (sent,) = deliveries_of(notification)
    assert (sent.provider_message_id, sent.attempts) == (entry["name"], 1)


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
    send = delivery.provider().send

    def watched(message: Any) -> Any:
        depth.append(len(connection.savepoint_ids))
        return send(message)

    monkeypatch.setattr(delivery.provider(), "send", watched)
    tell(reader)
    before = len(connection.savepoint_ids)

    drain()

    assert depth == [before]


# Not wanted any more


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
    assert fate_of(mine) == ("sent", "")
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


# Refused


@pytest.mark.parametrize(
    ("answer", "reason", "forgotten"),
    [
        ("unregistered", "unregistered", True),
        ("invalid_address", "invalid_address", True),
        ("invalid_address_field", "invalid_address", True),
        ("sender_mismatch", "sender_id_mismatch", True),
        ("invalid_payload", "invalid_argument", False),
        ("too_large", "invalid_argument", False),
        ("wrong_details", "invalid_argument", False),
    ],
)
def test_a_final_no_fails_and_forgets_an_address_only_if_it_is_dead(
    fcm: FakeFcm, reader: Phone, stranger: Phone, answer: str, reason: str, forgotten: bool
) -> None:
    reachable(stranger, "stranger-phone")
    fcm.plan(ADDRESS, answer)
    notification = tell(reader)
    tell(stranger)

    drain()

    assert fate_of(notification) == ("failed", reason)
    assert address_stands(reader) is not forgotten
    assert address_stands(stranger)
    assert pending(DELIVER) == []


def test_nothing_is_sent_to_an_address_after_it_died(fcm: FakeFcm, reader: Phone) -> None:
    fcm.plan(ADDRESS, "unregistered")
    first, second = tell(reader), tell(reader)

    drain()

    assert fate_of(first) == ("failed", "unregistered")
    assert fate_of(second) == ("suppressed", "address_dead")
    assert len(fcm.attempts) == 1


def test_an_address_that_was_confirmed_since_the_send_stays(
    fcm: FakeFcm, reader: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcm.plan(ADDRESS, "unregistered")
    send = delivery.provider().send

    def confirmed_meanwhile(message: Any) -> Any:
        set_address(reader, ADDRESS)
        return send(message)

    monkeypatch.setattr(delivery.provider(), "send", confirmed_meanwhile)
    notification = tell(reader)
    drain()

    assert fate_of(notification) == ("failed", "unregistered")
    assert address_stands(reader)


# Not now


@pytest.mark.parametrize(
    ("answer", "reason", "earliest"),
    [
        ("quota:90", "quota", 90),
        ("quota:date:90", "quota", 89),
        ("quota", "quota", 60),
        ("unavailable:45", "http_503", 45),
        ("unavailable", "http_503", 10),
        ("internal", "http_500", 10),
        ("html", "http_502", 10),
        ("html_ok", "unreadable_reply", 10),
        ("huge", "reply_too_long", 10),
        ("drip", "read_timeout", 10),
        ("stall", "read_timeout", 10),
        ("reset", "read_error", 10),
        ("third_party_auth", "third_party_auth_error", 300),
        ("permission_denied", "http_403", 300),
    ],
)
def test_not_now_waits_and_forgets_nothing(
    fcm: FakeFcm, reader: Phone, answer: str, reason: str, earliest: float
) -> None:
    fcm.plan(ADDRESS, answer)
    notification = tell(reader)
    asked_at = timezone.now()

    drain()

    assert fate_of(notification) == ("queued", reason)
    assert address_stands(reader)
    (waiting,) = deliveries_of(notification)
    (job,) = pending(DELIVER)
    assert waiting.next_attempt_at
    for due in (waiting.next_attempt_at, job.available_at):
        assert earliest <= (due - asked_at).total_seconds() <= earliest * 1.5 + 5
    assert len(fcm.attempts) == 1


def test_after_the_wait_it_arrives(fcm: FakeFcm, reader: Phone) -> None:
    fcm.plan(ADDRESS, "quota:90", "internal")
    notification = tell(reader)
    drain()

    wait_and_drain(80)
    assert len(fcm.attempts) == 1
    wait_and_drain(150)
    assert fate_of(notification) == ("queued", "http_500")
    wait_and_drain(400)

    assert fate_of(notification) == ("sent", "")
    assert deliveries_of(notification)[0].attempts == 3


def test_a_job_that_comes_too_early_goes_away_again(fcm: FakeFcm, reader: Phone) -> None:
    fcm.plan(ADDRESS, "quota:90")
    notification = tell(reader)
    drain()

    Job.objects.update(available_at=timezone.now())
    outcome = drain(limit=2)

    assert outcome == [DELIVER]
    assert len(fcm.attempts) == 1
    assert fate_of(notification) == ("queued", "quota")


def test_waiting_past_its_life_it_expires_at_once(fcm: FakeFcm, reader: Phone) -> None:
    fcm.plan(ADDRESS, "quota:86400")
    notification = tell(reader)

    drain()

    assert fate_of(notification) == ("expired", "quota")
    assert pending(DELIVER) == []


def test_failures_wait_longer_each_time() -> None:
    assert [delivery._backoff(attempts) for attempts in (1, 2, 3, 7, 50)] == [10, 20, 40, 600, 600]


def test_after_an_accept_that_was_not_heard_the_repeat_carries_the_same_ids(
    fcm: FakeFcm, reader: Phone
) -> None:
    fcm.plan(ADDRESS, "reset_after_accept")
    notification = tell(reader)

    drain()
    wait_and_drain(60)

    assert fate_of(notification) == ("sent", "")
    first, second = (entry["message"] for entry in fcm.accepted(ADDRESS))
    assert first["data"] == second["data"]
    assert first["apns"]["headers"]["apns-collapse-id"] == str(notification.pk)
    assert first["apns"]["headers"] == second["apns"]["headers"]


# Workers that die


def test_a_sender_that_died_after_the_accept_is_followed_by_one_with_the_same_ids(
    fcm: FakeFcm, reader: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """Nothing of the worker runs after this."""

    def die(*_: Any) -> None:
        raise Killed

    notification = tell(reader)
    with monkeypatch.context() as patch:
        patch.setattr(delivery, "_record_sent", die)
        with pytest.raises(Killed):
            drain()
    assert fate_of(notification)[0] == "sending"

    with later(30):
        # The dead one might only be slow: nobody else sends yet.
        Job.objects.update(available_at=timezone.now() - timedelta(minutes=5))
        drain(limit=2)
    assert len(fcm.accepted(ADDRESS)) == 1
    wait_and_drain(91)

    assert fate_of(notification) == ("sent", "")
    first, second = (entry["message"]["data"] for entry in fcm.accepted(ADDRESS))
    assert first == second


def test_a_sender_that_was_taken_for_dead_does_not_overwrite_its_successor(
    fcm: FakeFcm, reader: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcm.plan(ADDRESS, "unregistered", "ok")
    notification = tell(reader)
    (waiting,) = deliveries_of(notification)
    slow = delivery._claim(waiting.pk)
    assert slow

    with later(76):
        quick = delivery._claim(waiting.pk)
        assert quick
        delivery._record_sent(quick, delivery.Receipt("projects/p/messages/1"))
    delivery._record_failed(slow, delivery.Refused("late"))

    assert fate_of(notification) == ("sent", "")


def test_what_no_job_will_ever_finish_expires_by_the_clock(reader: Phone) -> None:
    notification = tell(reader)
    Job.objects.all().delete()

    expire_deliveries()
    assert fate_of(notification)[0] == "queued"
    with later(86_401):
        expire_deliveries()

    assert fate_of(notification)[0] == "expired"


# The service is in trouble


def test_a_service_that_is_down_is_left_alone_for_a_while(
    fcm: FakeFcm, reader: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    fcm.plan(ADDRESS, *["internal"] * 3)
    news = [tell(reader) for _ in range(5)]

    drain()

    assert len(fcm.attempts) == 3
    assert [fate_of(one)[0] for one in news] == ["queued"] * 5
    assert [deliveries_of(one)[0].attempts for one in news] == [1, 1, 1, 0, 0]
    assert len(pending(DELIVER)) == 5


def test_rejected_credentials_pause_sending_ring_once_and_forget_no_address(
    fcm: FakeFcm, reader: Phone, stranger: Phone, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    reachable(stranger, "stranger-phone")
    good = settings.FCM_CREDENTIALS
    settings.FCM_CREDENTIALS = good.replace("sender@", "impostor@")
    news = [tell(reader), tell(stranger), tell(reader)]

    with caplog.at_level(logging.ERROR, logger="push"):
        drain()

    assert [record.message for record in caplog.records] == ["push needs a person"]
    assert [fate_of(one)[0] for one in news] == ["queued"] * 3
    assert fcm.attempts == []
    assert address_stands(reader)
    assert address_stands(stranger)

    settings.FCM_CREDENTIALS = good
    wait_and_drain(500)
    assert [fate_of(one) for one in news] == [("sent", "")] * 3


def test_a_rejected_apple_key_does_not_stop_android(
    fcm: FakeFcm, reader: Phone, stranger: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    reachable(stranger, "android-phone")
    fcm.plan(ADDRESS, "third_party_auth")
    mine, theirs = tell(reader), tell(stranger)

    with caplog.at_level(logging.ERROR, logger="push"):
        drain()

    assert fate_of(mine) == ("queued", "third_party_auth_error")
    assert fate_of(theirs) == ("sent", "")
    assert [record.reason for record in caplog.records] == ["third_party_auth_error"]  # type: ignore[attr-defined]


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

    assert [one.state for one in deliveries_of(notification)] == ["sent", "sent"]
    assert {entry["address"] for entry in fcm.accepted()} == {ADDRESS, "tablet"}


def test_without_a_service_the_console_shows_ids_and_no_address(
    reader: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    notification = tell(reader)

    with caplog.at_level(logging.INFO, logger="push"):
        drain()

    assert fate_of(notification) == ("sent", "")
    (line,) = [record for record in caplog.records if record.message == "push"]
    assert line.notification == str(notification.pk)  # type: ignore[attr-defined]
    assert ADDRESS not in str(line.__dict__)


def test_the_inbox_goes_back_only_so_far(reader: Phone) -> None:
    old, new = tell(reader), tell(reader)
    Notification.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=181))

    forget_old_notifications()

    assert list(Notification.objects.values_list("pk", flat=True)) == [new.pk]
    assert Delivery.objects.count() == 1


def test_a_delivery_that_does_not_exist_is_done(fcm: FakeFcm, db: None) -> None:
    delivery.deliver(uuid.uuid4())

    assert fcm.attempts == []
