"""Expo takes many messages in one request, and many questions: each still has a fate of its own."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from apps.core.ids import new_id
from apps.notifications.providers import line_to, wire
from apps.notifications.providers.base import (
    AddressDead,
    PushFailure,
    PushMessage,
    Receipt,
    Refused,
    RetryAfter,
    Unreachable,
)
from tests.fakes.expo import FakeExpo


def message_to(address: str) -> PushMessage:
    return PushMessage(
        provider="expo",
        address=address,
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


def send(*addresses: str) -> dict[str, Receipt | PushFailure]:
    """Send to all of these at once, and return what is said of each."""
    line = line_to("expo")
    assert line

    async def at_once() -> Sequence[Receipt | PushFailure]:
        return await asyncio.gather(*(line.send(message_to(one)) for one in addresses))

    return dict(zip(addresses, wire.run(at_once()).result(20), strict=True))


def ask(*names: str) -> dict[str, Receipt | PushFailure]:
    line = line_to("expo")
    assert line

    async def at_once() -> Sequence[Receipt | PushFailure]:
        return await asyncio.gather(*(line.ask(one) for one in names))

    return dict(zip(names, wire.run(at_once()).result(20), strict=True))


def test_what_is_sent_at_once_goes_a_hundred_at_a_time(expo: FakeExpo) -> None:
    said = send(*(f"phone-{number}" for number in range(250)))

    assert sorted(expo.sizes) == [50, 100, 100]
    assert (
        len({one.provider_message_id for one in said.values() if isinstance(one, Receipt)}) == 250
    )
    names = {message["to"]: f"ticket-{n}" for n, message in enumerate(expo.messages, 1)}
    assert said == {to: Receipt(name, is_final=False) for to, name in names.items()}


def test_each_message_of_a_request_has_its_own_fate(expo: FakeExpo) -> None:
    expo.plan("gone", "DeviceNotRegistered")
    expo.plan("often", "MessageRateExceeded")

    said = send("one", "gone", "two", "often", "three")

    assert expo.sizes == [5]
    assert [type(one) for one in said.values()] == [
        Receipt,
        AddressDead,
        Receipt,
        RetryAfter,
        Receipt,
    ]


@pytest.mark.parametrize("at", [0, 1, 36, 99])
def test_a_message_that_expo_can_not_read_spoils_no_other(expo: FakeExpo, at: int) -> None:
    addresses = [f"phone-{number}" for number in range(100)]
    expo.unreadable.add(addresses[at])

    said = send(*addresses)

    assert isinstance(said.pop(addresses[at]), Refused)
    assert all(isinstance(one, Receipt) for one in said.values())
    # Every other arrived, and once.
    assert sorted(one["to"] for one in expo.messages) == sorted(said)
    assert len(expo.sizes) <= 15


def test_one_that_is_too_large_is_not_even_sent(expo: FakeExpo) -> None:
    large = message_to("large")
    large.body = "x" * 5_000
    line = line_to("expo")
    assert line

    async def at_once() -> Sequence[Receipt | PushFailure]:
        return await asyncio.gather(line.send(large), line.send(message_to("small")))

    refused, taken = wire.run(at_once()).result(20)

    assert isinstance(refused, Refused)
    assert isinstance(taken, Receipt)
    assert [one["to"] for one in expo.messages] == ["small"]


@pytest.mark.parametrize(
    ("plan", "failure"),
    [
        ("quota:7", RetryAfter),
        ("internal", Unreachable),
        ("html_ok", Unreachable),
        ("reset", Unreachable),
    ],
)
def test_what_is_said_of_a_request_is_said_of_all_in_it(
    expo: FakeExpo, plan: str, failure: type[PushFailure]
) -> None:
    expo.plan("one", plan)

    assert {type(one) for one in send("one", "two", "three").values()} == {failure}
    assert expo.sizes == [3]


def test_tickets_that_do_not_fit_the_messages_are_nobodys(expo: FakeExpo) -> None:
    expo.loses_a_ticket = True

    said = send("one", "two", "three")

    assert {str(one) for one in said.values()} == {"unreadable_reply"}


def test_receipts_are_asked_for_a_thousand_at_a_time(expo: FakeExpo) -> None:
    names = [f"ticket-{number}" for number in range(1_200)]
    expo.receipts = {name: {"status": "ok"} for name in names[1:]}
    expo.receipts["ticket-7"] = {"status": "error", "details": {"error": "DeviceNotRegistered"}}

    said = ask(*names)

    assert sorted(expo.questions) == [200, 1_000]
    assert said["ticket-0"] == Receipt("ticket-0", is_final=False)
    assert isinstance(said["ticket-7"], AddressDead)
    assert said["ticket-1199"] == Receipt("ticket-1199")
