"""Scheduling, and verbs that name the version they are about."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.content.desk import archived, drafted, published
from tests.phone import Phone


def at(**ahead: float) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat().replace("+00:00", "Z")


def test_a_draft_is_scheduled_moved_and_taken_back(author: Phone, stranger: Phone) -> None:
    draft = drafted(author)
    verb = f"posts/{draft['id']}/schedule"
    tomorrow, later = at(days=1), at(days=2)

    first = author.post(verb, {"publish_at": tomorrow})
    assert (first.json["status"], first.json["scheduled_for"]) == ("scheduled", tomorrow)
    assert author.post(verb, {"publish_at": tomorrow}).json["rev"] == first.json["rev"]
    assert author.post(verb, {"publish_at": later}).json["scheduled_for"] == later
    assert stranger.get(f"posts/{draft['id']}").code == "post_not_found"
    assert [one["id"] for one in author.get("posts?status=scheduled").json["items"]] == [
        draft["id"]
    ]

    back = author.post(verb, {"publish_at": None}).json
    assert (back["status"], back["scheduled_for"]) == ("draft", None)


def test_what_was_scheduled_can_be_published_at_once(author: Phone) -> None:
    draft = drafted(author)
    author.post(f"posts/{draft['id']}/schedule", {"publish_at": at(days=1)})

    shown = author.post(f"posts/{draft['id']}/publish").json

    assert (shown["status"], shown["scheduled_for"]) == ("published", None)


@pytest.mark.parametrize("when", [timedelta(seconds=-1), timedelta(days=400), "tomorrow", 7, None])
def test_times_that_are_none(author: Phone, when: timedelta | str | int | None) -> None:
    moment = at(seconds=when.total_seconds()) if isinstance(when, timedelta) else when
    body = {} if when is None else {"publish_at": moment}

    answer = author.post(f"posts/{drafted(author)['id']}/schedule", body)

    assert answer.status == 400
    assert answer.code == "schedule_out_of_range" or answer.pointers == {"/publish_at"}


def test_what_was_published_once_is_not_scheduled(author: Phone) -> None:
    for post in (published(author), archived(author)):
        answer = author.post(f"posts/{post['id']}/schedule", {"publish_at": at(days=1)})
        assert (answer.status, answer.code) == (409, "already_published")


def test_a_verb_may_name_the_version_it_is_about(author: Phone) -> None:
    draft = drafted(author)
    path = f"posts/{draft['id']}"
    seen = author.get(path).etag
    author.patch(path, {"title": "Changed since"}, if_match=seen)

    stale = author.post(f"{path}/publish", if_match=seen)
    assert (stale.status, stale.json["current_rev"]) == (412, 2)

    current = author.get(path).etag
    assert author.post(f"{path}/publish", if_match=current).status == 200
    # The answer was lost: the repeat finds it done, and there is nothing that it could overwrite.
    again = author.post(f"{path}/publish", if_match=current)
    assert (again.status, again.json["rev"]) == (200, 3)
