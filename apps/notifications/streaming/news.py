"""What has become of people's inboxes since each was last looked at: one query for many."""

import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.conf import settings
from django.db import connection

from apps.core.snapshots import EPOCH
from apps.notifications.models import Notification

_COLUMNS = (
    *("id", "kind", "category", "data", "target_type", "target_id"),
    *("created_at", "seen_at", "read_at", "archived_at"),
)

# Everything here is seen by one snapshot, which is the next question's: what it does not see now, it will ask for then.
_SINCE = f"""
    SELECT asked.place, pg_current_snapshot()::text, {EPOCH}, COALESCE(inbox.unread, 0),
           COALESCE(NOT pg_visible_in_snapshot(inbox.removed_in, asked.seen), FALSE),
           ARRAY(
               SELECT topic FROM jsonb_each_text(inbox.hints) AS hint (topic, changed_in)
               WHERE NOT pg_visible_in_snapshot(changed_in::xid8, asked.seen) ORDER BY topic
           ),
           changed.*
    FROM unnest(%s::int[], %s::uuid[], %s::pg_snapshot[]) AS asked (place, person, seen)
    LEFT JOIN notifications_inbox AS inbox ON inbox.user_id = asked.person
    LEFT JOIN LATERAL (
        SELECT {", ".join(f"told.{name}" for name in _COLUMNS)}, reader.locale, told.changed_in
        FROM notifications_notification AS told JOIN accounts_user AS reader ON reader.id = told.recipient_id
        WHERE told.recipient_id = asked.person AND told.changed_in >= pg_snapshot_xmin(asked.seen)
          AND NOT pg_visible_in_snapshot(told.changed_in, asked.seen) AND told.listed
        ORDER BY told.changed_in, told.id LIMIT %s
    ) AS changed ON TRUE
    ORDER BY asked.place, changed.changed_in, changed.id
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class News:
    """One inbox as `snapshot` shows it, and what an earlier one did not.

    `is_incomplete` where something was removed without a trace, or there is more than `changed` can hold.
    """

    epoch: str
    snapshot: str
    unread: int
    is_incomplete: bool = False
    topics: Sequence[str] = ()
    changed: Sequence[Notification] = field(default=())


def since(asked: Sequence[tuple[uuid.UUID, str | None]]) -> list[News]:
    """Return the news of each person since a snapshot, in the order asked; since None there are none."""
    most = settings.STREAM_MOST_NEWS
    people, snapshots = [person for person, _ in asked], [seen for _, seen in asked]
    with connection.cursor() as cursor:
        cursor.execute(_SINCE, [list(range(len(asked))), people, snapshots, most + 1])
        rows = cursor.fetchall()
    return [_news(list(group), most) for _, group in groupby(rows, key=itemgetter(0))]


def _news(rows: list[tuple[Any, ...]], most: int) -> News:
    _, snapshot, epoch, unread, has_removed, topics, *_ = rows[0]
    changed = list(_notifications(row[6:] for row in rows))
    if has_removed or len(changed) > most:
        return News(epoch, snapshot, unread, is_incomplete=True, topics=topics)
    return News(epoch, snapshot, unread, topics=topics, changed=changed)


def _notifications(rows: Iterator[tuple[Any, ...]]) -> Iterator[Notification]:
    for *values, locale, _ in rows:
        if values[0] is not None:
            notification = Notification(**dict(zip(_COLUMNS, values, strict=True)))
            notification.data = json.loads(values[_COLUMNS.index("data")])
            notification.language = locale
            yield notification
