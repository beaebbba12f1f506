"""Devices through the wire: they appear, change hands, and go."""

from datetime import UTC, datetime

import pytest

from tests.devices.pockets import (
    STATE,
    another_phone_of,
    devices_of,
    reachable,
    register,
    set_address,
)
from tests.golden import golden, steady
from tests.phone import Phone


def test_a_device_appears_with_the_sign_in(author: Phone) -> None:
    (device,) = author.get("devices").json["items"]

    assert device["installation_id"] == author.installation_id
    assert (device["platform"], device["app_version"]) == ("ios", "2.0.0")
    assert device["session_id"] == author.get("me/sessions").json["items"][0]["id"]


def test_registering_again_changes_and_does_not_double(author: Phone) -> None:
    author.installation_id = "new-installation"

    first, again = register(author), register(author, app_version="2.1.0")

    assert (first.status, again.status) == (201, 200)
    assert steady(first.json) == golden(__file__, "device")
    assert devices_of(author)["new-installation"]["app_version"] == "2.1.0"


def test_what_is_left_out_is_forgotten(author: Phone) -> None:
    register(author)

    answer = author.put(f"devices/{author.installation_id}", {"platform": "ios"})

    assert (answer.json["model"], answer.json["time_zone"]) == ("", "")


def test_a_sign_in_forgets_nothing(author: Phone) -> None:
    register(author)

    author.login()

    device = devices_of(author)[author.installation_id]
    assert (device["build"], device["model"]) == (STATE["build"], STATE["model"])


def test_an_installation_id_has_one_spelling(author: Phone) -> None:
    author.installation_id = "ABC.def_1-2"

    answer = register(author)

    assert answer.json["installation_id"] == "abc.def_1-2"
    author.installation_id = "abc.DEF_1-2"
    assert register(author).status == 200


@pytest.mark.parametrize("id", ["x" * 65, "white%20space", "ünïcode", "semi;colon"])
def test_a_malformed_installation_id_is_refused(author: Phone, id: str) -> None:
    for answer in (
        author.put(f"devices/{id}", STATE),
        author.delete(f"devices/{id}"),
        author.put(f"devices/{id}/push-address", {"provider": "fcm", "address": "a"}),
        author.delete(f"devices/{id}/push-address"),
    ):
        assert (answer.status, answer.code) == (400, "installation_id_invalid")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"platform": "symbian"}, "/platform"),
        ({"model": "x" * 81}, "/model"),
        ({"model": "line\nbreak"}, "/model"),
        ({"locale": "no locale"}, "/locale"),
        ({"time_zone": "Middle/Earth"}, "/time_zone"),
        ({"user": "somebody else"}, "/user"),
        ({"session_id": "somebody's"}, "/session_id"),
    ],
)
def test_what_makes_no_sense_is_refused(
    author: Phone, change: dict[str, str], pointer: str
) -> None:
    answer = author.put(f"devices/{author.installation_id}", STATE | change)

    assert answer.status == 400
    assert answer.pointers == {pointer}


def test_nobody_signed_in_holds_nothing(phone: Phone) -> None:
    assert phone.get("devices").status == 401
    assert register(phone).status == 401
    assert set_address(phone, "address").status == 401
    assert phone.delete(f"devices/{phone.installation_id}").status == 401


def test_devices_are_listed_to_their_holder_alone(author: Phone, stranger: Phone) -> None:
    tablet = another_phone_of(author, platform="android")

    assert set(devices_of(author)) == {author.installation_id, tablet.installation_id}
    assert set(devices_of(stranger)) == {stranger.installation_id}


def test_the_list_is_paged(author: Phone) -> None:
    for number in range(3):
        author.installation_id = f"installation-{number}"
        register(author)

    first = author.get("devices?limit=2").json
    rest = author.get(f"devices?limit=2&cursor={first['next']}").json

    listed = [one["installation_id"] for one in first["items"] + rest["items"]]
    assert listed[:3] == ["installation-2", "installation-1", "installation-0"]
    assert len(listed) == 4
    assert rest["next"] is None


def test_a_device_that_signs_in_under_another_account_changes_hands(
    author: Phone, stranger: Phone
) -> None:
    reachable(author, "address-of-the-phone")
    stranger.installation_id = author.installation_id

    answer = register(stranger)

    assert answer.status == 201
    assert answer.json["push_provider"] == ""
    assert author.installation_id not in devices_of(author)
    assert author.installation_id in devices_of(stranger)


def test_a_sign_in_alone_makes_it_change_hands(author: Phone, stranger: Phone) -> None:
    reachable(author, "address-of-the-phone")

    stranger.installation_id = author.installation_id
    stranger.login()

    assert devices_of(author) == {}
    moved = devices_of(stranger)[author.installation_id]
    assert (moved["push_provider"], moved["model"], moved["locale"]) == ("", "", "")


@pytest.mark.parametrize("by", ["registering", "signing in"])
def test_nobody_learns_that_somebody_else_had_an_installation(
    author: Phone, stranger: Phone, by: str
) -> None:
    reachable(author, "address-of-the-phone")
    given_up = another_phone_of(author)
    reachable(given_up, "address-of-the-tablet")
    author.delete(f"devices/{given_up.installation_id}")
    told = []

    for name in ("never-seen", author.installation_id, given_up.installation_id):
        began = datetime.now(UTC).isoformat()
        stranger.installation_id = name
        if by == "signing in":
            assert stranger.login().status == 200
            device = devices_of(stranger)[name]
        else:
            answer = register(stranger)
            assert answer.status == 201
            device = answer.json
        assert device.pop("installation_id") == name
        assert min(device["created_at"], device["last_seen_at"]) > began
        told.append(steady(device))

    assert told[0] == told[1] == told[2]


def test_signing_out_silences_this_device_alone(author: Phone) -> None:
    tablet = another_phone_of(author, platform="android")
    reachable(author, "phone")
    reachable(tablet, "tablet")

    author.logout()

    devices = devices_of(tablet)
    silent, loud = devices[author.installation_id], devices[tablet.installation_id]
    assert (silent["push_provider"], silent["push_silenced_reason"]) == ("", "signed_out")
    assert silent["session_id"] is None
    assert loud["push_provider"] == "fcm"


def test_signing_in_again_on_the_same_phone_keeps_the_address(author: Phone) -> None:
    reachable(author, "phone")

    author.login()

    device = devices_of(author)[author.installation_id]
    assert device["push_provider"] == "fcm"
    assert device["session_id"] is not None


def test_removing_a_device_signs_it_out_and_silences_it(author: Phone) -> None:
    tablet = another_phone_of(author, platform="android")
    reachable(tablet, "tablet")

    answer = author.delete(f"devices/{tablet.installation_id}")

    assert answer.status == 204
    assert tablet.get("me").status == 401
    assert set(devices_of(author)) == {author.installation_id}
    assert author.delete(f"devices/{tablet.installation_id}").status == 204


def test_removing_somebody_elses_device_does_nothing(author: Phone, stranger: Phone) -> None:
    reachable(author, "phone")

    answer = stranger.delete(f"devices/{author.installation_id}")
    unknown = stranger.delete("devices/never-seen")

    assert (answer.status, answer.content) == (unknown.status, unknown.content) == (204, b"")
    assert author.get("me").status == 200
    assert devices_of(author)[author.installation_id]["push_provider"] == "fcm"


def test_beyond_the_cap_the_one_seen_longest_ago_is_let_go(author: Phone, settings: object) -> None:
    settings.DEVICE_CAP = 2  # type: ignore[attr-defined]
    reachable(author, "oldest")
    oldest = author.installation_id

    for author.installation_id in ("second", "third"):
        assert register(author).status == 201

    assert set(devices_of(author)) == {"second", "third"}
    author.installation_id = oldest
    back = register(author)
    assert (back.status, back.json["push_silenced_reason"]) == (201, "")


def test_a_list_of_devices_is_one_query(author: Phone, django_assert_num_queries: object) -> None:
    author.get("devices")

    with django_assert_num_queries(1):  # type: ignore[operator]
        assert author.get("devices").status == 200
