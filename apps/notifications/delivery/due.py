"""What is due at a service, with all that decides whether and how it is sent: one flat row for each delivery.

Models of the six tables that have a say would cost more processor time than sending does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from apps.core import statements
from apps.notifications.models.delivery import Turn
from apps.notifications.models.notification import link_of


@dataclass(slots=True)
class Due:
    """A delivery as it was when it was locked. Ids are text, as the wire wants them."""

    id: str
    notification_id: str
    device_id: str | None
    channel: str
    state: str
    reason: str
    provider: str
    provider_message_id: str
    attempts: int
    speaks_for: int
    expires_at: datetime
    sent_at: datetime | None
    recipient_id: str
    kind: str
    category: str
    data_text: str
    """The notification's data as JSON: what it says is kept by this."""
    target_type: str
    target_id: str | None
    needs_nobody: bool
    """Read or put away: no phone has to ring for it any more."""
    email: str | None
    is_live: bool
    locale: str
    """Of the device, else of its reader; so is the zone."""
    time_zone: str
    choices_text: str | None
    """What the reader chose, None if they never did."""
    quiet_from: time | None
    quiet_until: time | None
    muted_until: datetime | None
    unread: int | None
    owner_id: str | None
    is_signed_in: bool
    push_provider: str
    push_address: bytes | None
    push_address_kind: str
    push_environment: str
    push_index: bytes | None
    push_registered_at: datetime | None
    push_silenced_reason: str

    @property
    def holder_id(self) -> str:
        """Whose limits it counts towards: a phone's, or for mail those of its reader."""
        return self.device_id or self.recipient_id

    def link_in(self, data: Mapping[str, Any]) -> str:
        """Return where the app opens when somebody taps."""
        return link_of(data, self.target_type, self.target_id)


_CONTEXT = """
    SELECT
        delivery.id::text, delivery.notification_id::text, delivery.device_id::text, delivery.channel,
        delivery.state, delivery.reason, delivery.provider, delivery.provider_message_id,
        delivery.attempts, delivery.speaks_for, delivery.expires_at, delivery.sent_at,
        told.recipient_id::text, told.kind, told.category, told.data::text,
        told.target_type, told.target_id::text,
        told.read_at IS NOT NULL OR told.archived_at IS NOT NULL,
        reader.email, reader.is_active AND reader.deleted_at IS NULL,
        COALESCE(NULLIF(device.locale, ''), reader.locale),
        COALESCE(NULLIF(device.time_zone, ''), reader.time_zone),
        wish.choices::text, wish.quiet_from, wish.quiet_until, wish.muted_until, inbox.unread,
        device.user_id::text,
        COALESCE(session.revoked_at IS NULL AND session.idle_expires_at > %s, false),
        COALESCE(device.push_provider, ''), device.push_address,
        COALESCE(device.push_address_kind, ''), COALESCE(device.push_environment, ''),
        device.push_index, device.push_registered_at, COALESCE(device.push_silenced_reason, '')
    FROM UNNEST(%s::uuid[], %s::uuid[]) WITH ORDINALITY AS due (told, id, place)
    JOIN notifications_delivery AS delivery ON delivery.notification_id = due.told
        AND delivery.id = due.id
    JOIN notifications_notification AS told ON told.id = delivery.notification_id
    JOIN accounts_user AS reader ON reader.id = told.recipient_id
    LEFT JOIN notifications_preference AS wish ON wish.user_id = reader.id
    LEFT JOIN notifications_inbox AS inbox ON inbox.user_id = reader.id
    LEFT JOIN devices_device AS device ON device.id = delivery.device_id
    LEFT JOIN accounts_session AS session ON session.id = device.session_id
    ORDER BY due.place
"""


# What a campaign has queued is not taken while it is paused, nor after it was stopped.
_LOCK = """
    SELECT delivery.notification_id::text, delivery.id::text
    FROM notifications_delivery AS delivery
    LEFT JOIN notifications_campaign AS campaign ON campaign.id = delivery.campaign_id
    WHERE delivery.state IN ('queued', 'sent') AND delivery.provider = %s
        AND delivery.priority = %s AND delivery.next_attempt_at <= %s
        AND (delivery.campaign_id IS NULL OR campaign.state = 'running')
    ORDER BY delivery.next_attempt_at LIMIT %s
    FOR UPDATE OF delivery SKIP LOCKED
"""


def locked(provider: str, most: int, now: datetime) -> list[Due]:
    """Lock up to `most` deliveries that are due at a service, what somebody waits for first, and read what is around.

    Rows that another sender has locked are passed over.
    """
    names: list[tuple[str, str]] = []
    for turn in Turn:
        if len(names) < most:
            values = [provider, turn.value, now, most - len(names)]
            names += statements.rows(_LOCK, values)
    return read(names, now)


def read(names: Sequence[tuple[str, str]], now: datetime) -> list[Due]:
    """Read deliveries in this order, each named by its notification's id and its own."""
    if not names:
        return []
    told, ids = zip(*names, strict=True)
    values = [now, array_of(told), array_of(ids)]
    return [Due(*row) for row in statements.rows(_CONTEXT, values)]


def array_of(words: Iterable[str]) -> str:
    """Write ids or numbers as Postgres writes an array: at a tenth of what a list of them costs."""
    return "{" + ",".join(words) + "}"
