"""The worker room: one delivery is looked at again, sent, and its outcome recorded.

No transaction is held while a push service answers. A worker may die between the service's yes and our record of it:
the next one sends again with the same ids, and the app drops the repeat.
"""

import logging
import random
import uuid
from datetime import timedelta

from django.db.models.functions import Now
from django.utils import timezone
from prometheus_client import Counter

from apps.core import jobs
from apps.devices.services.push_addresses import drop_dead_address
from apps.notifications.delivery import claiming
from apps.notifications.delivery.claiming import Claim
from apps.notifications.models import Delivery
from apps.notifications.models.delivery import State
from apps.notifications.providers.alarm import alarm
from apps.notifications.providers.base import (
    AddressDead,
    CredentialsRejected,
    PushFailure,
    Receipt,
    Refused,
    RetryAfter,
)
from apps.notifications.rules import Hold

logger = logging.getLogger("push")

DELIVERIES = Counter(
    "push_deliveries", "Attempts to deliver a push.", ["provider", "kind", "outcome"]
)

# The first wait after a failure that names none, and the longest (Google asks for 10 s and more).
FIRST_WAIT, LONGEST_WAIT = 10.0, 600.0
CREDENTIALS_WAIT = 300.0
# Expo asks for 15 minutes before a receipt is fetched.
RECEIPT_WAIT = 900.0


def deliver(notification_id: uuid.UUID, delivery_id: uuid.UUID) -> None:
    """Send one delivery if it is still wanted, and record what came of it.

    Raises jobs.Retry when it is to be tried later. Does nothing when the delivery is settled.
    """
    claim = claiming.claim(notification_id, delivery_id)
    if claim is None:
        return
    if isinstance(claim, Hold):
        raise jobs.Retry(after=claim.until - timezone.now(), reason=claim.reason)
    try:
        receipt = _send(claim)
    except PushFailure as failure:
        _count(claim, failure.outcome)
        _record_failure(claim, failure)
    else:
        claim.line.breaker.succeeded()
        _record_receipt(claim, receipt)


def _send(claim: Claim) -> Receipt:
    """Send the message, or ask what became of it."""
    if claim.message:
        return claim.line.provider.send(claim.message)
    name = claim.delivery.provider_message_id
    return Receipt(name, is_final=claim.line.provider.passed_on(name))


def _record_receipt(claim: Claim, receipt: Receipt) -> None:
    if receipt.is_final:
        _count(claim, "accepted")
        _record_accepted(claim, receipt)
        return
    _count(claim, "passed_on" if claim.message else "no_receipt_yet")
    after = _spread(RECEIPT_WAIT)
    due = timezone.now() + after
    name = receipt.provider_message_id
    if _record(claim, State.SENT, reason="", provider_message_id=name, next_attempt_at=due):
        raise jobs.Retry(after=after, reason="receipt_due")


def _record_accepted(claim: Claim, receipt: Receipt) -> None:
    _record(
        claim,
        State.ACCEPTED,
        reason="",
        failure="",
        accepted_at=Now(),
        next_attempt_at=None,
        provider_message_id=receipt.provider_message_id,
    )


def _record_failure(claim: Claim, failure: PushFailure) -> None:
    match failure:
        case AddressDead():
            claim.line.breaker.succeeded()
            if not _confirmed_since(claim, failure):
                drop_dead_address(device=claim.delivery.phone)
            if failure.alarming:
                alarm(failure.reason)
            _record_failed(claim, failure)
        case Refused():
            claim.line.breaker.succeeded()
            logger.error("push refused", extra=_described(claim, failure))
            _record_failed(claim, failure)
        case CredentialsRejected():
            if failure.everywhere:
                claim.line.breaker.shut(CREDENTIALS_WAIT)
            alarm(failure.reason)
            _put_back(claim, failure, CREDENTIALS_WAIT)
        case RetryAfter():
            _put_back(claim, failure, failure.seconds)
        case _:
            claim.line.breaker.failed()
            _put_back(claim, failure, _backoff(claim.delivery.attempts))


def _confirmed_since(claim: Claim, failure: AddressDead) -> bool:
    """Tell whether the phone has confirmed its address after the service found it dead."""
    registered_at = claim.delivery.phone.push_registered_at
    return bool(failure.since and registered_at and registered_at > failure.since)


def _record_failed(claim: Claim, failure: PushFailure) -> None:
    _record(
        claim, State.FAILED, reason=failure.reason, failure=failure.outcome, next_attempt_at=None
    )


def _put_back(claim: Claim, failure: PushFailure, seconds: float) -> None:
    after = _spread(seconds)
    due = timezone.now() + after
    why = {"reason": failure.reason, "failure": failure.outcome}
    if claim.message and due >= claim.delivery.expires_at:
        _record(claim, State.EXPIRED, **why, next_attempt_at=None)
        return
    logger.warning("push postponed", extra=_described(claim, failure))
    # What has a ticket is not sent again; it is only asked for once more.
    state = State.QUEUED if claim.message else State.SENT
    if _record(claim, state, **why, next_attempt_at=due):
        raise jobs.Retry(after=after, reason=failure.reason)


def _record(claim: Claim, state: State, **outcome: object) -> bool:
    """Write the outcome, unless this sender was taken for dead and another has tried since."""
    sent = claim.delivery
    mine = Delivery.objects.at(sent.notification_id, sent.pk).filter(
        state=State.SENT, attempts=sent.attempts
    )
    recorded = bool(mine.move(state, **outcome))
    if not recorded:
        logger.warning("push outcome came late", extra={"delivery": str(sent.pk)})
    return recorded


def _backoff(attempts: int) -> float:
    return min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)


def _spread(seconds: float) -> timedelta:
    """Never earlier than asked, and not all at once."""
    return timedelta(seconds=seconds * random.uniform(1, 1.5))  # noqa: S311 - no secret


def _count(claim: Claim, outcome: str) -> None:
    sent = claim.delivery
    DELIVERIES.labels(sent.provider, sent.notification.kind, outcome).inc()


def _described(claim: Claim, failure: PushFailure) -> dict[str, str]:
    return {
        "delivery": str(claim.delivery.pk),
        "notification": str(claim.delivery.notification_id),
        "outcome": failure.outcome,
        "reason": failure.reason,
    }
