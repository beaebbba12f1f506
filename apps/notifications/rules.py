"""The rules between a notification and a phone: what its owner does not want, what has to wait, what is one of many.

Asked when somebody is told, and again just before it is sent. Each answer is a word for the delivery's row.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
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
    if channel == Channel.PUSH and preference.is_muted(now) and not passes(kind):
        return "muted"
    return ""


def judge(
    delivery: Delivery, kind: Kind, preference: Preference, now: datetime, history: History
) -> Refusal | Hold | None:
    """Say what the rules make of a push about to be sent; None lets it go."""
    if reason := unwanted(kind, preference, delivery.channel, now):
        return Refusal(reason)
    if passes(kind):
        return None
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


class History:
    """What left in the last 24 hours for the phones of a batch, read in one query; what leaves now is added."""

    def __init__(self, deliveries: Iterable[Delivery], now: datetime) -> None:
        self._since = now - DAY
        self._sent: dict[tuple[Any, ...], list[datetime]] = defaultdict(list)
        self._total: Counter[Any] = Counter()
        devices = {one.device_id for one in deliveries if not passes(KINDS[one.notification.kind])}
        if not devices:
            return
        longest = max((kind.digest.within for kind in KINDS.values() if kind.digest), default=DAY)
        lately = ArrayAgg("sent_at", filter=Q(sent_at__gt=now - longest), default=Value([]))
        found = Delivery.objects.sent_to(devices, self._since).values_list(*_TOLD)
        for *told, total, moments in found.annotate(total=Count("pk"), lately=lately):
            self._sent[tuple(told)] = sorted(moments)
            self._total[told[0]] += total

    def today(self, delivery: Delivery) -> int:
        """Count what left for the same phone, but for itself."""
        again = delivery.sent_at is not None and delivery.sent_at > self._since
        return self._total[delivery.device_id] - again

    def lately(self, delivery: Delivery, since: datetime) -> list[datetime]:
        """Return when others of one kind about one target left for the same phone, oldest first."""
        moments = [moment for moment in self._sent[_told(delivery)] if moment > since]
        if delivery.sent_at in moments:
            moments.remove(delivery.sent_at)
        return moments

    def add(self, delivery: Delivery, now: datetime) -> None:
        """Note that one leaves now."""
        self._total[delivery.device_id] += 1
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
