"""Somebody is told something before a test begins, and what became of it."""

import uuid
from datetime import timedelta
from typing import Any

import time_machine
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from apps.core.models import Job
from apps.devices.models import Device
from apps.notifications.models import Delivery, Notification
from apps.notifications.services import notify
from tests.outbox import drain
from tests.phone import Phone

# Where the reader's phone is found.
ADDRESS = "author-phone"


def tell(reader: Phone, key: str = "", **changes: Any) -> Notification:
    """Tell the phone's owner that somebody commented; return the row."""
    cause = key or str(uuid.uuid4())
    news: dict[str, Any] = {
        "kind": "comment_created",
        "data": {"name": "Sam", "title": "Harbour lights"},
        "target": ("post", uuid.uuid4()),
    }
    with transaction.atomic():
        notify(recipient_id=uuid.UUID(reader.user_id), key=cause, **(news | changes))
    return Notification.objects.get(recipient=reader.user_id, key=cause)


def deliveries_of(notification: Notification) -> list[Delivery]:
    """Return its deliveries, oldest first."""
    return list(Delivery.objects.filter(notification=notification).order_by("id"))


def fate_of(notification: Notification) -> tuple[str, str]:
    """Return state and reason of its one delivery."""
    (delivery,) = deliveries_of(notification)
    return delivery.state, delivery.reason


def waiting() -> list[Delivery]:
    """Return the deliveries that are not settled, whether they are due or not."""
    return list(Delivery.objects.open().order_by("id"))


def address_stands(phone: Phone) -> bool:
    """Tell whether push still finds the phone."""
    return Device.objects.reachable().filter(installation_id=phone.installation_id).exists()


def later(seconds: float) -> Any:
    """Let time pass for us."""
    return time_machine.travel(timezone.now() + timedelta(seconds=seconds))


def wait_and_drain(seconds: float) -> None:
    """Let time pass, for us and for the outbox, and run once what is due then."""
    moment = timezone.now() + timedelta(seconds=seconds)
    Job.objects.filter(state="pending", available_at__lte=moment).update(available_at=Now())
    with time_machine.travel(moment):
        drain()
