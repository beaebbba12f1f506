"""Somebody is told something before a test begins, and what became of it."""

import uuid
from typing import Any

from django.db import transaction

from apps.notifications.models import Delivery, Notification
from apps.notifications.services import notify
from tests.phone import Phone

DELIVER = "notifications.deliver"


def tell(reader: Phone, dedupe: str = "", **changes: Any) -> Notification:
    """Tell the phone's owner that somebody commented; return the row."""
    cause = dedupe or str(uuid.uuid4())
    news: dict[str, Any] = {
        "kind": "comment_created",
        "params": {"name": "Sam", "title": "Harbour lights"},
        "target": ("post", uuid.uuid4()),
    }
    with transaction.atomic():
        notify(recipient_id=uuid.UUID(reader.user_id), dedupe=cause, **(news | changes))
    return Notification.objects.get(recipient=reader.user_id, dedupe=cause)


def deliveries_of(notification: Notification) -> list[Delivery]:
    """Return its deliveries, oldest first."""
    return list(Delivery.objects.filter(notification=notification).order_by("id"))


def fate_of(notification: Notification) -> tuple[str, str]:
    """Return state and reason of its one delivery."""
    (delivery,) = deliveries_of(notification)
    return delivery.state, delivery.reason
