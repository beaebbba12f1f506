"""Somebody is told something."""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.core import jobs
from apps.core.ids import new_id
from apps.devices import selectors as devices
from apps.notifications import rules
from apps.notifications.kinds import KINDS, Channel, Kind
from apps.notifications.models import Delivery
from apps.notifications.models.delivery import State
from apps.notifications.providers.smtp import SMTP
from apps.notifications.streaming import bell

# The row and its place in the reader's count are one statement, so that neither is there without the other.
_TELL = """
    WITH told AS (
        INSERT INTO notifications_notification
            (id, recipient_id, kind, category, data, target_type, target_id, key, listed)
        VALUES (%s, %s, %s, %s, %s::jsonb, %s, %s, %s, %s)
        ON CONFLICT (recipient_id, kind, key) DO NOTHING
        RETURNING recipient_id, listed
    ), counted AS (
        INSERT INTO notifications_inbox AS inbox (user_id, unread)
        SELECT recipient_id, 1 FROM told WHERE listed
        ON CONFLICT (user_id) DO UPDATE SET unread = inbox.unread + 1
    )
    SELECT COUNT(*) FROM told
"""


def notify(
    *,
    kind: str,
    recipient_id: uuid.UUID,
    data: Mapping[str, Any],
    key: str,
    target: tuple[str, uuid.UUID] | None = None,
    only: uuid.UUID | None = None,
) -> None:
    """Tell somebody something, within the caller's transaction: in the inbox and on every device that push reaches.

    `kind` is a key of `kinds.KINDS`, `data` fills its template, `key` names the cause: saying it again changes nothing.
    `target` is what the app opens; `only` names the one device that push goes to. Writes a delivery for each way to the
    reader; those that no rule closes are due at once in the queue of their service, which is woken when this has
    committed. Raises KeyError for a kind that does not exist, TypeError for data that it does not declare.
    """
    declared = KINDS[kind]
    if data.keys() != declared.data:
        raise TypeError(f"{kind} wants {sorted(declared.data)}, not {sorted(data)}.")
    with transaction.atomic():
        recipient = (
            User.objects.select_related("notification_preference").filter(pk=recipient_id).first()
        )
        if recipient is None:
            return
        in_app = rules.unwanted(
            declared, rules.preference_of(recipient), Channel.IN_APP, timezone.now()
        )
        notification_id, (target_type, target_id) = new_id(), target or ("", None)
        row = (notification_id, recipient_id, kind, declared.category, json.dumps(dict(data)))
        if _is_news((*row, target_type, target_id, key, not in_app)):
            _deliver(notification_id, recipient, declared, only)
            bell.ring_for([recipient_id])


def _is_news(row: Sequence[Any]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_TELL, row)
        return bool(cursor.fetchone()[0])


def _deliver(
    notification_id: uuid.UUID, recipient: User, kind: Kind, only: uuid.UUID | None
) -> None:
    now = timezone.now()
    deliveries = list(_ways(notification_id, recipient, kind, now, only))
    Delivery.objects.bulk_create(deliveries)
    due = (one for one in deliveries if one.next_attempt_at and one.next_attempt_at <= now)
    for queue in {delivery.provider for delivery in due}:
        jobs.wake(queue)


def _ways(
    notification_id: uuid.UUID,
    recipient: User,
    kind: Kind,
    now: datetime,
    only: uuid.UUID | None,
) -> Iterator[Delivery]:
    """Make one row for each way to the reader; those that a rule closes say which.

    What is off for everybody until they ask for it is no way to somebody who never did.
    """
    preference = rules.preference_of(recipient)

    def way(
        channel: str,
        reason: str = "",
        device_id: uuid.UUID | None = None,
        provider: str = "",
        due_at: datetime = now,
    ) -> Delivery:
        return Delivery(
            notification_id=notification_id,
            device_id=device_id,
            channel=channel,
            provider=provider,
            state=State.SUPPRESSED if reason else State.QUEUED,
            reason=reason,
            next_attempt_at=None if reason else due_at,
            expires_at=now + kind.life,
        )

    for channel in sorted(kind.channels):
        reason = rules.unwanted(kind, preference, channel, now)
        if channel == Channel.PUSH:
            reached = devices.reachable_devices_of(recipient.pk)
            meant = reached.filter(pk=only) if only else reached
            found = meant.values_list("pk", "push_provider")
            pushes = [way(channel, reason, *device) for device in found]
            yield from pushes or [way(channel, reason or "no_device")]
        elif channel == Channel.EMAIL:
            if not rules.is_no_way(kind, preference, channel, reason):
                reason = reason or ("" if recipient.email else "no_address")
                yield way(channel, reason, None, SMTP, now + kind.mail_after)
        elif reason:
            yield way(channel, reason)
