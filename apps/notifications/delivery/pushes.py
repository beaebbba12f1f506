"""The way to a phone: whether a push still reaches whom it is for, and the message that is sent."""

from datetime import datetime, timedelta

from django.conf import settings

from apps.devices import selectors as devices
from apps.notifications import rendering
from apps.notifications.kinds import KINDS, Priority
from apps.notifications.models import Delivery
from apps.notifications.providers.base import PushMessage


def unreachable(delivery: Delivery, now: datetime) -> str:
    """Say why a push can't reach its reader any more, "" while it can: the phone may have changed hands."""
    device, notification = delivery.phone, delivery.notification
    if device.user_id != notification.recipient_id:
        return "device_changed_hands"
    if device.session is None or not device.session.stands(now):
        return "signed_out"
    if device.push_address is None:
        return device.push_silenced_reason or "no_address"
    return ""


def message(delivery: Delivery, now: datetime) -> PushMessage | None:
    """Return what is sent, None when the address can't be read."""
    device, notification = delivery.phone, delivery.notification
    address = devices.push_address_of(device)
    if not address:
        return None
    kind = KINDS[notification.kind]
    locale = device.locale or notification.recipient.locale
    quiet_since = now - timedelta(days=settings.PUSH_QUIET_DAYS)
    dozes = device.push_registered_at is None or device.push_registered_at < quiet_since
    words, data = notification.kind, notification.data
    if delivery.speaks_for:
        words, data = words + rendering.DIGEST, {**data, "count": delivery.speaks_for + 1}
    return PushMessage(
        provider=device.push_provider,
        address=address,
        address_kind=device.push_address_kind,
        environment=device.push_environment,
        notification_id=notification.pk,
        delivery_id=delivery.pk,
        title=rendering.title_of(words, data, locale),
        body=rendering.body_of(words, data, locale),
        category=notification.category,
        link=notification.link,
        image=notification.data.get("image", ""),
        badge=delivery.unread if kind.badge else None,
        expires_at=delivery.expires_at,
        wakes=kind.priority is not Priority.LOW and not dozes,
        breaks_through=kind.priority is Priority.URGENT,
        # Apple takes 64 bytes.
        replaces=f"{notification.target_id}:{notification.kind}"[:64]
        if kind.replaces_older
        else "",
    )
