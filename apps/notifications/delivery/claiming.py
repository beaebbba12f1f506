"""Taking what is due at a service: everything is looked at again, and attempts are counted before they begin.

Rows that another sender has locked are passed over, so that any number of senders may take at the same time.
"""

import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from apps.core import jobs
from apps.notifications import rules
from apps.notifications.delivery import mails, pushes
from apps.notifications.delivery.steps import Step, step, write
from apps.notifications.kinds import KINDS, Channel
from apps.notifications.models import Delivery
from apps.notifications.models.delivery import State, Turn
from apps.notifications.providers import Message, line_to
from apps.notifications.rules import History, Hold, Refusal

# How long a sender may take before it is taken for dead: longer than the longest exchange, which is two connections to
# Google for a token and two for the message.
SENDING = timedelta(seconds=75)
# Expo keeps receipts for a day.
RECEIPTS_LAST = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to send one delivery, until somebody else tries; without a message, to ask what became of it."""

    delivery: Delivery
    message: Message | None


@dataclass
class Batch:
    """What a look at a queue came to."""

    looked_at: int = 0
    claims: list[Claim] = field(default_factory=list)


def claim(provider: str, most: int) -> Batch:
    """Take up to `most` deliveries that are due at a service; those that rules close or hold are settled on the way."""
    now = timezone.now()
    with transaction.atomic():
        due = _due(provider, most, now)
        judge = _Judge(provider, due, now)
        steps = [taken for delivery in due if (taken := judge.step(delivery))]
        write(steps)
        for other in judge.moved_to:
            jobs.wake(other)
    return Batch(len(due), judge.claims)


def _due(provider: str, most: int, now: datetime) -> list[Delivery]:
    found: list[Delivery] = []
    for turn in Turn:
        if len(found) < most:
            waiting = Delivery.objects.due(provider, turn, now).with_context()
            locked = waiting.select_for_update(of=("self",), skip_locked=True)
            found += locked[: most - len(found)]
    return found


def _held(deliveries: Sequence[Delivery]) -> set[uuid.UUID]:
    """Lock the phones, or the readers of mail, and return those that no other sender has.

    One sender at a time for each: two that let something go at once would both be within its limits.
    """
    ids = sorted({rules.holder_of(one) for one in deliveries})
    numbers = [int.from_bytes(one.bytes[8:], signed=True) for one in ids]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(number) FROM UNNEST(%s::int8[]) AS number", [numbers]
        )
        return {one for one, (held,) in zip(ids, cursor.fetchall(), strict=True) if held}


class _Judge:
    """Decides about each delivery of a batch, in turn: what goes first counts for what follows."""

    def __init__(self, provider: str, due: Sequence[Delivery], now: datetime) -> None:
        self.claims: list[Claim] = []
        self.moved_to: set[str] = set()
        self._provider, self._now = provider, now
        self._line = line_to(provider)
        self._holders = _held(due) if due else set()
        self._mailboxes = mails.suppressions(due)
        self._history = History(due, now)
        # What was told of by another of the batch.
        self._told: set[uuid.UUID] = set()

    def step(self, delivery: Delivery) -> Step | None:
        """Return the step that a delivery takes, None to leave it for another time."""
        if rules.holder_of(delivery) not in self._holders:
            return None
        if delivery.pk in self._told:
            return None
        if delivery.provider_message_id:
            return self._ask(delivery)
        if settled := self._settled(delivery):
            return settled
        if not self._is_mail(delivery) and delivery.phone.push_provider != self._provider:
            return self._move(delivery)
        if self._line is None:
            return step(delivery, State.SUPPRESSED, reason="no_provider")
        return self._send(delivery)

    def _ask(self, delivery: Delivery) -> Step:
        """Ask for the receipt of what a service has passed on; without one for too long, it is lost."""
        too_long = delivery.sent_at is None or delivery.sent_at < self._now - RECEIPTS_LAST
        if self._line is None or too_long:
            return step(delivery, State.EXPIRED, reason="no_receipt")
        asking = step(delivery, State.SENT, next_attempt_at=self._now + SENDING)
        self.claims.append(Claim(delivery, None))
        return asking

    def _settled(self, delivery: Delivery) -> Step | None:
        """End what is not to be sent any more; everything may have changed since it was asked for."""
        notification = delivery.notification
        if delivery.expires_at <= self._now:
            return step(delivery, State.EXPIRED)
        reason = (
            (not notification.recipient.is_live and "recipient_inactive")
            or self._unreachable(delivery)
            or (notification.needs_nobody and "already_read")
        )
        if reason:
            return step(delivery, State.SUPPRESSED, reason=reason)
        preference = rules.preference_of(notification.recipient)
        kind = KINDS[notification.kind]
        return self._ruled(
            delivery, rules.judge(delivery, kind, preference, self._now, self._history)
        )

    def _unreachable(self, delivery: Delivery) -> str:
        if self._is_mail(delivery):
            return mails.unreachable(delivery, self._mailboxes)
        return pushes.unreachable(delivery, self._now)

    def _is_mail(self, delivery: Delivery) -> bool:
        return delivery.channel == Channel.EMAIL

    def _ruled(self, delivery: Delivery, verdict: Refusal | Hold | None) -> Step | None:
        match verdict:
            case Refusal():
                return step(delivery, State.SUPPRESSED, reason=verdict.reason)
            case Hold() if verdict.until >= delivery.expires_at:
                return step(delivery, State.EXPIRED, reason=verdict.reason)
            case Hold():
                # Not everybody's quiet hours end in the same second.
                until = verdict.until + timedelta(seconds=random.uniform(0, 30))  # noqa: S311
                return step(delivery, State.QUEUED, reason=verdict.reason, next_attempt_at=until)
        return None

    def _move(self, delivery: Delivery) -> Step:
        """Put it in the queue of the service that the phone is with now."""
        other = delivery.phone.push_provider
        self.moved_to.add(other)
        return step(delivery, State.QUEUED, provider=other, next_attempt_at=self._now)

    def _send(self, delivery: Delivery) -> Step:
        told = self._gather(delivery)
        delivery.speaks_for += told
        message: Message | None = (
            mails.message(delivery)
            if self._is_mail(delivery)
            else pushes.message(delivery, self._now)
        )
        if message is None:
            return step(delivery, State.SUPPRESSED, reason="no_address")
        due = self._now + SENDING
        going = step(delivery, State.SENT, tries=1, speaks_for=told, next_attempt_at=due)
        self._history.add(delivery, self._now)
        delivery.state, delivery.attempts = State.SENT, delivery.attempts + 1
        self.claims.append(Claim(delivery, message))
        return going

    def _gather(self, delivery: Delivery) -> int:
        """Let one that was held back, or any mail, speak for all that wait beside it; return how many those are."""
        has_waited = delivery.reason in rules.HELD or self._is_mail(delivery)
        if not KINDS[delivery.notification.kind].digest or not has_waited:
            return 0
        beside = Delivery.objects.waiting_beside(delivery).exclude(pk__in=self._gone())
        ids = list(beside.values_list("pk", flat=True))
        self._told.update(ids)
        waiting = Delivery.objects.waiting_beside(delivery).filter(pk__in=ids)
        return waiting.move(State.SUPPRESSED, reason="digested", next_attempt_at=None)

    def _gone(self) -> Iterator[uuid.UUID]:
        return (claim.delivery.pk for claim in self.claims)
