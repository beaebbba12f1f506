"""The way to a phone: whether a push still reaches whom it is for, and the message that is sent."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson
from django.conf import settings

from apps.devices import selectors as devices
from apps.notifications import rendering
from apps.notifications.delivery.due import Due
from apps.notifications.kinds import KINDS, Priority
from apps.notifications.providers.base import PushMessage


def unreachable(due: Due) -> str:
    """Say why a push can't reach its reader any more, "" while it can: the phone may have changed hands."""
    if due.owner_id != due.recipient_id:
        return "device_changed_hands"
    if not due.is_signed_in:
        return "signed_out"
    if due.push_address is None:
        return due.push_silenced_reason or "no_address"
    return ""


def message(due: Due, now: datetime) -> PushMessage | None:
    """Return what is sent, None when the address can't be read."""
    address = devices.push_address_of(due.device_id, due.push_address)
    if not address:
        return None
    kind = KINDS[due.kind]
    quiet_since = now - timedelta(days=settings.PUSH_QUIET_DAYS)
    dozes = due.push_registered_at is None or due.push_registered_at < quiet_since
    title, body, data = _words(due.kind, due.data_text, due.speaks_for, due.locale)
    return PushMessage(
        provider=due.push_provider,
        address=address,
        address_kind=due.push_address_kind,
        environment=due.push_environment,
        notification_id=due.notification_id,
        delivery_id=due.id,
        title=title,
        body=body,
        category=due.category,
        link=due.link_in(data),
        image=data.get("image", ""),
        badge=due.unread if kind.badge else None,
        expires_at=due.expires_at,
        wakes=kind.priority is not Priority.LOW and not dozes,
        breaks_through=kind.priority is Priority.URGENT,
        # Apple takes 64 bytes.
        replaces=f"{due.target_id}:{due.kind}"[:64] if kind.replaces_older else "",
    )


# All phones of one person, and all readers of a campaign, are told the same.
@lru_cache(maxsize=256)
def _words(
    kind: str, data_text: str, speaks_for: int, locale: str
) -> tuple[str, str, dict[str, Any]]:
    data = orjson.loads(data_text)
    words, given = kind, data
    if speaks_for:
        words, given = kind + rendering.DIGEST, {**data, "count": speaks_for + 1}
    return (
        rendering.title_of(words, given, locale),
        rendering.body_of(words, given, locale),
        data,
    )
