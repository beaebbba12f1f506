"""One post from the first word to its tombstone, as its author's phone sees it."""

from typing import Any

import pytest

from apps.content.models import Post
from tests.content.desk import archived, commented, drafted, published
from tests.content.golden import golden, steady
from tests.phone import Phone


def test_a_draft_is_written_published_and_read(author: Phone, stranger: Phone) -> None:
    draft = drafted(author, tags=["Harbour", "night"])
    assert (draft["status"], draft["published_at"], draft["rev"]) == ("draft", None, 1)

    author.post(f"posts/{draft['id']}/publish")
    seen = stranger.get(f"posts/{draft['id']}")

    assert seen.status == 200
    assert steady(seen.json) == golden("post")


def test_words_are_kept_as_meant(author: Phone) -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    post = drafted(
        author,
        title=f"  Cafe\u0301 {family} ",
        summary="two\r\nlines",
        body="  indented\n\nand spaced  ",
        tags=["Night  Ferry", "night ferry", "STRASSE", "straße"],
    )

    assert post["title"] == f"Café {family}"
    assert post["summary"] == "two\nlines"
    assert post["body"] == "  indented\n\nand spaced  "
    assert post["tags"] == ["night ferry", "strasse", "straße"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "x" * 201),
        ("title", "two\nlines"),
        ("title", "turned \u202e round"),
        ("title", None),
        ("summary", "x" * 501),
        ("summary", "a bell \x07"),
        ("body", "x" * 50_001),
        ("visibility", "friends"),
        ("language", "de_AT"),
        ("tags", ["x"] * 11),
        ("tags", ["x" * 41]),
        ("tags", "night"),
        ("id", "42"),
    ],
)
def test_what_can_not_be_kept_is_pointed_at(author: Phone, field: str, value: Any) -> None:
    answer = author.post("posts", {"title": "Harbour lights", field: value})

    assert (answer.status, answer.code) == (400, "invalid")
    assert {pointer.split("/")[1] for pointer in answer.pointers} == {field}


def test_a_tag_that_grows_too_long_in_lower_case_is_refused(author: Phone) -> None:
    answer = author.post("posts", {"title": "Harbour lights", "tags": ["İ" * 40]})

    assert (answer.status, answer.code) == (400, "tag_too_long")


def test_nobody_writes_what_the_server_keeps(author: Phone, stranger: Phone) -> None:
    post = drafted(author)
    kept = {
        "author": stranger.user_id,
        "author_id": stranger.user_id,
        "status": "published",
        "rev": 9,
        "comment_count": 9,
        "reaction_count": 9,
        "cover": "x",
        "created_at": "2020-01-01T00:00:00Z",
        "updated_at": "2020-01-01T00:00:00Z",
        "published_at": "2020-01-01T00:00:00Z",
        "scheduled_for": "2030-01-01T00:00:00Z",
        "deleted_at": "2020-01-01T00:00:00Z",
    }

    for field, value in kept.items():
        created = author.post("posts", {"title": "x", field: value})
        changed = author.patch(f"posts/{post['id']}", {field: value}, if_match="*")
        assert (created.status, changed.status) == (400, 400), field
        assert created.pointers == changed.pointers == {f"/{field}"}
    moved = author.patch(
        f"posts/{post['id']}", {"id": "01936d2f-8c7a-7c3e-9b1f-4a5d6e7f8091"}, if_match="*"
    )
    assert moved.status == 400
    assert author.get(f"posts/{post['id']}").json == post


def test_a_change_makes_the_next_version(author: Phone) -> None:
    post = drafted(author)

    changed = author.patch(
        f"posts/{post['id']}", {"title": "Harbour", "visibility": "unlisted"}, if_match='"r1-x"'
    )

    assert changed.status == 200
    assert changed.json["rev"] == 2
    assert changed.json["updated_at"] > post["updated_at"]
    assert changed.json == post | {
        "title": "Harbour",
        "visibility": "unlisted",
        "rev": 2,
        "updated_at": changed.json["updated_at"],
    }
    assert author.get(f"posts/{post['id']}").json == changed.json


def test_changing_nothing_makes_no_version(author: Phone) -> None:
    post = drafted(author, tags=["night"])

    for nothing in ({}, {"title": post["title"], "tags": [" Night"]}):
        answer = author.patch(f"posts/{post['id']}", nothing, if_match="*")
        assert (answer.status, answer.json) == (200, post)


def test_deleting_leaves_a_tombstone_without_words(author: Phone) -> None:
    post = published(author, tags=["night"])
    stale = author.delete(f"posts/{post['id']}", if_match='"r1-x"')
    assert (stale.status, stale.json["current_rev"]) == (412, 2)

    assert author.delete(f"posts/{post['id']}", if_match='"r2-x"').status == 204

    assert author.delete(f"posts/{post['id']}", if_match="*").code == "post_not_found"
    tombstone = Post.objects.get(pk=post["id"])
    assert tombstone.rev == 3
    assert tombstone.deleted_at == tombstone.updated_at
    words = (tombstone.title, tombstone.summary, tombstone.body, tombstone.tags)
    assert words == ("", "", "", [])


def test_publishing_twice_is_publishing_once(author: Phone) -> None:
    post = published(author)

    again = author.post(f"posts/{post['id']}/publish")

    assert (again.status, again.json) == (200, post)


def test_an_archived_post_comes_back_with_its_moment(author: Phone, stranger: Phone) -> None:
    post = archived(author)
    assert stranger.get(f"posts/{post['id']}").status == 404
    assert author.post(f"posts/{post['id']}/archive").json == post

    back = author.post(f"posts/{post['id']}/publish").json

    assert (back["status"], back["rev"]) == ("published", post["rev"] + 1)
    assert back["published_at"] == post["published_at"]


def test_a_draft_can_be_put_away_unpublished(author: Phone) -> None:
    draft = drafted(author)

    put_away = author.post(f"posts/{draft['id']}/archive").json

    assert (put_away["status"], put_away["published_at"]) == ("archived", None)


def test_speaking_in_public_needs_a_proven_address(phone: Phone, author: Phone) -> None:
    phone.register("newcomer@example.test")
    draft = drafted(phone)
    post = published(author)

    assert phone.post(f"posts/{draft['id']}/publish").code == "email_unverified"
    assert phone.post(f"posts/{post['id']}/comments", {"body": "Hi."}).code == "email_unverified"

    phone.verify(phone.code_mailed_to("newcomer@example.test"))
    assert phone.post(f"posts/{draft['id']}/publish").status == 200


def test_verbs_take_no_body(author: Phone) -> None:
    draft = drafted(author)

    for verb in ("publish", "archive"):
        answer = author.post(f"posts/{draft['id']}/{verb}", {"visibility": "private"})
        assert (answer.status, answer.pointers) == (400, {"/visibility"})


def test_own_posts_are_listed_newest_first_in_any_status(author: Phone, stranger: Phone) -> None:
    draft, post, put_away = drafted(author), published(author), archived(author)
    published(stranger)
    drafted(stranger)

    def ids(query: str = "") -> list[str]:
        return [item["id"] for item in author.get(f"posts{query}").json["items"]]

    assert ids() == [put_away["id"], post["id"], draft["id"]]
    assert ids("?status=draft") == [draft["id"]]
    assert ids("?status=published") == [post["id"]]
    assert author.get("posts?status=gone").pointers == {"/query/status"}
    assert author.get("posts?author=ada").status == 400


def test_a_page_belongs_to_its_filter_and_its_reader(author: Phone, stranger: Phone) -> None:
    for _ in range(2):
        drafted(author)
        drafted(stranger)
    following = author.get("posts?status=draft&limit=1").json["next"]

    assert author.get(f"posts?status=draft&limit=1&cursor={following}").json["next"] is None
    assert author.get(f"posts?limit=1&cursor={following}").pointers == {"/query/cursor"}
    assert stranger.get(f"posts?status=draft&cursor={following}").pointers == {"/query/cursor"}


def test_counts_change_the_tag_and_not_the_version(author: Phone, stranger: Phone) -> None:
    post = published(author)
    before = author.get(f"posts/{post['id']}")
    assert author.get(f"posts/{post['id']}", if_none_match=before.etag).status == 304

    commented(stranger, post["id"])

    after = author.get(f"posts/{post['id']}", if_none_match=before.etag)
    assert (after.status, after.json["comment_count"]) == (200, 1)
    assert after.json["rev"] == before.json["rev"]
    # What the author wrote meanwhile is not stale because a reader spoke.
    changed = author.patch(f"posts/{post['id']}", {"title": "Mine"}, if_match=before.etag)
    assert changed.status == 200


def test_what_is_written_is_answered_as_it_is_read(author: Phone) -> None:
    made = author.post("posts", {"title": "Möwen \U0001f54a", "tags": ["sea"], "language": "de"})

    read = author.get(f"posts/{made.json['id']}")

    assert read.content == made.content
    assert read.headers["ETag"] == made.headers["ETag"]


def test_a_new_post_costs_one_statement_beside_its_key(
    author: Phone, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        assert author.post("posts", {"title": "Night ferry"}).status == 201
