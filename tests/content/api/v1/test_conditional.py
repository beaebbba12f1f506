"""Two devices and one post: tags that say which version was read, and changes that name it."""

import pytest

from tests.content.desk import drafted, published
from tests.phone import Phone


def test_a_change_must_name_its_version(author: Phone) -> None:
    post = drafted(author)

    for answer in (
        author.patch(f"posts/{post['id']}", {"title": "Mine"}),
        author.delete(f"posts/{post['id']}"),
    ):
        assert (answer.status, answer.code) == (428, "precondition_required")
    assert author.get(f"posts/{post['id']}").json == post


def test_the_second_device_is_told_that_it_is_late(author: Phone) -> None:
    post = drafted(author)
    read_on_both = author.get(f"posts/{post['id']}").etag
    first = author.patch(f"posts/{post['id']}", {"title": "First"}, if_match=read_on_both)

    late = author.patch(f"posts/{post['id']}", {"title": "Second"}, if_match=read_on_both)

    assert (late.status, late.code) == (412, "stale")
    assert late.json["current_rev"] == 2
    assert author.get(f"posts/{post['id']}").json["title"] == "First"
    again = author.patch(f"posts/{post['id']}", {"title": "Second"}, if_match=first.etag)
    assert (again.status, again.json["rev"]) == (200, 3)


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_a_tag_survives_compression(author: Phone, coding: str) -> None:
    post = drafted(author, body="Lamps. " * 1_000)
    compressed = author.get(f"posts/{post['id']}", accept_encoding=coding)
    assert compressed.headers["Content-Encoding"] == coding

    for tag in (compressed.etag, f"W/{compressed.etag}"):
        known = author.get(f"posts/{post['id']}", accept_encoding=coding, if_none_match=tag)
        assert (known.status, known.content) == (304, b"")
    changed = author.patch(f"posts/{post['id']}", {"title": "Mine"}, if_match=compressed.etag)
    assert changed.status == 200


def test_a_tag_is_nobody_elses(author: Phone, stranger: Phone, phone: Phone) -> None:
    post = published(author)
    tag = author.get(f"posts/{post['id']}").etag

    assert author.get(f"posts/{post['id']}", if_none_match=tag).status == 304
    assert stranger.get(f"posts/{post['id']}", if_none_match=tag).status == 200
    assert phone.get(f"posts/{post['id']}", if_none_match=tag).status == 200


def test_a_tag_opens_nothing_that_was_closed(author: Phone, stranger: Phone) -> None:
    post = published(author)
    tag = stranger.get(f"posts/{post['id']}").etag

    author.patch(f"posts/{post['id']}", {"visibility": "private"}, if_match="*")

    assert stranger.get(f"posts/{post['id']}", if_none_match=tag).status == 404
    assert stranger.get(f"posts/{post['id']}", if_none_match="*").status == 404


def test_a_feed_that_did_not_change_is_not_sent(author: Phone, phone: Phone) -> None:
    published(author)
    first = phone.get("feed")

    assert phone.get("feed", if_none_match=first.etag).status == 304
    published(author)
    assert phone.get("feed", if_none_match=first.etag).status == 200


def test_answers_are_not_for_shared_caches(author: Phone) -> None:
    post = published(author)

    for path in (f"posts/{post['id']}", "posts", "feed", f"posts/{post['id']}/comments"):
        headers = author.get(path).headers
        assert "private" in headers["Cache-Control"], path
        assert "Authorization" in headers["Vary"], path
