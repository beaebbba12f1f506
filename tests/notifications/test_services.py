"""Deliveries through Apple and Expo, and services that share nothing but the workers."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.notifications.periodic import expire_deliveries
from tests.devices.pockets import reachable
from tests.fakes.apns import FakeApns
from tests.fakes.expo import FakeExpo
from tests.fakes.fcm import FakeFcm
from tests.notifications.news import (
    address_stands,
    deliveries_of,
    fate_of,
    later,
    tell,
    wait_and_drain,
    waiting,
)
from tests.outbox import drain
from tests.phone import Phone

APPLE = "0f" * 32
EXPO = "ExponentPushToken[reader]"


def with_apple(phone: Phone) -> Phone:
    return reachable(phone, APPLE, provider="apns")


def with_expo(phone: Phone) -> Phone:
    return reachable(phone, EXPO, provider="expo")


def test_apple_gets_the_same_id_again_after_an_answer_that_was_lost(
    apns: FakeApns, author: Phone
) -> None:
    apns.plan(APPLE, "cut_after_accept")
    notification = tell(with_apple(author))

    drain()
    assert fate_of(notification)[0] == "queued"
    wait_and_drain(60)

    assert fate_of(notification) == ("accepted", "")
    (delivery,) = deliveries_of(notification)
    assert (delivery.provider, delivery.provider_message_id) == ("apns", str(delivery.pk))
    assert [push.headers["apns-id"] for push in apns.accepted] == [str(delivery.pk)] * 2


@pytest.mark.parametrize(("known_for", "stands"), [(-60, True), (60, False)])
def test_an_address_that_was_confirmed_after_apple_found_it_dead_lives(
    apns: FakeApns, author: Phone, known_for: int, stands: bool
) -> None:
    found = timezone.now() + timedelta(seconds=known_for)
    apns.plan(APPLE, f"Unregistered:{int(found.timestamp() * 1000)}")
    notification = tell(with_apple(author))

    drain()

    assert fate_of(notification) == ("failed", "unregistered")
    assert address_stands(author) is stands


def test_a_ticket_is_not_yet_a_yes(expo: FakeExpo, author: Phone) -> None:
    expo.plan(EXPO, "later")
    expo.plan("receipts", "internal")
    notification = tell(with_expo(author))

    drain()
    (sent,) = deliveries_of(notification)
    assert (sent.state, sent.provider_message_id) == ("sent", "ticket-1")
    (message,) = expo.messages
    assert message["data"]["delivery_id"] == str(sent.pk)
    assert message["title"] == "Sam hat deinen Beitrag kommentiert"

    # Out of order first, then without a receipt: neither sends it again.
    wait_and_drain(1_400)
    assert fate_of(notification) == ("sent", "http_500")
    wait_and_drain(2_800)
    assert fate_of(notification)[0] == "sent"
    expo.receipts["ticket-1"] = {"status": "ok"}
    wait_and_drain(4_200)

    assert fate_of(notification) == ("accepted", "")
    assert expo.asked == ["ticket-1"] * 3
    assert len(expo.messages) == 1


@pytest.mark.parametrize("plan", ["DeviceNotRegistered", "receipt:DeviceNotRegistered"])
def test_expo_may_find_an_address_dead_at_once_or_later(
    expo: FakeExpo, author: Phone, plan: str
) -> None:
    expo.plan(EXPO, plan)
    notification = tell(with_expo(author))

    drain()
    wait_and_drain(1_400)

    assert fate_of(notification) == ("failed", "device_not_registered")
    assert not address_stands(author)


@pytest.mark.parametrize(
    ("plan", "fate"),
    [
        ("MessageTooBig", ("failed", "message_too_big")),
        ("receipt:MessageTooBig", ("failed", "message_too_big")),
        ("MessageRateExceeded", ("queued", "message_rate_exceeded")),
        ("InvalidCredentials", ("queued", "invalid_credentials")),
        ("quota:7", ("queued", "quota")),
        ("internal", ("queued", "http_500")),
        ("stall", ("queued", "read_timeout")),
        ("reset", ("queued", "read_error")),
        ("html_ok", ("queued", "unreadable_reply")),
        ("huge", ("queued", "reply_too_long")),
        ("drip", ("queued", "read_timeout")),
    ],
)
def test_what_expo_says_is_read_as_if_anybody_had_written_it(
    expo: FakeExpo, author: Phone, plan: str, fate: tuple[str, str]
) -> None:
    expo.plan(EXPO, plan)
    notification = tell(with_expo(author))

    drain()
    if plan.startswith("receipt"):
        wait_and_drain(1_400)

    assert fate_of(notification) == fate
    assert address_stands(author)


def test_a_receipt_that_never_comes_ends_after_a_day(expo: FakeExpo, author: Phone) -> None:
    expo.plan(EXPO, "later")
    notification = tell(with_expo(author))
    drain()

    with later(86_500):
        expire_deliveries()
        assert fate_of(notification)[0] == "sent"
    wait_and_drain(86_500)

    assert fate_of(notification) == ("expired", "no_receipt")
    assert waiting() == []


def test_credentials_that_expo_does_not_know_pause_it(
    expo: FakeExpo, author: Phone, settings: Any
) -> None:
    settings.EXPO_ACCESS_TOKEN = "wrong"
    news = [tell(with_expo(author)), tell(author)]

    drain()

    assert {fate_of(one) for one in news} == {("queued", "http_401")}
    news.append(tell(author))
    drain()
    assert fate_of(news[-1]) == ("queued", "")
    assert expo.messages == []


def test_a_service_that_is_down_delays_no_other(
    fcm: FakeFcm, apns: FakeApns, reader: Phone, stranger: Phone, settings: Any
) -> None:
    settings.PUSH_PROVIDERS, settings.PUSH_IN_FLIGHT = ["fcm", "apns"], 3
    with_apple(stranger)
    apns.plan(APPLE, *["InternalServerError"] * 9)
    theirs = [tell(stranger) for _ in range(5)]
    mine = tell(reader)

    drain()

    assert 3 <= len(apns.attempts) <= 5
    assert {fate_of(one)[0] for one in theirs} == {"queued"}
    assert fate_of(mine) == ("accepted", "")
