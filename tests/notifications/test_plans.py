"""How Postgres answers the inbox when there is much in it: by index, in order, without sorting."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.notifications.delivery import due
from apps.notifications.models import Delivery
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


_MAIL = """
    INSERT INTO notifications_delivery
        (id, notification_id, channel, provider, state, next_attempt_at, expires_at)
    SELECT uuidv7(), id, 'email', 'smtp', 'queued', now(), now() FROM notifications_notification
"""


def test_what_mail_asks_about_a_reader_is_read_off_indexes(phone: Phone) -> None:
    people = [User.objects.create().pk for _ in range(400)]
    with connection.cursor() as cursor:
        cursor.execute(_FILL.replace("n %% 2", "n %% 400"), [people])
        cursor.execute(_MAIL)
        cursor.execute("ANALYZE notifications_notification, notifications_delivery")
    now = timezone.now()
    (name,) = Delivery.objects.filter(channel="email").values_list("notification_id", "pk")[:1]
    (mail,) = due.read([(str(name[0]), str(name[1]))], now)

    for rows in (
        Delivery.objects.mailed_to([people[0]], now),
        Delivery.objects.waiting_beside(mail),
    ):
        with connection.cursor() as cursor:
            sql, values = rows.query.sql_with_params()
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", values)
            nodes = _nodes(cursor.fetchone()[0][0]["Plan"])
        filled = [one for one in nodes if one.get("Plan Rows", 0) > 1_000]
        assert not [one for one in filled if one["Node Type"] == "Seq Scan"], nodes
        # By the reader, one index or the other.
        assert {"notification_once", "notification_changes"} & {n.get("Index Name") for n in nodes}
