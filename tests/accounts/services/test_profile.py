"""One's own page: read cheaply, changed safely, and nothing in it can be helped along."""

from typing import Any

import pytest

from apps.accounts.models import User
from tests.phone import Phone


def test_reading_costs_one_query_or_none_at_all(
    author: Phone, django_assert_num_queries: Any
) -> None:
    first = author.get("me")

    with django_assert_num_queries(1):
        again = author.get("me", if_none_match=first.etag)

    assert again.status == 304
    assert again.content == b""


def test_changing(author: Phone) -> None:
    before = author.get("me")

    answer = author.patch(
        "me", {"display_name": "Ada L.", "locale": "de-AT", "time_zone": "Europe/Vienna"}
    )

    assert answer.status == 200
    changed = {"display_name": "Ada L.", "locale": "de-AT", "time_zone": "Europe/Vienna"}
    assert answer.json == before.json | changed
    assert author.get("me").json == answer.json
    assert author.get("me", if_none_match=before.etag).status == 200
    row = User.objects.get(pk=author.user_id)
    assert row.rev == 3
    assert row.updated_at > row.created_at


def test_two_devices_change_at_once(author: Phone) -> None:
    seen = author.get("me").etag
    assert author.patch("me", {"display_name": "First"}, if_match=seen).status == 200

    late = author.patch("me", {"display_name": "Second"}, if_match=seen)

    assert (late.status, late.code) == (412, "stale")
    assert author.get("me").json["display_name"] == "First"
    assert author.patch("me", {"display_name": "Second"}).status == 200


@pytest.mark.parametrize(
    "change",
    [
        {"display_name": "x" * 81},
        {"display_name": "Ada\u202eL."},
        {"display_name": "two\nlines"},
        {"locale": "english please"},
        {"locale": "de_AT"},
        {"time_zone": "Europe/Atlantis"},
        {"time_zone": "../../etc/passwd"},
        {"time_zone": "europe/vienna"},
    ],
    ids=str,
)
def test_what_is_refused(author: Phone, change: dict[str, str]) -> None:
    answer = author.patch("me", change)

    assert (answer.status, answer.code) == (400, "invalid")
    assert answer.pointers == {f"/{next(iter(change))}"}


@pytest.mark.parametrize("field", [field.name for field in User._meta.get_fields()])
def test_only_what_is_on_the_form_can_be_set(author: Phone, field: str) -> None:
    before = vars(User.objects.get(pk=author.user_id))

    answer = author.patch("me", {field: "true"})

    if field in {"display_name", "locale", "time_zone"}:
        return
    assert (answer.status, answer.pointers) == (400, {f"/{field}"})
    after = vars(User.objects.get(pk=author.user_id))
    assert {**after, "_state": None} == {**before, "_state": None}


def test_each_sees_their_own(author: Phone, stranger: Phone) -> None:
    assert stranger.get("me").json["id"] == stranger.user_id
    assert stranger.get("me", if_none_match=author.get("me").etag).status == 200
