"""The worker room: one delivery is looked at again, sent, and its outcome recorded.

No transaction is held while a push service answers. A worker may die between the service's yes and our record of it:
the next one sends again with the same ids, and the app drops the repeat.
"""

import logging
import random
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from prometheus_client import Counter

from apps.core import jobs
from apps.devices import selectors as devices
from apps.devices.services import drop_dead_address
from apps.notifications import rendering
from apps.notifications.models import KINDS, Delivery
from apps.notifications.providers import breaker, provider
from apps.notifications.providers.alarm import alarm
from apps.notifications.providers.base import (
    AddressDead,
    CredentialsRejected,
    PushFailure,
    PushMessage,
    Receipt,
    Refused,
    RetryAfter,
)

logger = logging.getLogger("push")

DELIVERIES = Counter("push_deliveries", "Attempts to deliver a push.", ["provider", "outcome"])

# How long a sender may take before it is taken for dead; shorter than the lease of its job.
SENDING = timedelta(seconds=75)
# The first wait after a failure that names none, and the longest (Google asks for 10 s and more).
FIRST_WAIT, LONGEST_WAIT = 10.0, 600.0
CREDENTIALS_WAIT = 300.0

State = Delivery.State


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to send one delivery, until somebody else tries."""

    delivery: Delivery
    message: PushMessage


def deliver(delivery_id: uuid.UUID) -> None:
    """Send one delivery if it is still wanted, and record what came of it.

    Raises jobs.Retry when it is to be tried later. Does nothing when the delivery is settled.
    """
    if wait := breaker.wait():
        raise jobs.Retry(after=_spread(wait), reason="breaker_open")
    claim = _claim(delivery_id)
    if claim is None:
        return
    try:
        receipt = provider().send(claim.message)
    except PushFailure as failure:
        _count(claim, failure.outcome)
        _record_failure(claim, failure)
    else:
        _count(claim, "sent")
        breaker.succeeded()
        _record_sent(claim, receipt)


def _claim(delivery_id: uuid.UUID) -> Claim | None:
    with transaction.atomic():
        wanted = Delivery.objects.open().with_context().select_for_update(of=("self",))
        delivery = wanted.filter(pk=delivery_id).first()
        if delivery is None:
            return None
        now = timezone.now()
        if delivery.next_attempt_at and delivery.next_attempt_at > now:
            # Somebody is sending it, or the service named a time that has not come.
            raise jobs.Retry(after=delivery.next_attempt_at - now, reason="not_due")
        address = devices.push_address_of(delivery.device)
        if settled := _settled(delivery, address, now):
            delivery.state, delivery.reason = settled
            delivery.next_attempt_at = None
            _save(delivery)
            return None
        delivery.state = State.SENDING
        delivery.attempts += 1
        delivery.next_attempt_at = now + SENDING
        _save(delivery)
    return Claim(delivery, _message(delivery, address, now))


def _settled(delivery: Delivery, address: str, now: datetime) -> tuple[Delivery.State, str] | None:
    """Return how a delivery ends without being sent, None while it is wanted.

    Everything may have changed since it was asked for: the phone changed hands, its owner read on another one.
    """
    device, notification = delivery.device, delivery.notification
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
    if device.push_provider not in provider().serves:
        return State.SUPPRESSED, "no_provider"
    if notification.needs_nobody:
        return State.SUPPRESSED, "already_read"
    return None


def _message(delivery: Delivery, address: str, now: datetime) -> PushMessage:
    device, notification = delivery.device, delivery.notification
    kind = KINDS[notification.kind]
    locale = device.locale or notification.recipient.locale
    quiet_since = now - timedelta(days=settings.PUSH_QUIET_DAYS)
    dozes = device.push_registered_at is None or device.push_registered_at < quiet_since
    return PushMessage(
        provider=device.push_provider,
        address=address,
        address_kind=device.push_address_kind,
        notification_id=notification.pk,
        delivery_id=delivery.pk,
        title=rendering.title_of(notification.kind, notification.params, locale),
        body=rendering.body_of(notification.kind, notification.params, locale),
        category=notification.category,
        link=notification.link,
        expires_at=delivery.expires_at,
        urgent=kind.urgent and not dozes,
        # Apple takes 64 bytes.
        replaces=f"{notification.target_id}:{notification.kind}"[:64]
        if kind.replaces_older
        else "",
    )


def _record_sent(claim: Claim, receipt: Receipt) -> None:
    _record(
        claim,
        state=State.SENT,
        reason="",
        sent_at=Now(),
        next_attempt_at=None,
        provider_message_id=receipt.provider_message_id,
    )


def _record_failure(claim: Claim, failure: PushFailure) -> None:
    match failure:
        case AddressDead():
            breaker.succeeded()
            drop_dead_address(device=claim.delivery.device)
            if failure.alarming:
                alarm(failure.reason)
            _record_failed(claim, failure)
        case Refused():
            breaker.succeeded()
            logger.error("push refused", extra=_described(claim, failure))
            _record_failed(claim, failure)
        case CredentialsRejected():
            if failure.everywhere:
                breaker.shut(CREDENTIALS_WAIT)
            alarm(failure.reason)
            _put_back(claim, failure, CREDENTIALS_WAIT)
        case RetryAfter():
            _put_back(claim, failure, failure.seconds)
        case _:
            breaker.failed()
            _put_back(claim, failure, _backoff(claim.delivery.attempts))


def _record_failed(claim: Claim, failure: PushFailure) -> None:
    _record(claim, state=State.FAILED, reason=failure.reason, next_attempt_at=None)


def _put_back(claim: Claim, failure: PushFailure, seconds: float) -> None:
    after = _spread(seconds)
    due = timezone.now() + after
    if due >= claim.delivery.expires_at:
        _record(claim, state=State.EXPIRED, reason=failure.reason, next_attempt_at=None)
        return
    logger.warning("push postponed", extra=_described(claim, failure))
    if _record(claim, state=State.QUEUED, reason=failure.reason, next_attempt_at=due):
        raise jobs.Retry(after=after, reason=failure.reason)


def _record(claim: Claim, **outcome: object) -> bool:
    """Write the outcome, unless this sender was taken for dead and another has tried since."""
    mine = Delivery.objects.filter(
        pk=claim.delivery.pk, state=State.SENDING, attempts=claim.delivery.attempts
    )
    recorded = bool(mine.update(**outcome, updated_at=Now()))
    if not recorded:
        logger.warning("push outcome came late", extra={"delivery": str(claim.delivery.pk)})
    return recorded


def _save(delivery: Delivery) -> None:
    delivery.updated_at = Now()
    delivery.save(update_fields=["state", "reason", "attempts", "next_attempt_at", "updated_at"])


def _backoff(attempts: int) -> float:
    return min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)


def _spread(seconds: float) -> timedelta:
    """Never earlier than asked, and not all at once."""
    return timedelta(seconds=seconds * random.uniform(1, 1.5))  # noqa: S311 - no secret


def _count(claim: Claim, outcome: str) -> None:
    DELIVERIES.labels(claim.message.provider, outcome).inc()


def _described(claim: Claim, failure: PushFailure) -> dict[str, str]:
    return {
        "delivery": str(claim.delivery.pk),
        "notification": str(claim.message.notification_id),
        "outcome": failure.outcome,
        "reason": failure.reason,
    }
