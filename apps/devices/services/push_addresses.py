"""Where push finds devices: addresses come, move, and are forgotten."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from apps.core import crypto
from apps.core.actors import Actor
from apps.devices.errors import DeviceNotFound, PushAddressOutdated
from apps.devices.models import Device

_INDEX = "devices.push_address"


def set_push_address(
    *,
    actor: Actor,
    installation_id: str,
    provider: str,
    kind: str,
    address: str,
    environment: str,
    timestamp: datetime | None = None,
) -> Device:
    """Let push reach a device at an address; whichever device had the address before loses it. Commits.

    `timestamp` is when the phone got or last confirmed the address; without one, now. Raises DeviceNotFound, and
    PushAddressOutdated when the device or the address was registered later than that.
    """
    now = timezone.now()
    registered_at = min(timestamp or now, now)
    index = crypto.blind_index(f"{provider}\0{address}", purpose=_INDEX)
    with transaction.atomic():
        device, holder = _locked_for_address(actor, installation_id, index)
        for known in filter(None, (device, holder)):
            if known.push_registered_at and known.push_registered_at > registered_at:
                raise PushAddressOutdated
        if holder:
            Device.objects.filter(pk=holder.pk).silence(Device.Silence.ADDRESS_MOVED)
        device.write(
            session_id=actor.session_id,
            push_provider=provider,
            push_address_kind=kind,
            push_environment=environment,
            push_address=crypto.seal(address, row=device.seal),
            push_index=index,
            push_registered_at=registered_at,
            push_silenced_at=None,
            push_silenced_reason="",
            last_seen_at=now,
        )
    return device


def _locked_for_address(
    actor: Actor, installation_id: str, index: bytes
) -> tuple[Device, Device | None]:
    """Return the actor's device and the other one that holds the address now, both locked."""
    with connection.cursor() as cursor:
        # One claim of an address at a time. Rows alone can't promise that: the new holder's is not known by the index.
        number = int.from_bytes(index[:8], signed=True)
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
    own = Q(user=actor.id, installation_id=installation_id)
    concerned = Device.objects.filter(own | Q(push_index=index))
    # In one order for everybody, or two claims of each other's address would wait for ever.
    rows = list(concerned.order_by("pk").select_for_update(of=("self",)))
    device = next((row for row in rows if row.installation_id == installation_id), None)
    if device is None or device.user_id != actor.id:
        raise DeviceNotFound
    return device, next((row for row in rows if row is not device), None)


def withdraw_push_address(*, actor: Actor, installation_id: str) -> None:
    """Stop push to the actor's device; nothing happens when there is none. Commits."""
    mine = Device.objects.of(actor.id).filter(installation_id=installation_id)
    mine.silence(Device.Silence.ADDRESS_WITHDRAWN)


def drop_dead_address(
    *, device_id: uuid.UUID | str, index: bytes | None, registered_at: datetime
) -> bool:
    """Forget a push address, named by its blind index; one that came or was confirmed after `registered_at` stays.

    Returns whether it was forgotten. Commits.
    """
    if index is None:
        return False
    same = Device.objects.filter(pk=device_id).reachable_at(bytes(index), registered_at)
    return bool(same.silence(Device.Silence.ADDRESS_DEAD))


def retire_stale_addresses() -> int:
    """Forget addresses that their apps have not confirmed for `settings.PUSH_ADDRESS_DAYS`; return how many."""
    before = timezone.now() - timedelta(days=settings.PUSH_ADDRESS_DAYS)
    return Device.objects.not_renewed_since(before).silence(Device.Silence.ADDRESS_STALE)
