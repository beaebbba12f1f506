"""The feed as a phone pages through it: newest first, nothing twice, nothing skipped, nothing unasked."""

import pytest

from tests.content.desk import archived, deleted, published
from tests.content.golden import golden, steady
from tests.phone import Phone


def test_anybody_reads_it(author: Phone, phone: Phone) -> None:
    published(author)

    assert steady(phone.get("feed").json) == golden("feed")


def test_an_empty_feed_is_a_page(phone: Phone) -> None:
    assert phone.get("feed").json == {"items": [], "next": None}


def test_pages_hold_still_while_posts_come_and_go(author: Phone, phone: Phone) -> None:
    written = [published(author)["id"] for _ in range(6)]
    newest_first = written[::-1]

    first = phone.get("feed?limit=2").json
    published(author)
    author.delete(f"posts/{newest_first[1]}", if_match="*")
    author.post(f"posts/{newest_first[3]}/archive")
    second = phone.get(f"feed?limit=2&cursor={first['next']}").json
    third = phone.get(f"feed?limit=2&cursor={second['next']}").json

    shown = [item["id"] for page in (first, second, third) for item in page["items"]]
    assert shown == [one for one in newest_first if one != newest_first[3]]
    assert third["next"] is None


def test_coming_back_does_not_jump_the_queue(author: Phone, phone: Phone) -> None:
    old = archived(author)
    newer = published(author)

    author.post(f"posts/{old['id']}/publish")

    assert [item["id"] for item in phone.get("feed").json["items"]] == [newer["id"], old["id"]]


def test_only_what_was_asked_for_is_read_and_sent(
    author: Phone, phone: Phone, statements: list[str]
) -> None:
    post = published(author)

    statements.clear()
    narrow = phone.get("feed?fields=id,title,cover").json["items"]
    assert narrow == [{"id": post["id"], "title": post["title"], "cover": None}]
    assert "display_name" not in statements[-1]
    assert "summary" not in statements[-1]

    nested = phone.get("feed?fields=id,author(display_name)").json["items"]
    assert nested == [{"id": post["id"], "author": {"display_name": "Ada Author"}}]

    phone.get("feed")
    assert '"body"' not in statements[-1]
    assert "email" not in statements[-1]
    assert phone.get("feed?fields=body").pointers == {"/query/fields"}


def test_a_post_is_narrowed_as_well(author: Phone) -> None:
    post = published(author)

    assert author.get(f"posts/{post['id']}?fields=title,rev").json == {
        "title": post["title"],
        "rev": 2,
    }
    # Another selection is another representation.
    whole = author.get(f"posts/{post['id']}").etag
    assert author.get(f"posts/{post['id']}?fields=title", if_none_match=whole).status == 200


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "cursor=x", "order=title"])
def test_what_can_not_be_read_is_pointed_at(phone: Phone, query: str) -> None:
    answer = phone.get(f"feed?{query}")

    assert (answer.status, answer.pointers) == (400, {f"/query/{query.split('=')[0]}"})


def test_a_deleted_post_is_gone_at_once(author: Phone, phone: Phone) -> None:
    deleted(author)

    assert phone.get("feed").json["items"] == []
