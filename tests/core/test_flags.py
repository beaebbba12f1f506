"""Flags: each condition by itself, percentages that are what they say, and the same answer every time."""

import uuid
from typing import Any

import pytest

from apps.core import clients, flags
from apps.core.actors import ANONYMOUS, Actor
from apps.core.clients import Client
from apps.core.flags import Context, Flag, Reason, Ruleset

ADA = uuid.UUID(int=0xADA)
PHONE = Client(platform="ios", version="2.4.0", device_id="adas-phone", locale="de-at")


def evaluated(client: Client = PHONE, user_id: uuid.UUID | None = ADA, **rules: Any) -> Any:
    return Flag("new-editor", **rules).evaluate(Context(client, user_id))


@pytest.mark.parametrize(
    ("rules", "value", "reason"),
    [
        ({}, True, Reason.STATIC),
        ({"enabled": False}, False, Reason.DISABLED),
        ({"enabled": False, "allowed": frozenset({"adas-phone"})}, False, Reason.DISABLED),
        ({"platforms": frozenset({"ios", "web"})}, True, Reason.TARGETING_MATCH),
        ({"platforms": frozenset({"android"})}, False, Reason.DEFAULT),
        ({"minimum_version": "2.4"}, True, Reason.TARGETING_MATCH),
        ({"minimum_version": "2.10"}, False, Reason.DEFAULT),
        ({"below_version": "2.10"}, True, Reason.TARGETING_MATCH),
        ({"below_version": "2.4.0"}, False, Reason.DEFAULT),
        ({"locales": frozenset({"de"})}, True, Reason.TARGETING_MATCH),
        ({"locales": frozenset({"de-at"})}, True, Reason.TARGETING_MATCH),
        ({"locales": frozenset({"de-ch", "en"})}, False, Reason.DEFAULT),
        ({"members": frozenset({ADA})}, True, Reason.TARGETING_MATCH),
        ({"members": frozenset()}, False, Reason.DEFAULT),
        ({"share": 0}, False, Reason.SPLIT),
        ({"share": 0, "allowed": frozenset({"adas-phone"})}, True, Reason.TARGETING_MATCH),
        ({"share": 0, "allowed": frozenset({str(ADA)})}, True, Reason.TARGETING_MATCH),
        ({"share": 0, "allowed": frozenset({"another"})}, False, Reason.SPLIT),
        ({"locales": frozenset({"de"}), "platforms": frozenset({"web"})}, False, Reason.DEFAULT),
    ],
)
def test_every_condition_that_is_set_must_hold(
    rules: dict[str, Any], value: bool, reason: Reason
) -> None:
    found = evaluated(**rules)

    assert (found.value, found.reason) == (value, reason)
    # The way that serves requests, in bits by segment, says the same.
    ruleset = Ruleset([Flag("another"), Flag("new-editor", **rules)])
    assert ruleset.bits(Context(PHONE, ADA)) == 0b01 | value << 1
    assert ruleset.bits(Context(PHONE, ADA)) == 0b01 | value << 1


def test_what_a_client_does_not_say_matches_no_condition() -> None:
    silent = Client()

    for rules in (
        {"minimum_version": "1"},
        {"below_version": "9"},
        {"platforms": frozenset({"ios"})},
        {"locales": frozenset({"de"})},
    ):
        assert evaluated(silent, None, **rules).reason == Reason.DEFAULT
    assert evaluated(silent, None, share=9_999).reason == Reason.TARGETING_KEY_MISSING
    assert evaluated(silent, None, allowed=frozenset({"None", ""}), share=0).value is False
    assert evaluated(silent, ADA, share=9_999).reason == Reason.SPLIT


@pytest.mark.parametrize("percentage", [1, 10, 50, 99])
def test_a_percentage_is_what_it_says_and_stays_so(percentage: int) -> None:
    rules = Ruleset([Flag("one", share=percentage * 100), Flag("two", share=percentage * 100)])
    people = [Context(Client(device_id=f"installation-{number}")) for number in range(25_000)]

    bits = [rules.bits(context) for context in people]

    one, two = sum(bit & 1 for bit in bits), sum(bit >> 1 & 1 for bit in bits)
    both = sum(bit == 3 for bit in bits)
    assert abs(one / len(people) - percentage / 100) < 0.01
    assert abs(two / len(people) - percentage / 100) < 0.01
    # Salted: whoever gets one is no more likely to get the other.
    assert abs(both / len(people) - (percentage / 100) ** 2) < 0.01
    assert bits == [rules.bits(context) for context in people]


def test_made_up_versions_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flags, "_MOST_SEGMENTS", 10)
    rules = Ruleset([Flag("new-editor", minimum_version="5")])

    answers = [rules.bits(Context(Client("ios", f"{number}.0"))) for number in range(100)]

    assert answers == [0] * 5 + [1] * 95
    assert len(rules._segments) <= 10


def test_server_code_asks_for_the_client_of_its_request(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = Ruleset([Flag("new-editor", platforms=frozenset({"ios"}))])
    monkeypatch.setattr(flags.rules, "get", lambda: rules)
    token = clients.current.set(PHONE)
    try:
        assert flags.is_on("new-editor", ANONYMOUS)
        assert not flags.is_on("new-editor", Actor(id=ADA), client=Client(platform="web"))
        assert not flags.is_on("nobody-made-it", ANONYMOUS)
    finally:
        clients.current.reset(token)
    assert not flags.is_on("new-editor", Actor(id=ADA))
