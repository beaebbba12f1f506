"""Push addresses through the wire: one owner each, the newest registration wins, nobody ever reads them back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.devices.models import Device
from apps.devices.selectors import push_address_of
from tests.devices.pockets import another_phone_of, devices_of, reachable, register, set_address
from tests.golden import golden, steady
from tests.phone import Phone

NOW = datetime.now(UTC).replace(microsecond=0)


def moment(seconds: int) -> str:
    """Return a time before now, or after it, as a phone writes it."""
    return (NOW + timedelta(seconds=seconds)).isoformat()


def stored(phone: Phone) -> Device:
    return Device.objects.get(installation_id=phone.installation_id)


def address_of(device: Device) -> str:
    return push_address_of(device.pk, device.push_address)


def test_push_finds_the_device_and_nobody_sees_where(author: Phone) -> None:
    register(author)

    answer = set_address(author, "fcm-token-1", timestamp=moment(-60))

    assert answer.status == 200
    assert steady(answer.json) | {"installation_id": ""} == golden(__file__, "device_with_push")
    assert address_of(stored(author)) == "fcm-token-1"
    assert b"fcm-token-1" not in answer.content


def test_the_address_is_sealed_to_its_row(author: Phone, stranger: Phone) -> None:
    reachable(author, "secret-address")
    reachable(stranger, "another-address")
    mine, theirs = stored(author), stored(stranger)

    assert b"secret-address" not in bytes(mine.push_address or b"")

    theirs.push_address = mine.push_address
    assert address_of(theirs) == ""


def test_repeating_is_harmless(author: Phone) -> None:
    reachable(author, "address", timestamp=moment(-60))

    assert set_address(author, "address", timestamp=moment(-60)).status == 200


def test_a_request_that_was_overtaken_loses(author: Phone) -> None:
    reachable(author, "new-address", timestamp=moment(-10))

    late = set_address(author, "old-address", timestamp=moment(-20))

    assert (late.status, late.code) == (409, "push_address_outdated")
    assert late.json["retryable"] is False
    assert address_of(stored(author)) == "new-address"


def test_a_withdrawn_address_does_not_come_back_by_a_late_request(author: Phone) -> None:
    reachable(author, "address", timestamp=moment(-10))
    author.delete(f"devices/{author.installation_id}/push-address")

    assert set_address(author, "older-address", timestamp=moment(-20)).status == 409
    assert set_address(author, "address", timestamp=moment(-10)).status == 200


def test_a_clock_that_is_ahead_does_not_hold_an_address_for_ever(author: Phone) -> None:
    reachable(author, "address", timestamp=moment(86_400))

    assert set_address(author, "new-address").status == 200
    registered_at = stored(author).push_registered_at
    assert registered_at
    assert registered_at < NOW + timedelta(hours=1)


def test_an_address_moves_to_the_device_that_registered_it_last(
    author: Phone, stranger: Phone
) -> None:
    reachable(author, "shared-address")

    reachable(stranger, "shared-address")

    left = devices_of(author)[author.installation_id]
    assert (left["push_provider"], left["push_silenced_reason"]) == ("", "address_moved")
    assert address_of(stored(stranger)) == "shared-address"


def test_an_older_registration_does_not_take_an_address_away(
    author: Phone, stranger: Phone
) -> None:
    reachable(author, "shared-address", timestamp=moment(-10))
    register(stranger)

    answer = set_address(stranger, "shared-address", timestamp=moment(-20))

    assert (answer.status, answer.code) == (409, "push_address_outdated")
    assert address_of(stored(author)) == "shared-address"


def test_an_address_can_go_back_and_forth_between_two_phones_of_one_person(author: Phone) -> None:
    tablet = another_phone_of(author, platform="android")
    reachable(author, "first")
    reachable(tablet, "second")

    assert set_address(author, "second").status == 200
    assert set_address(tablet, "first").status == 200
    assert address_of(stored(author)) == "second"
    assert address_of(stored(tablet)) == "first"


def test_equal_addresses_of_two_providers_are_two_addresses(author: Phone, stranger: Phone) -> None:
    reachable(author, "abc")

    reachable(stranger, "abc", provider="apns", environment="sandbox")

    assert address_of(stored(author)) == "abc"
    assert devices_of(stranger)[stranger.installation_id]["push_environment"] == "sandbox"


def test_withdrawing_stops_push_and_may_be_repeated(author: Phone) -> None:
    reachable(author, "address")

    for _ in range(2):
        assert author.delete(f"devices/{author.installation_id}/push-address").status == 204

    device = devices_of(author)[author.installation_id]
    assert (device["push_provider"], device["push_silenced_reason"]) == ("", "address_withdrawn")
    assert stored(author).push_address is None


def test_somebody_elses_device_is_no_device(author: Phone, stranger: Phone) -> None:
    reachable(author, "address")
    body = {"provider": "fcm", "address": "intruder"}
    path = f"devices/{author.installation_id}/push-address"

    foreign, absent = stranger.put(path, body), stranger.put("devices/never/push-address", body)

    assert (foreign.status, foreign.code) == (absent.status, absent.code)
    assert (foreign.status, foreign.code) == (404, "device_not_found")
    # Not even for whoever knows the very address.
    assert stranger.put(path, {"provider": "fcm", "address": "address"}).status == 404
    assert stranger.delete(path).status == 204
    assert address_of(stored(author)) == "address"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"provider": "pigeon"}, "/provider"),
        ({"kind": "topic"}, "/kind"),
        ({"environment": "staging"}, "/environment"),
        ({"address": ""}, "/address"),
        ({"address": "a b"}, "/address"),
        ({"address": "x" * 4_097}, "/address"),
        ({"timestamp": "yesterday"}, "/timestamp"),
        ({"timestamp": "2026-11-21T12:00:00"}, "/timestamp"),
        ({"user": "me"}, "/user"),
    ],
)
def test_what_is_no_address_is_refused(author: Phone, change: dict[str, Any], pointer: str) -> None:
    register(author)

    answer = author.put(
        f"devices/{author.installation_id}/push-address",
        {"provider": "fcm", "address": "address"} | change,
    )

    assert answer.status == 400
    assert answer.pointers == {pointer}


def test_a_lost_key_makes_a_device_silent_and_breaks_nothing(author: Phone, settings: Any) -> None:
    reachable(author, "address")

    settings.FIELD_KEYS = ["bmV3LWtleS1vbmx5LTMyLWJ5dGVzLWxvbmctISEhISE="]

    assert address_of(stored(author)) == ""
    assert author.get("devices").status == 200
