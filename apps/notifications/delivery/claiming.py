"""Taking what is due at a service: everything is looked at again, and attempts are counted before they begin."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from apps.core import jobs, statements
from apps.notifications.delivery import due, mails, pushes, verdicts
from apps.notifications.delivery.due import Due
from apps.notifications.delivery.steps import Step, step, write
from apps.notifications.delivery.verdicts import History, Hold, Refusal
from apps.notifications.kinds import KINDS, Channel
from apps.notifications.models import Delivery
from apps.notifications.models.delivery import State
from apps.notifications.providers import Message, line_to

# How long a sender may take before it is taken for dead: longer than the longest exchange, which is two connections to
# Google for a token and two for the message.
SENDING = timedelta(seconds=75)
# Expo keeps receipts for a day.
RECEIPTS_LAST = timedelta(hours=24)


@dataclass(slots=True)
class Claim:
    """The right to send one delivery, until somebody else tries; without a message, to ask what became of it."""

    due: Due
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
        batch = due.locked(provider, most, now)
        judge = _Judge(provider, batch, now)
        write([taken for one in batch if (taken := judge.step(one))])
        for other in judge.moved_to:
            jobs.wake(other)
    return Batch(len(batch), judge.claims)


_HOLD = "SELECT pg_try_advisory_xact_lock(number) FROM UNNEST(%s::int8[]) AS number"


def _held(batch: Sequence[Due]) -> set[str]:
    """Lock the phones, or the readers of mail, and return those that no other sender has.

    One sender at a time for each: two that let something go at once would both be within its limits.
    """
    ids = sorted({one.holder_id for one in batch})
    numbers = due.array_of(str(_number(one)) for one in ids)
    held = statements.rows(_HOLD, [numbers])
    return {one for one, (is_held,) in zip(ids, held, strict=True) if is_held}


def _number(holder_id: str) -> int:
    """Return the random half of an id, as Postgres counts."""
    number = int(holder_id[19:23] + holder_id[24:], 16)
    return number - (1 << 64) if number >> 63 else number


class _Judge:
    """Decides about each delivery of a batch, in turn: what goes first counts for what follows."""

    def __init__(self, provider: str, batch: Sequence[Due], now: datetime) -> None:
        self.claims: list[Claim] = []
        self.moved_to: set[str] = set()
        self._provider, self._now = provider, now
        self._line = line_to(provider)
        self._holders = _held(batch) if batch else set()
        self._mailboxes = mails.suppressions(batch)
        self._history = History(batch, now)
        # What was told of by another of the batch.
        self._told: set[str] = set()

    def step(self, one: Due) -> Step | None:
        """Return the step that a delivery takes, None to leave it for another time."""
        if one.holder_id not in self._holders:
            return None
        if one.id in self._told:
            return None
        if one.provider_message_id:
            return self._ask(one)
        if settled := self._settled(one):
            return settled
        if not self._is_mail(one) and one.push_provider != self._provider:
            return self._move(one)
        if self._line is None:
            return step(one, State.SUPPRESSED, reason="no_provider")
        return self._send(one)

    def _ask(self, one: Due) -> Step:
        """Ask for the receipt of what a service has passed on; without one for too long, it is lost."""
        too_long = one.sent_at is None or one.sent_at < self._now - RECEIPTS_LAST
        if self._line is None or too_long:
            return step(one, State.EXPIRED, reason="no_receipt")
        asking = step(one, State.SENT, next_attempt_at=self._now + SENDING)
        self.claims.append(Claim(one, None))
        return asking

    def _settled(self, one: Due) -> Step | None:
        """End what is not to be sent any more; everything may have changed since it was asked for."""
        if one.expires_at <= self._now:
            return step(one, State.EXPIRED)
        reason = (
            (not one.is_live and "recipient_inactive")
            or self._unreachable(one)
            or (one.needs_nobody and "already_read")
        )
        if reason:
            return step(one, State.SUPPRESSED, reason=reason)
        verdict = verdicts.judge(one, KINDS[one.kind], self._now, self._history)
        return self._ruled(one, verdict) if verdict else None

    def _unreachable(self, one: Due) -> str:
        if self._is_mail(one):
            return mails.unreachable(one, self._mailboxes)
        return pushes.unreachable(one)

    def _is_mail(self, one: Due) -> bool:
        return one.channel == Channel.EMAIL

    def _ruled(self, one: Due, verdict: Refusal | Hold) -> Step:
        match verdict:
            case Refusal():
                return step(one, State.SUPPRESSED, reason=verdict.reason)
            case Hold() if verdict.until >= one.expires_at:
                return step(one, State.EXPIRED, reason=verdict.reason)
            case Hold():
                # Not everybody's quiet hours end in the same second.
                until = verdict.until + timedelta(seconds=random.uniform(0, 30))  # noqa: S311
                return step(one, State.QUEUED, reason=verdict.reason, next_attempt_at=until)

    def _move(self, one: Due) -> Step:
        """Put it in the queue of the service that the phone is with now."""
        other = one.push_provider
        self.moved_to.add(other)
        return step(one, State.QUEUED, provider=other, next_attempt_at=self._now)

    def _send(self, one: Due) -> Step:
        told = self._gather(one)
        one.speaks_for += told
        way = mails if self._is_mail(one) else pushes
        message: Message | None = way.message(one, self._now)
        if message is None:
            return step(one, State.SUPPRESSED, reason="no_address")
        due = self._now + SENDING
        going = step(one, State.SENT, tries=1, speaks_for=told, next_attempt_at=due)
        self._history.add(one, self._now)
        one.state, one.attempts = State.SENT, one.attempts + 1
        self.claims.append(Claim(one, message))
        return going

    def _gather(self, one: Due) -> int:
        """Let what was held back, or any mail, speak for all that wait beside it; return how many those are."""
        has_waited = one.reason in verdicts.HELD or self._is_mail(one)
        if not KINDS[one.kind].digest or not has_waited:
            return 0
        gone = [claim.due.id for claim in self.claims]
        beside = Delivery.objects.waiting_beside(one).exclude(pk__in=gone)
        ids = list(beside.values_list("pk", flat=True))
        self._told.update(map(str, ids))
        waiting = Delivery.objects.waiting_beside(one).filter(pk__in=ids)
        return waiting.move(State.SUPPRESSED, reason="digested", next_attempt_at=None)
