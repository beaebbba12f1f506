"""The APNs provider against a server that speaks HTTP/2 over TLS and is not always kind."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.core.ids import new_id
from apps.notifications.providers import apns_token, line_to, wire
from apps.notifications.providers.base import (
    AddressDead,
    CredentialsRejected,
    PushFailure,
    PushMessage,
    Receipt,
    Refused,
    RetryAfter,
    Unreachable,
)
from tests.fakes.apns import FakeApns

ADDRESS = "a1b2c3d4" * 8


@pytest.fixture
def message() -> PushMessage:
    return PushMessage(
        provider="apns",
        address=ADDRESS,
        address_kind="token",
        environment="production",
        notification_id=str(new_id()),
        delivery_id=str(new_id()),
        title="Ada commented",
        body="“Grüße aus Wien”",
        category="social",
        link="app://posts/1",
        expires_at=datetime.now(UTC) + timedelta(hours=1),
        wakes=True,
        badge=3,
    )


def send(message: PushMessage) -> Receipt:
    line = line_to("apns")
    assert line
    return wire.run(line.provider.send(message)).result()


def test_an_accepted_message_arrives_whole(apns: FakeApns, message: PushMessage) -> None:
    receipt = send(message)

    (push,) = apns.accepted
    assert receipt == Receipt(str(message.delivery_id))
    assert push.payload == {
        "aps": {
            "alert": {"title": "Ada commented", "body": "“Grüße aus Wien”"},
            "sound": "default",
            "badge": 3,
        },
        "notification_id": str(message.notification_id),
        "delivery_id": str(message.delivery_id),
        "category": "social",
        "link": "app://posts/1",
    }
    sent = {name: value for name, value in push.headers.items() if name.startswith("apns-")}
    assert sent == {
        "apns-topic": "test.example.app",
        "apns-push-type": "alert",
        "apns-id": str(message.delivery_id),
        "apns-collapse-id": str(message.notification_id),
        "apns-priority": "10",
        "apns-expiration": str(int(message.expires_at.timestamp())),
    }


@pytest.mark.parametrize(
    ("answer", "failure", "reason"),
    [
        ("BadDeviceToken", AddressDead, "bad_device_token"),
        ("DeviceTokenNotForTopic", AddressDead, "device_token_not_for_topic"),
        ("Unregistered", AddressDead, "unregistered"),
        ("ExpiredToken", AddressDead, "expired_token"),
        ("BadCollapseId", Refused, "bad_collapse_id"),
        ("PayloadTooLarge", Refused, "payload_too_large"),
        ("BadPath", Refused, "bad_path"),
        ("InvalidProviderToken", CredentialsRejected, "invalid_provider_token"),
        ("TooManyRequests", RetryAfter, "too_many_requests"),
        ("TooManyProviderTokenUpdates", RetryAfter, "too_many_provider_token_updates"),
        ("ServiceUnavailable:7", RetryAfter, "http_503"),
        ("ServiceUnavailable", Unreachable, "http_503"),
        ("InternalServerError", Unreachable, "http_500"),
        ("garbage", Unreachable, "http_400"),
        ("huge", Unreachable, "reply_too_long"),
        ("reset", Unreachable, "remote_protocol_error"),
        ("cut", Unreachable, "read_error or write_error"),
        ("cut_after_accept", Unreachable, "read_error or write_error"),
        ("stall", Unreachable, "read_timeout"),
        ("drip", Unreachable, "read_timeout"),
    ],
)
def test_every_answer_is_one_of_five_failures_and_the_next_message_arrives(
    apns: FakeApns,
    message: PushMessage,
    answer: str,
    failure: type[PushFailure],
    reason: str,
) -> None:
    apns.plan(ADDRESS, answer)

    began = time.monotonic()
    with pytest.raises(PushFailure) as caught:
        send(message)

    assert type(caught.value) is failure
    # Which of the two notices that the connection was cut is a matter of moments.
    assert caught.value.reason in reason.split(" or ")
    assert time.monotonic() - began < 5
    send(message)
    assert apns.accepted[-1].headers["apns-id"] == str(message.delivery_id)


def test_a_time_that_apple_names_is_kept(apns: FakeApns, message: PushMessage) -> None:
    apns.plan(ADDRESS, "TooManyRequests:7", "Unregistered:1700000000000")

    with pytest.raises(RetryAfter) as slow:
        send(message)
    with pytest.raises(AddressDead) as dead:
        send(message)

    assert slow.value.seconds == 7
    assert dead.value.since == datetime.fromtimestamp(1_700_000_000, UTC)


def test_one_connection_carries_many_streams_until_apple_says_goodbye(
    apns: FakeApns, message: PushMessage
) -> None:
    send(message)
    apns.plan(ADDRESS, *["ok"] * 10, "stall")

    def deliver(_: int) -> str:
        try:
            send(message)
        except Unreachable as failure:
            return failure.reason
        return ""

    with ThreadPoolExecutor(8) as pool:
        troubles = [found for found in pool.map(deliver, range(10)) if found]
    assert troubles == []
    assert apns.connections == 1

    apns.plan(ADDRESS, "goodbye")
    send(message)
    send(message)
    assert apns.connections == 2
    assert len(apns.accepted) == 13


def test_what_apple_did_not_take_before_it_left_goes_over_the_next_connection(
    apns: FakeApns, message: PushMessage
) -> None:
    apns.plan(ADDRESS, "goaway", "ok", "goaway", "goaway")

    assert send(message) == Receipt(str(message.delivery_id))
    assert (apns.connections, len(apns.accepted)) == (2, 1)
    # Not for ever.
    with pytest.raises(Unreachable, match="remote_protocol_error"):
        send(message)


def test_a_token_is_used_for_50_minutes_and_not_made_anew_within_20(
    apns: FakeApns, message: PushMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock:
        now = 10_000.0

        def monotonic(self) -> float:
            return self.now

        def time(self) -> float:
            return time.time()

    clock = Clock()
    monkeypatch.setattr(apns_token, "time", clock)

    def tokens() -> int:
        return len({push.headers["authorization"] for push in apns.accepted})

    send(message)
    clock.now += 49 * 60
    send(message)
    assert tokens() == 1
    clock.now += 60
    send(message)
    assert tokens() == 2

    apns.plan(ADDRESS, "ExpiredProviderToken")
    apns.oldest_token = -1
    with pytest.raises(CredentialsRejected, match="expired_provider_token"):
        send(message)
    apns.oldest_token = 3600
    clock.now += 21 * 60
    apns.plan(ADDRESS, "ExpiredProviderToken")
    send(message)
    assert tokens() == 3


def test_what_apple_would_refuse_is_never_sent(apns: FakeApns, message: PushMessage) -> None:
    with pytest.raises(Refused, match="payload_too_large"):
        send(replace(message, body="ä" * 2000))
    with pytest.raises(AddressDead, match="bad_device_token"):
        send(replace(message, address="../../v4/broadcasts"))

    assert apns.attempts == []


def test_a_certificate_that_nobody_vouches_for_is_no_apple(
    apns: FakeApns, message: PushMessage, settings: Any
) -> None:
    settings.PUSH_CA_FILE = ""

    with pytest.raises(Unreachable, match="connect_error"):
        send(message)
    assert apns.attempts == []
