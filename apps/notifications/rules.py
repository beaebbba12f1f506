"""The rules between a notification and its reader: what they do not want, what has to wait, what is one of many.

Asked when somebody is told, and again just before it is sent. Each answer is a word for the delivery's row.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Q, Value

from apps.accounts.models import User
from apps.notifications.kinds import KINDS, Channel, Kind, Priority
from apps.notifications.models import Delivery, Preference

DAY = timedelta(days=1)
QUIET, DIGEST = "quiet_hours", "digest"
# What a delivery of a digested kind has waited for: what came meanwhile goes along with it.
HELD = (QUIET, DIGEST)


@dataclass(frozen=True, slots=True)
class Refusal:
    """It is never sent."""

    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """It is not sent before a moment."""

    reason: str
    until: datetime


def preference_of(user: User) -> Preference:
    """Return what somebody chose, the defaults if they never did; loaded with the user or not at all."""
    return getattr(user, "notification_preference", None) or Preference(user=user)


def unwanted(kind: Kind, preference: Preference, channel: str, now: datetime) -> str:
    """Return why its reader does not want a kind by a channel, "" when they do."""
    if channel not in kind.channels or not preference.allows(kind.category, channel):
        return "preference"
    if channel != Channel.IN_APP and preference.is_muted(now) and not passes(kind):
        return "muted"
    return ""


def judge(
    delivery: Delivery, kind: Kind, preference: Preference, now: datetime, history: History
) -> Refusal | Hold | None:
    """Say what the rules make of a push or mail about to be sent; None lets it go. Mail wakes nobody at night."""
    if reason := unwanted(kind, preference, delivery.channel, now):
        return Refusal(reason)
    if passes(kind):
        return None
    if delivery.channel == Channel.EMAIL:
        return Refusal("daily_cap") if history.today(delivery) >= settings.MAIL_DAILY_CAP else None
    if ends := preference.quiet_ends(now, zone_of(delivery)):
        return Hold(QUIET, ends)
    if history.today(delivery) >= settings.PUSH_DAILY_CAP:
        return Refusal("daily_cap")
    if kind.digest and delivery.reason not in HELD:
        lately = history.lately(delivery, now - kind.digest.within)
        if len(lately) >= kind.digest.after:
            return Hold(DIGEST, lately[0] + kind.digest.within)
    return None


def passes(kind: Kind) -> bool:
    """Tell whether a kind is shown at any hour, however many there were."""
    return kind.is_mandatory or kind.priority is Priority.URGENT


def holder_of(delivery: Delivery) -> uuid.UUID:
    """Return the id of whose limits a delivery counts towards: a phone's, or for mail those of its reader."""
    return delivery.device_id or delivery.notification.recipient_id


class History:
    """What left in the last 24 hours for the phones, or mailboxes, of a batch: read in one query, and added to."""

    def __init__(self, deliveries: Iterable[Delivery], now: datetime) -> None:
        self._since = now - DAY
        self._sent: dict[tuple[Any, ...], list[datetime]] = defaultdict(list)
        self._total: Counter[Any] = Counter()
        counted = [one for one in deliveries if not passes(KINDS[one.notification.kind])]
        devices = {one.device_id for one in counted if one.device_id}
        if len(devices) < len(counted):
            self._count_mail({holder_of(one) for one in counted if not one.device_id})
        if not devices:
            return
        longest = max((kind.digest.within for kind in KINDS.values() if kind.digest), default=DAY)
        lately = ArrayAgg("sent_at", filter=Q(sent_at__gt=now - longest), default=Value([]))
        found = Delivery.objects.sent_to(devices, self._since).values_list(*_TOLD)
        for *told, total, moments in found.annotate(total=Count("pk"), lately=lately):
            self._sent[tuple(told)] = sorted(moments)
            self._total[told[0]] += total

    def _count_mail(self, readers: Collection[uuid.UUID]) -> None:
        mails = Delivery.objects.mailed_to(readers, self._since)
        counts = mails.values_list("notification__recipient").annotate(Count("pk"))
        self._total.update(dict(counts))

    def today(self, delivery: Delivery) -> int:
        """Count what left for the same phone or reader, but for itself."""
        again = delivery.sent_at is not None and delivery.sent_at > self._since
        return self._total[holder_of(delivery)] - again

    def lately(self, delivery: Delivery, since: datetime) -> list[datetime]:
        """Return when others of one kind about one target left for the same phone, oldest first."""
        moments = [moment for moment in self._sent[_told(delivery)] if moment > since]
        if delivery.sent_at in moments:
            moments.remove(delivery.sent_at)
        return moments

    def add(self, delivery: Delivery, now: datetime) -> None:
        """Note that one leaves now."""
        self._total[holder_of(delivery)] += 1
        self._sent[_told(delivery)].append(now)


_TOLD = ("device_id", "notification__kind", "notification__target_id")


def _told(delivery: Delivery) -> tuple[Any, ...]:
    return delivery.device_id, delivery.notification.kind, delivery.notification.target_id


def zone_of(delivery: Delivery) -> ZoneInfo:
    """Return the zone in which a device is, else that of its owner's account."""
    return _zone(delivery.phone.time_zone or delivery.notification.recipient.time_zone)


@lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    # A phone may know a zone that this machine's tables do not.
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")
