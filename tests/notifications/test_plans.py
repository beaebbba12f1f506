"""How Postgres answers the inbox when there is much in it: by index, in order, without sorting."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.phone import Phone

_FILL = """
    INSERT INTO notifications_notification
        (id, recipient_id, kind, category, data, key, created_at, updated_at, seen_at, read_at, archived_at)
    SELECT uuidv7(), people.ids[1 + n %% 2], 'comment_created', 'social', '{}', n::text,
           now() - n * interval '1 minute', now(),
           CASE WHEN n %% 11 > 0 THEN now() END, CASE WHEN n %% 11 > 0 THEN now() END,
           CASE WHEN n %% 3 = 0 THEN now() END
    FROM generate_series(1, 20000) AS n, (SELECT %s::uuid[] AS ids) AS people
"""


@pytest.fixture
def busy(author: Phone, stranger: Phone) -> Phone:
    """Somebody who was told a lot."""
    with connection.cursor() as cursor:
        cursor.execute(_FILL, [[author.user_id, stranger.user_id]])
        cursor.execute("ANALYZE notifications_notification, accounts_user")
    return author


def reads(phone: Phone, path: str) -> tuple[set[str], set[str], Any]:
    """Return the kinds of nodes and the indexes that the one statement behind an answer uses, and the answer."""
    with CaptureQueriesContext(connection) as sent:
        answer = phone.get(path)
    statement = next(one["sql"] for one in sent if "notifications_notification" in one["sql"])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement.replace('%', '%%')}", [])
        nodes = _nodes(cursor.fetchone()[0][0]["Plan"])
    # The account's one row is read as Postgres likes.
    kinds = {node["Node Type"] for node in nodes if node.get("Relation Name") != "accounts_user"}
    return kinds, {node["Index Name"] for node in nodes if "Index Name" in node}, answer.json


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for inner in plan.get("Plans", []) for node in _nodes(inner))]


def test_a_page_is_read_off_its_index(busy: Phone) -> None:
    path = "notifications?limit=20"

    for _ in range(2):
        kinds, indexes, page = reads(busy, path)
        assert not any("Sort" in kind or kind == "Seq Scan" for kind in kinds), kinds
        assert "notification_inbox" in indexes
        path = f"notifications?limit=20&cursor={page['next']}"


def test_the_unread_count_is_one_row(busy: Phone) -> None:
    with CaptureQueriesContext(connection) as sent:
        busy.get("notifications/unread-count")

    (statement,) = [one["sql"] for one in sent if "notifications_" in one["sql"]]
    assert "notifications_notification" not in statement
    assert "COUNT" not in statement
