"""Taking a delivery to send it: everything is looked at again, and the attempt is counted before it begins."""

import random
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from apps.devices import selectors as devices
from apps.devices.models import Device
from apps.notifications import rendering, rules
from apps.notifications.kinds import KINDS, Priority
from apps.notifications.models import Delivery
from apps.notifications.models.delivery import State
from apps.notifications.providers import Line, line_to
from apps.notifications.providers.base import PushMessage
from apps.notifications.querysets import DeliveryQuerySet
from apps.notifications.rules import Hold, Refusal

# How long a sender may take before it is taken for dead; shorter than the lease of its job.
SENDING = timedelta(seconds=75)
# Expo keeps receipts for a day.
RECEIPTS_LAST = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to send one delivery, until somebody else tries; without a message, to ask what became of it."""

    delivery: Delivery
    message: PushMessage | None
    line: Line


def claim(notification_id: uuid.UUID, delivery_id: uuid.UUID) -> Claim | Hold | None:
    with transaction.atomic():
        row = Delivery.objects.at(notification_id, delivery_id)
        wanted = row.open().with_context().select_for_update(of=("self",))
        delivery = wanted.first()
        if delivery is None:
            return None
        now = timezone.now()
        if delivery.next_attempt_at and delivery.next_attempt_at > now:
            # Somebody is sending it, or the service or a rule named a time that has not come.
            return Hold("not_due", delivery.next_attempt_at)
        if delivery.provider_message_id:
            return _asking(row, delivery, now)
        address = devices.push_address_of(delivery.phone)
        if settled := _settled(delivery, address, now):
            state, reason = settled
            row.move(state, reason=reason, next_attempt_at=None)
            return None
        if held := _held(delivery, now):
            return _apply(held, row, delivery)
        service = delivery.phone.push_provider
        line = line_to(service)
        if line is None:
            row.move(State.SUPPRESSED, reason="no_provider", next_attempt_at=None)
            return None
        if pause := _pause(line, service, now):
            return pause
        _take(row, delivery, now)
    return Claim(delivery, _message(delivery, address, now), line)


def _asking(row: DeliveryQuerySet, delivery: Delivery, now: datetime) -> Claim | None:
    """Ask for the receipt of what a service has passed on; without one for too long, it is lost."""
    line = line_to(delivery.provider)
    too_long = delivery.sent_at is None or delivery.sent_at < now - RECEIPTS_LAST
    if line is None or too_long:
        row.move(State.EXPIRED, reason="no_receipt", next_attempt_at=None)
        return None
    row.move(State.SENT, next_attempt_at=now + SENDING)
    return Claim(delivery, None, line)


def _pause(line: Line, service: str, now: datetime) -> Hold | None:
    """Leave a service in trouble alone, and do not let it hold all workers."""
    held = Delivery.objects.held_by(service, now)[: settings.PUSH_IN_FLIGHT]
    if held.count() >= settings.PUSH_IN_FLIGHT:
        return Hold("service_busy", now + timedelta(seconds=random.uniform(0.5, 2)))  # noqa: S311
    # Last of all: whoever is let through a breaker has to try, or nobody learns how the service is.
    if wait := line.breaker.wait():
        return Hold("breaker_open", now + timedelta(seconds=wait * random.uniform(1, 1.5)))  # noqa: S311
    return None


def _held(delivery: Delivery, now: datetime) -> Refusal | Hold | None:
    # One at a time for each phone: two that go at once would both be within its limits.
    _lock_device(delivery.phone)
    notification = delivery.notification
    preference = rules.preference_of(notification.recipient)
    return rules.judge(delivery, KINDS[notification.kind], preference, now)


def _lock_device(device: Device) -> None:
    with connection.cursor() as cursor:
        number = int.from_bytes(device.pk.bytes[8:], signed=True)
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def _apply(held: Refusal | Hold, row: DeliveryQuerySet, delivery: Delivery) -> Hold | None:
    if isinstance(held, Refusal):
        row.move(State.SUPPRESSED, reason=held.reason, next_attempt_at=None)
        return None
    if held.until >= delivery.expires_at:
        row.move(State.EXPIRED, reason=held.reason, next_attempt_at=None)
        return None
    # Not everybody's quiet hours end in the same second.
    held = Hold(held.reason, held.until + timedelta(seconds=random.uniform(0, 30)))  # noqa: S311
    row.move(State.QUEUED, reason=held.reason, next_attempt_at=held.until)
    return held


def _take(row: DeliveryQuerySet, delivery: Delivery, now: datetime) -> None:
    """Count the attempt; one that was held back speaks for all that wait beside it."""
    if KINDS[delivery.notification.kind].digest and delivery.reason in rules.HELD:
        beside = Delivery.objects.waiting_beside(delivery)
        delivery.speaks_for += beside.move(
            State.SUPPRESSED, reason="digested", next_attempt_at=None
        )
    delivery.attempts += 1
    delivery.provider = delivery.phone.push_provider
    row.move(
        State.SENT,
        attempts=delivery.attempts,
        speaks_for=delivery.speaks_for,
        provider=delivery.provider,
        sent_at=Now(),
        next_attempt_at=now + SENDING,
    )


def _settled(delivery: Delivery, address: str, now: datetime) -> tuple[State, str] | None:
    """Return how a delivery ends without being sent, None while it is wanted.

    Everything may have changed since it was asked for: the phone changed hands, its owner read on another one.
    """
    device, notification = delivery.phone, delivery.notification
    if delivery.expires_at <= now:
        return State.EXPIRED, delivery.reason
    if not notification.recipient.is_live:
        return State.SUPPRESSED, "recipient_inactive"
    if device.user_id != notification.recipient_id:
        return State.SUPPRESSED, "device_changed_hands"
    if device.session is None or not device.session.stands(now):
        return State.SUPPRESSED, "signed_out"
    if not address:
        return State.SUPPRESSED, device.push_silenced_reason or "no_address"
    if notification.needs_nobody:
        return State.SUPPRESSED, "already_read"
    return None


def _message(delivery: Delivery, address: str, now: datetime) -> PushMessage:
    device, notification = delivery.phone, delivery.notification
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
        badge=delivery.unread if kind.badge else None,
        expires_at=delivery.expires_at,
        wakes=kind.priority is not Priority.LOW and not dozes,
        breaks_through=kind.priority is Priority.URGENT,
        # Apple takes 64 bytes.
        replaces=f"{notification.target_id}:{notification.kind}"[:64]
        if kind.replaces_older
        else "",
    )
