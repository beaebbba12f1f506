"""How Postgres answers the lists when there is much to choose from: by index, in order, without sorting."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.content.desk import published
from tests.phone import Phone

MANY = 20_000
_FILL = """
    INSERT INTO content_post (id, author_id, title, summary, body, status, visibility, language, tags,
                              created_at, updated_at, published_at)
    SELECT gen_random_uuid(), people.ids[1 + n %% 2], 'Post ' || n, '', repeat('word ', 40),
           CASE WHEN n %% 5 = 0 THEN 'draft' ELSE 'published' END,
           CASE WHEN n %% 7 = 0 THEN 'private' ELSE 'public' END, 'en', '{}',
           now() - n * interval '1 minute', now(),
           CASE WHEN n %% 5 = 0 THEN NULL ELSE now() - n * interval '1 minute' END
    FROM generate_series(1, %s) AS n, (SELECT %s::uuid[] AS ids) AS people;
    INSERT INTO content_comment (id, post_id, author_id, body, created_at, updated_at)
    SELECT gen_random_uuid(),
           CASE WHEN n %% 10 = 0 THEN %s::uuid ELSE (SELECT id FROM content_post LIMIT 1) END,
           %s::uuid, 'Lovely.', now() - n * interval '1 second', now()
    FROM generate_series(1, %s) AS n;
"""


@pytest.fixture
def busy(author: Phone, stranger: Phone) -> Any:
    """A product that has been used for a while; answers the post that is talked about."""
    post = published(author)
    people = [author.user_id, stranger.user_id]
    with connection.cursor() as cursor:
        cursor.execute(_FILL, [MANY, people, post["id"], stranger.user_id, MANY])
        cursor.execute("ANALYZE content_post, content_comment, accounts_user")
    return post


def plan_of(phone: Phone, path: str) -> tuple[dict[str, Any], str | None]:
    """Return the plan of the one statement behind a page, and the cursor of the next."""
    with CaptureQueriesContext(
        connection,
    ) as sent:
        page = phone.get(path)
    assert page.status == 200, page.content
    assert page.json["items"]
    statement = next(one["sql"] for one in sent if '"content_' in one["sql"])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement.replace('%', '%%')}", [])
        return cursor.fetchone()[0][0]["Plan"], page.json["next"]


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for inner in plan.get("Plans", []) for node in nodes(inner))]


@pytest.mark.parametrize(
    ("path", "table", "index"),
    [
        ("feed?limit=20", "content_post", "post_feed"),
        ("posts?limit=20", "content_post", "post_author"),
        ("posts?status=published&limit=20", "content_post", "post_author"),
        ("posts/{id}/comments?limit=20", "content_comment", "comment_roots"),
    ],
)
def test_every_page_is_read_off_an_index(
    busy: dict[str, Any], author: Phone, path: str, table: str, index: str
) -> None:
    path = path.format(id=busy["id"])

    first, following = plan_of(author, path)
    second, _ = plan_of(author, f"{path}&cursor={following}")

    for plan in (first, second):
        kinds = [node["Node Type"] for node in nodes(plan)]
        assert not any("Sort" in kind for kind in kinds), kinds
        read = [node for node in nodes(plan) if node.get("Relation Name") == table]
        assert [(node["Node Type"], node["Index Name"]) for node in read] == [("Index Scan", index)]
    # The cursor is where the index is entered, and not a filter over all that lies before it.
    entered = next(n["Index Cond"] for n in nodes(second) if n.get("Index Name") == index)
    assert "ROW(" in entered
