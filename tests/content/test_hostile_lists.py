"""Lists whose newest rows are all not for the reader: a page costs no more, and nothing is skipped.

`HOSTILE_ROWS=50000` makes it as bad as it gets.
"""

import os
from typing import Any

import pytest
from django.db import connection

from apps.accounts.services import standing
from apps.content.models import Comment, Post
from apps.content.querysets.search import MOST_LOOKED_AT
from apps.core.http.sifting import MOST_SIFTED
from tests import crowd
from tests.content.desk import published, shared
from tests.outbox import drain
from tests.phone import Phone
from tests.plans import explained, nodes, rows_read, touched

ROWS = int(os.environ.get("HOSTILE_ROWS", "4000"))
BLOCKED = 200
_LIMIT = 20
# As a page without gaps: three times what it shows, and what tells whether there is more.
# (The post, or its author, that a list hangs on is read as well.)
_FEW = 3 * (_LIMIT + 1)


def write(author: str, count: int, *, back: str = "n * interval '1 second'", **more: str) -> None:
    """Have somebody, named in SQL over `n`, publish so many posts, the newest now."""
    moment = f"now() - {back}"
    columns = {"title": "'Lanterns'", "body": "'About lanterns.'", "status": "'published'"} | more
    crowd.many(
        "content_post", count, author_id=author, visibility="'public'", created_at=moment,
        published_at=moment, **columns,
    )  # fmt: skip


def settled() -> None:
    """Count as autovacuum would."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list('document_words')")
        cursor.execute("SELECT gin_clean_pending_list('document_title')")
        cursor.execute("ANALYZE")


def most_read(plan: dict[str, Any]) -> float:
    """Return how many rows were read of the table of which most were."""
    return max(rows_read(plan).values())


def most_effort(plan: dict[str, Any]) -> float:
    """Return the most rows that were looked up in a table; ten that were read in passing count as one.

    Postgres reads a table through where that costs less than looking rows up, a fourteenth each when it was measured.
    """
    in_passing = [one for one in nodes(plan) if one["Node Type"] == "Seq Scan"]
    spared = {one["Relation Name"]: 0.9 * touched(one) for one in in_passing}
    return max(rows - spared.get(table, 0) for table, rows in rows_read(plan).items())


def keep_out(phone: Phone) -> None:
    standing.disable(user_id=phone.user_id, by=phone.user_id)
    drain()


def walked(phone: Phone, path: str) -> tuple[list[str], int, float]:
    """Read a list to its end; return the ids on it, the number of pages, and the most rows that one of them read."""
    ids: list[str] = []
    number, most, following = 0, 0.0, ""
    while number < ROWS // _LIMIT:
        page, plan = explained(phone, f"{path}limit={_LIMIT}{following}")
        ids += [item["id"] for item in page["items"]]
        number, most = number + 1, max(most, most_read(plan))
        if not page["next"]:
            break
        following = f"&cursor={page['next']}"
    return ids, number, most


@pytest.fixture
def reader(stranger: Phone) -> Phone:
    """Somebody who has blocked many people, each of whom writes a lot, and was blocked by still more."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
    name = {"email": "n || '@crowd.test'", "is_active": "true"}
    crowd.many("accounts_user", BLOCKED, id=crowd.person("n"), **name)
    one = {"blocker_id": f"'{stranger.user_id}'", "blocked_id": crowd.person("n")}
    crowd.many("accounts_block", BLOCKED, **one)
    quiet = crowd.person(f"n + {BLOCKED}")
    crowd.many("accounts_user", crowd.MANY, id=quiet, email="n || '@quiet.test'", is_active="true")
    crowd.many("accounts_block", crowd.MANY, blocker_id=quiet, blocked_id=f"'{stranger.user_id}'")
    for step in (1, 2):
        blocked = crowd.person(f"(n + {step}) % {crowd.MANY} + {BLOCKED}")
        crowd.many("accounts_block", blocker_id=quiet, blocked_id=blocked)
    return stranger


_ONE_OF_THEM = crowd.person(f"1 + n % {BLOCKED}")


def mine(phone: Phone) -> str:
    return f"'{phone.user_id}'::uuid"


def test_who_is_out_costs_the_feed_nothing(author: Phone, phone: Phone, reader: Phone) -> None:
    write(mine(author), ROWS)
    write(mine(reader), 100, back="n * interval '1 day'")
    keep_out(author)
    settled()

    for who in (phone, reader):
        page, plan = explained(who, f"feed?limit={_LIMIT}&fields=id")
        assert len(page["items"]) == _LIMIT
        assert most_read(plan) <= _FEW


def test_words_of_who_is_out_are_gone_at_once_and_come_back(author: Phone, phone: Phone) -> None:
    post = published(author)["id"]
    answer = author.post(f"posts/{post}/comments", {"body": "Mine."})

    standing.disable(user_id=author.user_id, by=author.user_id)
    # Not when the job has run.
    assert phone.get("feed?limit=9").json["items"] == []
    drain()
    assert Post.objects.get(pk=post).author_out
    assert Comment.objects.get(pk=answer.json["id"]).author_out

    standing.enable(user_id=author.user_id, by=author.user_id)
    drain()
    assert [one["id"] for one in phone.get("feed?limit=9").json["items"]] == [post]
    assert len(phone.get(f"posts/{post}/comments").json["items"]) == 1
    assert Post.objects.get(pk=post).rev == 2


def test_a_feed_of_blocked_people_is_read_in_bounded_pages(author: Phone, reader: Phone) -> None:
    write(_ONE_OF_THEM, ROWS)
    write(mine(author), 50, back="n * interval '1 day'")
    settled()

    ids, pages, most = walked(reader, "feed?fields=id&")

    newest = Post.objects.filter(author=author.user_id).order_by("-published_at", "-id")
    assert ids == [str(one) for one in newest.values_list("pk", flat=True)]
    assert most <= MOST_SIFTED + 1
    assert pages <= ROWS / MOST_SIFTED + 50 / _LIMIT + 2


def test_search_among_blocked_people_is_bounded(author: Phone, reader: Phone) -> None:
    write(_ONE_OF_THEM, ROWS)
    found = published(author, title="Lanterns")["id"]
    settled()

    page, plan = explained(reader, "search?q=lanterns&fields=id")

    assert [one["id"] for one in page["items"]] == [found]
    assert most_effort(plan) <= 3 * MOST_LOOKED_AT


@pytest.mark.parametrize("is_out", [True, False])
def test_comments_are_read_in_bounded_pages(author: Phone, reader: Phone, is_out: bool) -> None:
    post = published(reader)["id"]
    loud = mine(author) if is_out else _ONE_OF_THEM
    said = {"post_id": f"'{post}'::uuid", "body": "'So.'"}
    back = "now() - interval '1 day' + n * interval '1 second'"
    crowd.many("content_comment", ROWS, author_id=loud, created_at=back, **said)
    crowd.many("content_comment", 30, author_id=mine(reader), **said)
    keep_out(author)
    settled()

    ids, _, most = walked(reader, f"posts/{post}/comments?fields=id&")

    assert len(ids) == 30
    assert most <= (_FEW if is_out else MOST_SIFTED + 1)


def test_own_lists_are_read_in_bounded_pages(author: Phone, reader: Phone) -> None:
    """Of tombstones, of shares taken back, of bookmarks in posts that are out of sight."""
    kept = published(reader)["id"]
    reader.put(f"posts/{kept}/bookmark")
    others = published(author)["id"]
    shared(author, others, reader.user_id)
    wordless = {"title": "''", "body": "''", "summary": "''", "deleted_at": "now()"}
    write(mine(reader), ROWS, id=crowd.post("n"), **wordless)
    who = {"user_id": mine(reader), "post_id": crowd.post("n")}
    crowd.many("content_bookmark", ROWS, **who)
    crowd.many("content_collaborator", ROWS, role="'viewer'", deleted_at="now()", **who)
    settled()

    for path, found in (("posts?", kept), ("bookmarks?", kept), ("posts/shared?", others)):
        ids, _, most = walked_posts(reader, path)
        assert (path, ids) == (path, [found])
        assert most <= MOST_SIFTED + 1


def walked_posts(phone: Phone, path: str) -> tuple[list[str], int, float]:
    ids: list[Any] = []
    number, most, following = 0, 0.0, ""
    while True:
        page, plan = explained(phone, f"{path}limit={_LIMIT}{following}")
        ids += [item.get("post", item)["id"] for item in page["items"]]
        number, most = number + 1, max(most, most_read(plan))
        if not page["next"]:
            return ids, number, most
        following = f"&cursor={page['next']}"
