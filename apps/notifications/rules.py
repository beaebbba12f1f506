"""The rules between a notification and a phone: what its owner does not want, what has to wait, what is one of many.

Asked when somebody is told, and again just before it is sent. Each answer is a word for the delivery's row.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Min, Q

from apps.accounts.models import User
from apps.notifications.kinds import Channel, Kind, Priority
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
    passes = kind.is_mandatory or kind.priority is Priority.URGENT
    if channel == Channel.PUSH and preference.is_muted(now) and not passes:
        return "muted"
    return ""


def judge(
    delivery: Delivery, kind: Kind, preference: Preference, now: datetime
) -> Refusal | Hold | None:
    """Say what the rules make of a push about to be sent; None lets it go. One query, none for what is urgent."""
    if reason := unwanted(kind, preference, Channel.PUSH, now):
        return Refusal(reason)
    if kind.is_mandatory or kind.priority is Priority.URGENT:
        return None
    if ends := preference.quiet_ends(now, zone_of(delivery)):
        return Hold(QUIET, ends)
    return _too_many(delivery, kind, now)


def _too_many(delivery: Delivery, kind: Kind, now: datetime) -> Refusal | Hold | None:
    sent = Delivery.objects.sent_to(delivery.phone, now - DAY).exclude(pk=delivery.pk)
    similar = Q(
        notification__kind=delivery.notification.kind,
        notification__target_id=delivery.notification.target_id,
        sent_at__gt=now - (kind.digest.within if kind.digest else DAY),
    )
    found = sent.aggregate(
        today=Count("pk"),
        lately=Count("pk", filter=similar),
        since=Min("sent_at", filter=similar),
    )
    if found["today"] >= settings.PUSH_DAILY_CAP:
        return Refusal("daily_cap")
    if kind.digest and found["lately"] >= kind.digest.after and delivery.reason not in HELD:
        return Hold(DIGEST, found["since"] + kind.digest.within)
    return None


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
