"""Apps that are open are hinted to ask for something again."""

import uuid
from collections.abc import Collection
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from apps.notifications.kinds import Topic
from apps.notifications.streaming import bell

# In one order, or two of us would wait for each other. What was hinted before and nobody has heard is the same hint.
_HINT = """
    INSERT INTO notifications_inbox AS inbox (user_id, hints)
    SELECT person, jsonb_build_object(%s::text, pg_current_xact_id()::text) FROM ({people}) AS told (person)
    ORDER BY person
    ON CONFLICT (user_id) DO UPDATE SET hints = inbox.hints || excluded.hints
    RETURNING user_id
"""


def hint(*, topic: Topic, people: Collection[uuid.UUID] | QuerySet[Any, uuid.UUID]) -> None:
    """Have these people's open apps ask for a topic again, within the caller's transaction; one statement.

    `people` are ids, or a query of them, each once.
    """
    if isinstance(people, QuerySet):
        sql, values = people.query.sql_with_params()
    else:
        sql, values = "SELECT unnest(%s::uuid[])", (sorted(set(people)),)
    with connection.cursor() as cursor:
        cursor.execute(_HINT.format(people=sql), [topic, *values])
        told = [person for (person,) in cursor.fetchall()]
    if told:
        bell.ring_for(told)
