"""What came of attempts, as the ledger keeps it: each answer becomes the next step of its delivery."""

import logging
import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import prometheus_client
from django.utils import timezone

from apps.accounts.services.mailboxes import note_bounce
from apps.devices.services.push_addresses import drop_dead_address
from apps.notifications.delivery.claiming import Claim
from apps.notifications.delivery.due import Due
from apps.notifications.delivery.steps import Step, step, write
from apps.notifications.models.delivery import State
from apps.notifications.providers import Line
from apps.notifications.providers.alarm import alarm
from apps.notifications.providers.base import (
    AddressDead,
    CredentialsRejected,
    PushFailure,
    Receipt,
    Refused,
    RetryAfter,
)
from apps.notifications.providers.smtp import MailMessage

logger = logging.getLogger("push")

DELIVERIES = prometheus_client.Counter(
    "push_deliveries", "Attempts to deliver a push.", ["provider", "kind", "outcome"]
)
FORGOTTEN = prometheus_client.Counter(
    "push_addresses_forgotten", "Addresses that their service found dead.", ["provider"]
)

# The first wait after a failure that names none, and the longest (Google asks for 10 s and more).
FIRST_WAIT, LONGEST_WAIT = 10.0, 600.0
CREDENTIALS_WAIT = 300.0
# Expo asks for 15 minutes before a receipt is fetched.
RECEIPT_WAIT = 900.0

type Landed = tuple[Claim, Receipt | PushFailure]


def record(line: Line, landed: Sequence[Landed]) -> None:
    """Write down what came of attempts, unless their sender was taken for dead and another has tried since."""
    counts: Counter[tuple[str, str, str]] = Counter()
    steps = []
    for claim, answer in landed:
        outcome, next_step = _read(line, claim, answer)
        counts[claim.due.provider, claim.due.kind, outcome] += 1
        steps.append(next_step)
    recorded = write(steps)
    for labels, number in counts.items():
        DELIVERIES.labels(*labels).inc(number)
    for one in steps:
        if one.id not in recorded:
            logger.warning("push outcome came late", extra={"delivery": one.id})


def _read(line: Line, claim: Claim, receipt: Receipt | PushFailure) -> tuple[str, Step]:
    if isinstance(receipt, PushFailure):
        return receipt.outcome, _after(line, claim, receipt)
    line.breaker.succeeded()
    if receipt.is_final:
        return "accepted", step(
            claim.due,
            State.ACCEPTED,
            reason="",
            failure="",
            provider_message_id=receipt.provider_message_id,
        )
    due = timezone.now() + _spread(RECEIPT_WAIT)
    name = receipt.provider_message_id
    waiting = step(claim.due, State.SENT, reason="", provider_message_id=name, next_attempt_at=due)
    return "passed_on" if claim.message else "no_receipt_yet", waiting


def _after(line: Line, claim: Claim, failure: PushFailure) -> Step:
    match failure:
        case AddressDead():
            line.breaker.succeeded()
            _forget_address(claim, failure)
            if failure.alarming:
                alarm(failure.reason)
            return _failed(claim, failure)
        case Refused():
            line.breaker.succeeded()
            logger.error("push refused", extra=_described(claim, failure))
            return _failed(claim, failure)
        case CredentialsRejected():
            if failure.everywhere:
                line.breaker.shut(CREDENTIALS_WAIT)
            alarm(failure.reason)
            return _put_back(claim, failure, CREDENTIALS_WAIT)
        case RetryAfter():
            return _put_back(claim, failure, failure.seconds)
    line.breaker.failed(failure)
    return _put_back(claim, failure, backoff(claim.due.attempts))


def _forget_address(claim: Claim, failure: AddressDead) -> None:
    if isinstance(claim.message, MailMessage):
        note_bounce(address=claim.message.to, is_final=True, code=failure.reason)
    elif not _dropped(claim.due, failure):
        return
    FORGOTTEN.labels(claim.due.provider).inc()


def _dropped(due: Due, failure: AddressDead) -> bool:
    """Forget the address, unless the phone has confirmed it after the service found it dead; return whether it went."""
    registered_at = due.push_registered_at
    if (
        not due.device_id
        or registered_at is None
        or (failure.since and registered_at > failure.since)
    ):
        return False
    return drop_dead_address(
        device_id=due.device_id, index=due.push_index, registered_at=registered_at
    )


def _failed(claim: Claim, failure: PushFailure) -> Step:
    return step(claim.due, State.FAILED, reason=failure.reason, failure=failure.outcome)


def _put_back(claim: Claim, failure: PushFailure, seconds: float) -> Step:
    due = timezone.now() + _spread(seconds)
    why = {"reason": failure.reason, "failure": failure.outcome}
    if claim.message and due >= claim.due.expires_at:
        return step(claim.due, State.EXPIRED, **why)
    logger.warning("push postponed", extra=_described(claim, failure))
    # What has a ticket is not sent again; it is only asked for once more.
    state = State.QUEUED if claim.message else State.SENT
    return step(claim.due, state, **why, next_attempt_at=due)


def backoff(attempts: int) -> float:
    """Return the seconds to wait after so many attempts, where the service named none."""
    return min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)


def _spread(seconds: float) -> timedelta:
    """Never earlier than asked, and not all at once."""
    return timedelta(seconds=seconds * random.uniform(1, 1.5))  # noqa: S311 - no secret


def _described(claim: Claim, failure: PushFailure) -> dict[str, str]:
    return {
        "delivery": claim.due.id,
        "notification": claim.due.notification_id,
        "outcome": failure.outcome,
        "reason": failure.reason,
    }
