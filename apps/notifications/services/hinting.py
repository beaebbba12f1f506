"""Apps that are open are hinted to ask for something again."""

import uuid
from collections.abc import Collection

from django.db import connection

from apps.notifications.kinds import Topic
from apps.notifications.streaming import bell

# In one order, or two of us would wait for each other. What was hinted before and nobody has heard is the same hint.
_HINT = """
    INSERT INTO notifications_inbox AS inbox (user_id, hints)
    SELECT person, jsonb_build_object(%(topic)s::text, pg_current_xact_id()::text)
    FROM unnest(%(people)s::uuid[]) AS person ORDER BY person
    ON CONFLICT (user_id) DO UPDATE SET hints = inbox.hints || excluded.hints
"""


def hint(*, topic: Topic, people: Collection[uuid.UUID]) -> None:
    """Have these people's open apps ask for a topic again, within the caller's transaction; one statement."""
    if not people:
        return
    with connection.cursor() as cursor:
        cursor.execute(_HINT, {"topic": topic, "people": list(set(people))})
    bell.ring_for(people)
