"""What a push service may answer instead of yes, and what becomes of the delivery and the address."""

import logging
from typing import Any

import pytest
from django.utils import timezone

from apps.notifications.delivery import outcomes
from tests.devices.pockets import reachable, set_address
from tests.fakes.fcm import FakeFcm
from tests.notifications.news import (
    ADDRESS,
    address_stands,
    deliveries_of,
    fate_of,
    tell,
    wait_and_drain,
    waiting,
)
from tests.outbox import drain
from tests.phone import Phone


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
    assert waiting() == []


def test_an_address_that_no_app_of_ours_can_have_rings_the_alarm(
    fcm: FakeFcm, reader: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    fcm.plan(ADDRESS, "sender_mismatch")
    tell(reader)

    with caplog.at_level(logging.ERROR, logger="push"):
        drain()

    assert [record.reason for record in caplog.records] == ["sender_id_mismatch"]  # type: ignore[attr-defined]


def test_nothing_is_sent_to_an_address_after_it_died(
    fcm: FakeFcm, reader: Phone, settings: Any
) -> None:
    settings.PUSH_IN_FLIGHT = 1
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
    record = outcomes.record

    def confirmed_meanwhile(*answered: Any) -> None:
        set_address(reader, ADDRESS)
        record(*answered)

    monkeypatch.setattr(outcomes, "record", confirmed_meanwhile)
    notification = tell(reader)
    drain()

    assert fate_of(notification) == ("failed", "unregistered")
    assert address_stands(reader)


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
    (put_back,) = deliveries_of(notification)
    assert put_back.next_attempt_at
    wait = (put_back.next_attempt_at - asked_at).total_seconds()
    assert earliest <= wait <= earliest * 1.5 + 5
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

    assert fate_of(notification) == ("accepted", "")
    assert deliveries_of(notification)[0].attempts == 3


def test_waiting_past_its_life_it_expires_at_once(fcm: FakeFcm, reader: Phone) -> None:
    fcm.plan(ADDRESS, "quota:86400")
    notification = tell(reader)

    drain()

    assert fate_of(notification) == ("expired", "quota")
    assert waiting() == []


def test_failures_wait_longer_each_time() -> None:
    assert [outcomes.backoff(attempts) for attempts in (1, 2, 3, 7, 50)] == [10, 20, 40, 600, 600]


def test_after_an_accept_that_was_not_heard_the_repeat_carries_the_same_ids(
    fcm: FakeFcm, reader: Phone
) -> None:
    fcm.plan(ADDRESS, "reset_after_accept")
    notification = tell(reader)

    drain()
    wait_and_drain(60)

    assert fate_of(notification) == ("accepted", "")
    first, second = (entry["message"] for entry in fcm.accepted(ADDRESS))
    assert first["data"] == second["data"]
    assert first["apns"]["headers"]["apns-collapse-id"] == str(notification.pk)
    assert first["apns"]["headers"] == second["apns"]["headers"]


def test_a_service_that_is_down_is_left_alone_for_a_while(
    fcm: FakeFcm, reader: Phone, settings: Any
) -> None:
    settings.PUSH_IN_FLIGHT = 3
    fcm.plan(ADDRESS, *["internal"] * 5)
    news = [tell(reader) for _ in range(9)]

    drain()

    # Three failures in a row, and what was under way meanwhile.
    assert 3 <= len(fcm.attempts) <= 5
    assert [fate_of(one)[0] for one in news] == ["queued"] * 9
    tried = [deliveries_of(one)[0].attempts for one in news]
    assert tried == [1] * len(fcm.attempts) + [0] * (9 - len(fcm.attempts))


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
    assert [fate_of(one) for one in news] == [("accepted", "")] * 3


def test_a_rejected_apple_key_does_not_stop_android(
    fcm: FakeFcm, reader: Phone, stranger: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    reachable(stranger, "android-phone")
    fcm.plan(ADDRESS, "third_party_auth", "third_party_auth")
    mine, _, theirs = tell(reader), tell(reader), tell(stranger)

    with caplog.at_level(logging.ERROR, logger="push"):
        drain()

    assert fate_of(mine) == ("queued", "third_party_auth_error")
    assert fate_of(theirs) == ("accepted", "")
    # Said once, not once a message.
    assert [record.reason for record in caplog.records] == ["third_party_auth_error"]  # type: ignore[attr-defined]
