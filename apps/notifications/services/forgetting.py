"""What was told is taken back or forgotten, and the reader's count with it."""

import uuid
from collections.abc import Sequence

from django.db import connection, transaction

from apps.notifications.models import Inbox, Notification
from apps.notifications.streaming import bell

_FORGET = """
    WITH gone AS (
        DELETE FROM notifications_notification WHERE id = ANY(%(ids)s)
        RETURNING recipient_id, listed AND archived_at IS NULL AS in_inbox, read_at IS NULL AS unread
    ), ways AS (
        DELETE FROM notifications_delivery WHERE notification_id = ANY(%(ids)s)
    ), fewer AS (
        SELECT recipient_id, COUNT(*) FILTER (WHERE unread) AS unread FROM gone WHERE in_inbox GROUP BY recipient_id
    )
    UPDATE notifications_inbox AS inbox
    SET unread = inbox.unread - fewer.unread, removed_in = pg_current_xact_id()
    FROM fewer WHERE inbox.user_id = fewer.recipient_id
"""


def withdraw(*, recipient_id: uuid.UUID, kind: str, key: str) -> None:
    """Take back what was told of a cause that is gone, within the caller's transaction; pushes stay where they are."""
    told = Notification.objects.of(recipient_id).filter(kind=kind, key=key)
    forget(notification_ids=list(told.values_list("pk", flat=True)))


def forget(*, notification_ids: Sequence[uuid.UUID]) -> None:
    """Delete notifications with their deliveries. Commits; readers who mark them meanwhile come before or after."""
    readers = Notification.objects.filter(pk__in=notification_ids).values("recipient")
    with transaction.atomic():
        # Whoever marks locks first as well; in one order, or two of us would wait for each other.
        locked = Inbox.objects.select_for_update(of=("self",)).filter(user__in=readers)
        bell.ring_for([inbox.pk for inbox in locked.order_by("pk")])
        with connection.cursor() as cursor:
            cursor.execute(_FORGET, {"ids": list(notification_ids)})
