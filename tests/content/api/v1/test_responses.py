"""Reactions, which everybody sees as a number, and bookmarks, which nobody else sees."""

import pytest

from apps.content.models import Reaction
from apps.content.services import responding
from tests.content.desk import drafted, published
from tests.content.golden import golden, steady
from tests.phone import Phone


def test_one_person_has_one_reaction(author: Phone, stranger: Phone) -> None:
    post = published(author)
    path = f"posts/{post['id']}/reaction"
    assert stranger.get(path).code == "reaction_not_found"

    for kind in ("like", "like", "love"):
        answer = stranger.put(path, {"kind": kind})
        assert answer.json["kind"] == kind
    author.put(path, {"kind": "sad"})

    assert steady(stranger.get(path).json) == golden("reaction")
    seen = author.get(f"posts/{post['id']}").json
    assert (seen["reaction_count"], seen["rev"]) == (2, post["rev"])

    for _ in range(2):
        assert stranger.delete(path).status == 204
    assert author.get(f"posts/{post['id']}").json["reaction_count"] == 1
    assert Reaction.objects.count() == 1


def test_a_reaction_can_be_taken_back_from_what_is_out_of_sight(
    author: Phone, stranger: Phone
) -> None:
    post = published(author)
    stranger.put(f"posts/{post['id']}/reaction", {"kind": "wow"})
    author.post(f"posts/{post['id']}/archive")

    assert stranger.delete(f"posts/{post['id']}/reaction").status == 204
    assert author.get(f"posts/{post['id']}").json["reaction_count"] == 0
    assert stranger.delete(f"posts/{post['id']}/reaction").code == "post_not_found"


def test_what_is_no_reaction(author: Phone, stranger: Phone, phone: Phone) -> None:
    path = f"posts/{published(author)['id']}/reaction"

    assert stranger.put(path, {"kind": "meh"}).pointers == {"/kind"}
    assert stranger.put(f"posts/{drafted(author)['id']}/reaction", {"kind": "like"}).status == 404
    phone.register("new@example.test")
    assert phone.put(path, {"kind": "like"}).code == "email_unverified"


def test_bookmarks_are_listed_the_latest_first(author: Phone, stranger: Phone) -> None:
    posts = [published(author, title=title)["id"] for title in ("One", "Two", "Three")]
    for post_id in (*posts, posts[0]):
        assert stranger.put(f"posts/{post_id}/bookmark").status == 204

    first = stranger.get("bookmarks?limit=2").json
    second = stranger.get(f"bookmarks?limit=2&cursor={first['next']}").json
    assert steady(second) == golden("bookmarks")
    listed = [item["post"]["id"] for page in (first, second) for item in page["items"]]
    assert listed == posts[::-1]
    assert author.get("bookmarks").json["items"] == []

    author.post(f"posts/{posts[2]}/archive")
    for post_id in (posts[1], posts[1], posts[2]):
        assert stranger.delete(f"posts/{post_id}/bookmark").status == 204
    assert [item["post"]["id"] for item in stranger.get("bookmarks").json["items"]] == posts[:1]


def test_so_many_are_kept_and_no_more(
    author: Phone, stranger: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responding, "MAX_BOOKMARKS", 1)
    kept, other = published(author)["id"], published(author)["id"]
    stranger.put(f"posts/{kept}/bookmark")

    assert stranger.put(f"posts/{other}/bookmark").code == "too_many_bookmarks"
    assert stranger.put(f"posts/{kept}/bookmark").status == 204
