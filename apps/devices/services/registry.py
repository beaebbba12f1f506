"""What is done to devices: they appear, change hands, and go."""

import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts.errors import SessionNotFound
from apps.accounts.models import Session
from apps.accounts.services import sessions
from apps.core.actors import Actor
from apps.devices.models import Device
from apps.devices.querysets import DeviceQuerySet


def register_device(*, actor: Actor, installation_id: str, **facts: str) -> tuple[Device, bool]:
    """Note that the actor is signed in on this installation; tell whether they did not hold it before. Commits.

    An installation that was somebody else's changes hands: all that was known of it is forgotten.
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
    device, now = _locked_or_made(installation_id), timezone.now()
    changes_hands = device.user_id != user_id
    # Whoever takes it over sees what they would see of a new one: not that there was somebody before, nor since when.
    known = {**Device.AS_NEW, "created_at": now} if changes_hands else {}
    held = {"user_id": user_id, "session_id": session_id, "last_seen_at": now}
    device.write(**{**known, **held, **facts})
    if changes_hands:
        _keep_within_cap(user_id)
    return device, changes_hands


def _locked_or_made(installation_id: str) -> Device:
    locked = Device.objects.select_for_update(of=("self",)).filter(installation_id=installation_id)
    device = locked.first()
    if device is None:
        new = Device(installation_id=installation_id, last_seen_at=timezone.now())
        # Whoever comes second waits here for the first and then finds its row.
        Device.objects.bulk_create([new], ignore_conflicts=True)
        device = locked.get()
    return device


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


def delete_abandoned_devices(*, batch: int = 1_000) -> int:
    """Delete installations that nobody holds and nobody has heard of for long; return how many. Commits each batch."""
    before = timezone.now() - timedelta(days=settings.ABANDONED_DEVICE_DAYS)
    deleted = 0
    while ids := list(Device.objects.abandoned_since(before).values_list("pk", flat=True)[:batch]):
        deleted += Device.objects.abandoned_since(before).filter(pk__in=ids).delete()[0]
    return deleted
