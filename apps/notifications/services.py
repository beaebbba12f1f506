"""What is done with notifications: somebody is told, somebody has read."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from apps.core import jobs
from apps.core.actors import Actor
from apps.core.errors import NotFound
from apps.core.ids import first_id
from apps.devices import selectors as devices
from apps.notifications import selectors, tasks
from apps.notifications.models import KINDS, Delivery, Kind, Notification


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one item."""

    id: uuid.UUID
    status: Literal["applied", "refused"]
    code: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    results: Sequence[Result]
    unread: int


def notify(
    *,
    recipient_id: uuid.UUID,
    kind: str,
    params: Mapping[str, str],
    dedupe: str,
    target: tuple[str, uuid.UUID] | None = None,
) -> None:
    """Tell somebody something, within the caller's transaction: in the inbox, and on every device that push reaches.

    `kind` is a key of `models.KINDS`, `params` fill its template, `dedupe` names the cause: saying it again changes
    nothing. Enqueues one `deliver` per device. Raises KeyError for a kind that does not exist.
    """
    shared = KINDS[kind]
    target_type, target_id = target or ("", None)
    notification = Notification(
        recipient_id=recipient_id,
        kind=kind,
        category=shared.category,
        params=dict(params),
        target_type=target_type,
        target_id=target_id,
        dedupe=dedupe,
    )
    with transaction.atomic():
        Notification.objects.bulk_create([notification], ignore_conflicts=True)
        if Notification.objects.filter(pk=notification.pk).exists():
            _deliver(notification, shared)


def _deliver(notification: Notification, kind: Kind) -> None:
    reachable = devices.reachable_devices_of(notification.recipient_id)
    expires_at = timezone.now() + kind.life
    deliveries = [
        Delivery(notification=notification, device_id=device_id, expires_at=expires_at)
        for device_id in reachable.values_list("pk", flat=True)
    ]
    Delivery.objects.bulk_create(deliveries)
    for delivery in deliveries:
        jobs.enqueue(tasks.deliver, delivery_id=delivery.pk)


def withdraw(*, recipient_id: uuid.UUID, kind: str, dedupe: str) -> None:
    """Take back what was told of a cause that is gone, within the caller's transaction; pushes stay where they are."""
    Notification.objects.of(recipient_id).filter(kind=kind, dedupe=dedupe).delete()


def mark_read(
    *, actor: Actor, ids: Sequence[uuid.UUID] = (), up_to: uuid.UUID | None = None
) -> Reading:
    """Note what the actor has read: some notifications, or one and all older ones. Commits.

    Answers item by item; what is not the actor's is refused as `not_found` and keeps nothing else from being applied.
    """
    mine = Notification.objects.of(actor.id)
    with transaction.atomic():
        if up_to is not None:
            last = mine.filter(pk=up_to).only("created_at").first()
            if last:
                mine.in_inbox().up_to(last.created_at, last.pk).mark_read()
            results = [_result(up_to, known=last is not None)]
        else:
            known = set(mine.filter(pk__in=ids).values_list("pk", flat=True))
            mine.filter(pk__in=known).mark_read()
            results = [_result(one, known=one in known) for one in ids]
        return Reading(results, selectors.unread_count(actor))


def _result(id: uuid.UUID, *, known: bool) -> Result:
    return Result(id, "applied") if known else Result(id, "refused", NotFound.code)


def expire_deliveries() -> int:
    """Give up deliveries whose time has passed, whatever became of their jobs; return how many."""
    late = Delivery.objects.open().filter(expires_at__lt=timezone.now())
    return late.update(state=Delivery.State.EXPIRED, next_attempt_at=None, updated_at=Now())


def forget_old(*, batch: int = 1_000) -> int:
    """Delete notifications older than `settings.NOTIFICATION_DAYS`; return how many. Commits each batch."""
    before = first_id(timezone.now() - timedelta(days=settings.NOTIFICATION_DAYS))
    forgotten = 0
    while old := list(
        Notification.objects.born_before(before).values_list("pk", flat=True)[:batch]
    ):
        Notification.objects.filter(pk__in=old).delete()
        forgotten += len(old)
    return forgotten
