"""What the rules make of a delivery that is about to be sent: let it go, hold it, or never send it."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from django.conf import settings
from django.db.models import Count

from apps.core import statements
from apps.notifications.delivery.due import Due, array_of
from apps.notifications.kinds import KINDS, Channel, Kind
from apps.notifications.models import Delivery, Preference
from apps.notifications.rules import passes, unwanted

DAY = timedelta(days=1)
QUIET, DIGEST = "quiet_hours", "digest"
# What a delivery of a digested kind has waited for: what came meanwhile goes along with it.
HELD = (QUIET, DIGEST)
_DEFAULTS = Preference()


@dataclass(frozen=True, slots=True)
class Refusal:
    """It is never sent."""

    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """It is not sent before a moment."""

    reason: str
    until: datetime


def judge(due: Due, kind: Kind, now: datetime, history: "History") -> Refusal | Hold | None:
    """Say what the rules make of a push or mail about to be sent; None lets it go. Mail wakes nobody at night."""
    wish = _preference_of(due)
    if reason := unwanted(kind, wish, due.channel, now):
        return Refusal(reason)
    if passes(kind):
        return None
    if due.channel == Channel.EMAIL:
        return Refusal("daily_cap") if history.today(due) >= settings.MAIL_DAILY_CAP else None
    if wish.quiet_from and (ends := wish.quiet_ends(now, _zone(due.time_zone))):
        return Hold(QUIET, ends)
    if history.today(due) >= settings.PUSH_DAILY_CAP:
        return Refusal("daily_cap")
    if kind.digest and due.reason not in HELD:
        lately = history.lately(due, now - kind.digest.within)
        if len(lately) >= kind.digest.after:
            return Hold(DIGEST, lately[0] + kind.digest.within)
    return None


def _preference_of(due: Due) -> Preference:
    if due.choices_text is None:
        return _DEFAULTS
    return Preference(
        choices=orjson.loads(due.choices_text),
        quiet_from=due.quiet_from,
        quiet_until=due.quiet_until,
        muted_until=due.muted_until,
    )


@lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    # A phone may know a zone that this machine's tables do not.
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


_SENT = """
    SELECT delivery.device_id::text, told.kind, told.target_id::text, COUNT(*),
        ARRAY_AGG(delivery.sent_at ORDER BY delivery.sent_at)
            FILTER (WHERE delivery.sent_at > %s)
    FROM notifications_delivery AS delivery
    JOIN notifications_notification AS told ON told.id = delivery.notification_id
    WHERE delivery.device_id = ANY (%s::uuid[]) AND delivery.sent_at > %s
    GROUP BY 1, 2, 3
"""


class History:
    """What left in the last 24 hours for the phones, or mailboxes, of a batch: read in one query, and added to."""

    def __init__(self, batch: Iterable[Due], now: datetime) -> None:
        self._since = now - DAY
        self._sent: defaultdict[tuple[Any, ...], list[datetime]] = defaultdict(list)
        self._total: Counter[str] = Counter()
        counted = [due for due in batch if not passes(KINDS[due.kind])]
        devices = {due.device_id for due in counted if due.device_id}
        if len(devices) < len(counted):
            self._count_mail({due.recipient_id for due in counted if not due.device_id})
        if devices:
            self._read(devices, now)

    def _read(self, devices: Collection[str], now: datetime) -> None:
        longest = max((kind.digest.within for kind in KINDS.values() if kind.digest), default=DAY)
        found = statements.rows(_SENT, [now - longest, array_of(devices), self._since])
        for device_id, kind, target_id, total, moments in found:
            self._sent[device_id, kind, target_id] = list(moments or ())
            self._total[device_id] += total

    def _count_mail(self, readers: Collection[str]) -> None:
        mails = Delivery.objects.mailed_to(readers, self._since)
        counts = mails.values_list("notification__recipient").annotate(Count("pk"))
        self._total.update({str(reader): count for reader, count in counts})

    def today(self, due: Due) -> int:
        """Count what left for the same phone or reader, but for itself."""
        again = due.sent_at is not None and due.sent_at > self._since
        return self._total[due.holder_id] - again

    def lately(self, due: Due, since: datetime) -> list[datetime]:
        """Return when others of one kind about one target left for the same phone, oldest first."""
        moments = [moment for moment in self._sent[_told(due)] if moment > since]
        if due.sent_at in moments:
            moments.remove(due.sent_at)
        return moments

    def add(self, due: Due, now: datetime) -> None:
        """Note that one leaves now."""
        self._total[due.holder_id] += 1
        self._sent[_told(due)].append(now)


def _told(due: Due) -> tuple[str | None, str, str | None]:
    return due.device_id, due.kind, due.target_id
