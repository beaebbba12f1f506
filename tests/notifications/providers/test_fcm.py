"""The FCM provider against a server that speaks the real protocol and is not always kind."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.core.ids import new_id
from apps.notifications.providers import line_to, wire
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
from tests.fakes.fcm import FakeFcm

ADDRESS = "phone-in-a-pocket:APA91b"


def send(message: PushMessage) -> Receipt:
    line = line_to("fcm")
    assert line
    return wire.run(line.provider.send(message)).result()


@pytest.fixture
def message() -> PushMessage:
    return PushMessage(
        provider="fcm",
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
    )


def test_an_accepted_message_arrives_whole(fcm: FakeFcm, message: PushMessage) -> None:
    receipt = send(message)

    (entry,) = fcm.accepted(ADDRESS)
    assert receipt.provider_message_id == entry["name"]
    arrived = entry["message"]
    assert arrived["notification"] == {"title": "Ada commented", "body": "“Grüße aus Wien”"}
    assert arrived["data"] == {
        "notification_id": str(message.notification_id),
        "delivery_id": str(message.delivery_id),
        "category": "social",
        "link": "app://posts/1",
    }
    assert arrived["android"]["priority"] == "HIGH"
    assert 3590 <= int(arrived["android"]["ttl"].removesuffix("s")) <= 3600
    assert arrived["apns"]["headers"]["apns-expiration"] == str(int(message.expires_at.timestamp()))


def test_a_repeat_replaces_what_it_repeats(fcm: FakeFcm, message: PushMessage) -> None:
    send(message)
    send(message)

    first, second = (entry["message"] for entry in fcm.accepted(ADDRESS))
    assert first["data"] == second["data"]
    for arrived in (first, second):
        assert arrived["apns"]["headers"]["apns-collapse-id"] == str(message.notification_id)
        assert arrived["android"]["notification"]["tag"] == str(message.notification_id)
        # Google keeps four keys for a phone out of reach: plain messages must not use them up.
        assert "collapse_key" not in arrived["android"]


def test_messages_of_one_name_collapse(fcm: FakeFcm, message: PushMessage) -> None:
    send(replace(message, replaces="post:1", wakes=False))

    (entry,) = fcm.accepted(ADDRESS)
    assert entry["message"]["android"]["collapse_key"] == "post:1"
    assert entry["message"]["android"]["priority"] == "NORMAL"
    assert entry["message"]["apns"]["headers"]["apns-collapse-id"] == "post:1"


def test_an_installation_id_is_addressed_as_such(fcm: FakeFcm, message: PushMessage) -> None:
    send(replace(message, address="fid-1", address_kind="installation"))

    (entry,) = fcm.accepted("fid-1")
    assert entry["message"]["fid"] == "fid-1"
    assert "token" not in entry["message"]


def test_a_payload_that_google_would_refuse_is_never_sent(
    fcm: FakeFcm, message: PushMessage
) -> None:
    with pytest.raises(Refused, match="payload_too_large"):
        send(replace(message, body="ä" * 2000))

    assert fcm.attempts == []


def test_the_address_is_in_no_representation(message: PushMessage) -> None:
    assert ADDRESS not in repr(message)


@pytest.mark.parametrize(
    ("answer", "failure", "reason"),
    [
        ("unregistered", AddressDead, "unregistered"),
        ("invalid_address", AddressDead, "invalid_address"),
        ("invalid_address_field", AddressDead, "invalid_address"),
        ("sender_mismatch", AddressDead, "sender_id_mismatch"),
        ("invalid_payload", Refused, "invalid_argument"),
        ("too_large", Refused, "invalid_argument"),
        ("wrong_details", Refused, "invalid_argument"),
        ("third_party_auth", CredentialsRejected, "third_party_auth_error"),
        ("permission_denied", CredentialsRejected, "http_403"),
        ("quota", RetryAfter, "quota"),
        ("unavailable:7", RetryAfter, "http_503"),
        ("unavailable", Unreachable, "http_503"),
        ("internal", Unreachable, "http_500"),
        ("not_found", Unreachable, "http_404"),
        ("html", Unreachable, "http_502"),
        ("html_not_found", Unreachable, "http_404"),
        ("wrong_types", Unreachable, "http_404"),
        ("deep", Unreachable, "http_404"),
        ("html_ok", Unreachable, "unreadable_reply"),
        ("huge", Unreachable, "reply_too_long"),
        ("reset", Unreachable, "read_error"),
        ("reset_after_accept", Unreachable, "read_error"),
        ("stall", Unreachable, "read_timeout"),
        ("drip", Unreachable, "read_timeout"),
        ("drip_headers", Unreachable, "read_timeout"),
    ],
)
def test_every_answer_is_one_of_five_failures(
    fcm: FakeFcm,
    message: PushMessage,
    answer: str,
    failure: type[PushFailure],
    reason: str,
) -> None:
    fcm.plan(ADDRESS, answer)

    began = time.monotonic()
    with pytest.raises(PushFailure) as caught:
        send(message)

    assert (type(caught.value), caught.value.reason) == (failure, reason)
    # Connect and read timeout together bound each exchange; dripping to its end, this one would take minutes.
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("answer", "earliest", "latest"),
    [
        ("quota", 60, 60),
        ("quota:7", 7, 7),
        ("quota:date:7", 6.9, 8),
        ("unavailable:date:7", 6.9, 8),
    ],
)
def test_retry_after_is_read_in_both_forms(
    fcm: FakeFcm, message: PushMessage, answer: str, earliest: float, latest: float
) -> None:
    fcm.plan(ADDRESS, answer)

    with pytest.raises(RetryAfter) as caught:
        send(message)

    assert earliest <= caught.value.seconds <= latest


def test_a_sender_mismatch_rings_the_alarm(fcm: FakeFcm, message: PushMessage) -> None:
    fcm.plan(ADDRESS, "sender_mismatch")

    with pytest.raises(AddressDead) as caught:
        send(message)

    assert caught.value.alarming


def test_nobody_listening_is_unreachable(
    fcm: FakeFcm, message: PushMessage, settings: Any, unused_tcp_port: int
) -> None:
    send(message)
    settings.FCM_BASE_URL = f"http://127.0.0.1:{unused_tcp_port}"

    with pytest.raises(Unreachable, match="connect_error"):
        send(message)


def test_threads_share_one_token_and_connections_live_on(
    fcm: FakeFcm, message: PushMessage
) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, [message] * 40))

    assert len(fcm.accepted(ADDRESS)) == 40
    assert fcm.tokens.granted == 1
    assert fcm.connections <= 8 + 1


def test_a_token_is_replaced_before_it_expires(fcm: FakeFcm, message: PushMessage) -> None:
    fcm.tokens.lifetime = 240

    send(message)
    send(message)

    assert fcm.tokens.granted == 2


def test_a_revoked_token_costs_one_more_attempt(fcm: FakeFcm, message: PushMessage) -> None:
    send(message)
    fcm.tokens.revoke_all()

    send(message)

    assert fcm.tokens.granted == 2
    assert len(fcm.accepted(ADDRESS)) == 2


def test_credentials_that_google_does_not_know_are_rejected(
    fcm: FakeFcm, message: PushMessage, settings: Any
) -> None:
    settings.FCM_CREDENTIALS = fcm.tokens.credentials().replace("sender@", "impostor@")

    with pytest.raises(CredentialsRejected, match="token_http_400"):
        send(message)

    assert fcm.attempts == []


@pytest.mark.parametrize("answer", ["html", "html_ok", "internal", "huge", "stall", "drip_headers"])
def test_a_token_endpoint_out_of_order_is_unreachable(
    fcm: FakeFcm, message: PushMessage, answer: str
) -> None:
    fcm.plan("token", answer)

    with pytest.raises(Unreachable, match="token_"):
        send(message)
    send(message)

    assert len(fcm.accepted(ADDRESS)) == 1


@pytest.fixture
def unused_tcp_port(tmp_path: Any) -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
