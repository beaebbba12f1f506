"""Phones that were sold once: what was said to them then is said to them today. Their recordings are never changed.

A recording names what it sends and what came back; what a later version adds to an answer is no concern of theirs.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.content.desk import published
from tests.golden import steady
from tests.phone import Phone

RECORDINGS = sorted((Path(__file__).parent / "golden").glob("phone-*.json"))


def holds(recorded: Any, told: Any) -> bool:
    """Tell whether everything that was recorded is still told; members that came later are ignored."""
    if isinstance(recorded, dict) and isinstance(told, dict):
        return all(name in told and holds(value, told[name]) for name, value in recorded.items())
    if isinstance(recorded, list) and isinstance(told, list):
        pairs = zip(recorded, told, strict=False)
        return len(recorded) == len(told) and all(holds(one, other) for one, other in pairs)
    return bool(recorded == told)


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_an_old_phone_hears_what_it_always_heard(recording: Path, author: Phone) -> None:
    post = published(author, tags=["harbour", "lights"])["id"]
    version = recording.stem.removeprefix("phone-")
    phone = Phone(version=version).verified("sam@example.test", display_name="Sam Stranger")

    for exchange in json.loads(recording.read_text()):
        method, path = exchange["send"].replace("{post}", post).split(" ")
        answer = phone.send(method, path, exchange.get("body"))
        assert answer.status == exchange["status"], exchange["send"]
        assert answer.code == exchange.get("code", "")
        if "pointers" in exchange:
            assert answer.pointers == set(exchange["pointers"])
        if "json" in exchange:
            assert holds(exchange["json"], steady(answer.json)), exchange["send"]


def test_both_versions_tell_of_the_same_comments_in_their_own_words(author: Phone) -> None:
    post = published(author)["id"]
    new = Phone(api="/api/v2", access=author.access, installation_id=author.installation_id)
    old = author.post(f"posts/{post}/comments", {"body": "by the old"}).json
    written = new.post(f"posts/{post}/comments", {"text": "by the new"})
    assert (written.status, written.json["text"]) == (201, "by the new")

    by_old = author.get(f"posts/{post}/comments").json["items"]
    by_new = new.get(f"posts/{post}/comments").json["items"]

    assert [one["body"] for one in by_old] == ["by the old", "by the new"]
    assert [one["text"] for one in by_new] == ["by the old", "by the new"]
    for one, other in zip(by_old, by_new, strict=True):
        assert {**one, "text": one["body"]} == {**other, "body": other["text"]}
    assert old["id"] == by_new[0]["id"]
    assert new.post(f"posts/{post}/comments", {"body": "old word"}).pointers == {"/body"}
    # What has not changed is the same at both.
    assert new.get(f"posts/{post}").json == author.get(f"posts/{post}").json


def test_a_repeat_of_the_old_is_answered_by_the_old(author: Phone) -> None:
    post = published(author)["id"]

    first, again = (
        author.post(f"posts/{post}/comments", {"body": "once"}, idempotency_key="the-one-key")
        for _ in range(2)
    )

    assert (first.status, again.status, first.json) == (201, 201, again.json)
    assert again.headers["Idempotency-Replayed"] == "true"


def test_the_old_is_told_that_it_is_old(author: Phone) -> None:
    post = published(author)["id"]
    answer = author.get(f"posts/{post}/comments")

    assert answer.headers["Deprecation"] == "@1795305600"
    assert answer.headers["Sunset"] == "Mon, 22 Nov 2027 00:00:00 GMT"
    assert answer.headers["Link"] == (f'</api/v2/posts/{post}/comments>; rel="successor-version"')
    assert "Deprecation" not in author.get(f"posts/{post}").headers
