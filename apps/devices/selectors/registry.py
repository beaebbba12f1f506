"""What others may ask of devices: whose they are, how to reach them, which versions run on them."""

import logging
import uuid
from datetime import datetime

from django.db.models import Count

from apps.core import crypto
from apps.core.actors import Actor
from apps.devices.models import Device
from apps.devices.models.devices import seal_of
from apps.devices.querysets import DeviceQuerySet

logger = logging.getLogger(__name__)

_VERSION = ("platform", "app_version")


def devices_of(actor: Actor) -> DeviceQuerySet:
    """The devices that the actor holds."""
    return Device.objects.of(actor.id)


def reachable_devices_of(user_id: uuid.UUID) -> DeviceQuerySet:
    """A person's devices that have a push address, for notifying them."""
    return Device.objects.of(user_id).reachable()


def device_at(installation_id: str) -> Device | None:
    """Return an installation, whoever holds it; for staff."""
    return Device.objects.filter(installation_id=installation_id).first()


def push_address_of(device_id: uuid.UUID | str | None, sealed: bytes | None) -> str:
    """Return a device's push address in the clear, "" when it has none that can be read."""
    if sealed is None:
        return ""
    try:
        return crypto.open_sealed(sealed, row=seal_of(device_id))
    except crypto.Undecipherable:
        logger.exception("push address undecipherable", extra={"device": str(device_id)})
        return ""


def active_by_version(since: datetime, most: int) -> list[tuple[str, str, int]]:
    """Count the devices heard of since a moment: platform, version, devices; the `most` common only."""
    active = Device.objects.filter(last_seen_at__gte=since).values_list(*_VERSION)
    return list(active.annotate(devices=Count("*")).order_by("-devices", *_VERSION)[:most])
