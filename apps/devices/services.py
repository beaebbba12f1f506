"""What is done to devices: they appear, change hands, can be reached by push, and go silent."""

import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts.errors import SessionNotFound
from apps.accounts.models import Session
from apps.accounts.services import sessions
from apps.core import cache, crypto
from apps.core.actors import Actor
from apps.devices.errors import DeviceNotFound, PushAddressOutdated
from apps.devices.models import Device, VersionPolicy
from apps.devices.querysets import DeviceQuerySet

_INDEX = "devices.push_address"


def register_device(*, actor: Actor, installation_id: str, **facts: str) -> tuple[Device, bool]:
    """Note that the actor is signed in on this installation; tell whether it is a new one. Commits.

    An installation that was somebody else's changes hands: its push address is forgotten.
    """
    with transaction.atomic():
        return _settle(installation_id, actor.id, actor.session_id, facts)


def follow_session(*, session: Session, facts: Mapping[str, str]) -> None:
    """Note a sign-in, with what the phone said of itself, within the caller's transaction."""
    _settle(session.installation_id, session.user_id, session.pk, facts)


def _settle(
    installation_id: str,
    user_id: uuid.UUID | None,
    session_id: uuid.UUID | None,
    facts: Mapping[str, str],
) -> tuple[Device, bool]:
    device, is_new = _locked_or_made(installation_id)
    changes_hands = device.user_id != user_id
    if changes_hands and Device.objects.filter(pk=device.pk).silence(Device.Silence.MOVED):
        device.refresh_from_db()
    _write(device, user_id=user_id, session_id=session_id, last_seen_at=timezone.now(), **facts)
    if changes_hands:
        _keep_within_cap(user_id)
    return device, is_new


def _write(device: Device, **changes: Any) -> None:
    for name, value in {**changes, "updated_at": Now()}.items():
        setattr(device, name, value)
    device.save(update_fields=[*changes, "updated_at"])


def _locked_or_made(installation_id: str) -> tuple[Device, bool]:
    locked = Device.objects.select_for_update(of=("self",)).filter(installation_id=installation_id)
    device = locked.first()
    if device:
        return device, False
    new = Device(installation_id=installation_id, last_seen_at=timezone.now())
    # Whoever comes second waits here for the first and then finds its row.
    Device.objects.bulk_create([new], ignore_conflicts=True)
    device = locked.get()
    return device, device.pk == new.pk


def _keep_within_cap(user_id: uuid.UUID | None) -> None:
    held = Device.objects.of(user_id)
    by_freshness = held.order_by("-last_seen_at", "-id").values_list("pk", flat=True)
    beyond = list(by_freshness[settings.DEVICE_CAP :])
    if beyond:
        _let_go(held.filter(pk__in=beyond), Device.Silence.OVER_CAP)


def _let_go(devices: DeviceQuerySet, reason: Device.Silence) -> None:
    devices.silence(reason)
    devices.update(user=None, session=None, updated_at=Now())


def remove_device(*, actor: Actor, installation_id: str) -> None:
    """Sign the actor's device out, forget its push address and let it go; nothing happens when there is none. Commits.

    Announces `accounts.signals.session_ended` when the device was signed in.
    """
    mine = Device.objects.of(actor.id).filter(installation_id=installation_id)
    with transaction.atomic():
        session_id = mine.values_list("session", flat=True).first()
        if session_id:
            # Before the device is touched: whoever ends sessions locks them first and then their devices.
            with suppress(SessionNotFound):
                sessions.end_session(actor=actor, session_id=session_id)
        _let_go(mine, Device.Silence.REMOVED)


def end_of_session(*, session_id: uuid.UUID, reason: str) -> None:
    """Silence the device of a session that is over, within the caller's transaction.

    A session that gives way to the next one of the same account on the same phone takes no address with it.
    """
    devices = Device.objects.filter(session=session_id)
    if reason != Session.End.REPLACED:
        devices.silence(Device.Silence.SIGNED_OUT)
    devices.update(session=None, updated_at=Now())


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
        _write(
            device,
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


def drop_dead_address(*, device: Device) -> bool:
    """Forget the push address that `device` was loaded with; an address that came or was confirmed since stays.

    Returns whether it was forgotten. Commits.
    """
    if device.push_index is None or device.push_registered_at is None:
        return False
    same = Device.objects.filter(pk=device.pk).reachable_at(
        bytes(device.push_index), device.push_registered_at
    )
    return bool(same.silence(Device.Silence.ADDRESS_DEAD))


def retire_stale_addresses() -> int:
    """Forget addresses that their apps have not confirmed for `settings.PUSH_ADDRESS_DAYS`; return how many."""
    before = timezone.now() - timedelta(days=settings.PUSH_ADDRESS_DAYS)
    return Device.objects.not_renewed_since(before).silence(Device.Silence.ADDRESS_STALE)


def delete_abandoned_devices(*, batch: int = 1_000) -> int:
    """Delete installations that nobody holds and nobody has heard of for long; return how many. Commits each batch."""
    before = timezone.now() - timedelta(days=settings.ABANDONED_DEVICE_DAYS)
    deleted = 0
    while ids := list(Device.objects.abandoned_since(before).values_list("pk", flat=True)[:batch]):
        deleted += Device.objects.abandoned_since(before).filter(pk__in=ids).delete()[0]
    return deleted


def decide_versions(*, policy: VersionPolicy) -> None:
    """Save what staff decided for a platform; every web process hears of it after the commit."""
    with transaction.atomic():
        if not policy._state.adding:
            policy.rev += 1
            policy.updated_at = timezone.now()
        policy.save()
        cache.announce_change()


def withdraw_versions(*, policy: VersionPolicy) -> None:
    """Stop deciding about a platform; every web process hears of it after the commit."""
    with transaction.atomic():
        policy.delete()
        cache.announce_change()
