"""Whom a campaign reaches: installations, walked by their ids in bounded steps, each judged as flags judge them.

However few fit, a step reads so many rows of the primary key and no more.
"""

import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import available_timezones

from django.db.models import Value
from django.db.models.functions import Coalesce, NullIf
from django.utils import timezone

from apps.accounts.models import User
from apps.core import flags
from apps.core.clients import Client
from apps.core.flags import Context
from apps.devices.models import Device
from apps.devices.querysets import DeviceQuerySet
from apps.notifications.models import Campaign

# Before the first of all ids.
START = uuid.UUID(int=0)
# Counting goes no further than that: rows read in a step, people found, seconds.
_STEP, ENOUGH, PATIENCE = 5_000, 20_000, 0.7


@dataclass(frozen=True, slots=True)
class Reached:
    """One installation that fits; `silence` says why push does not find it, "" where it does."""

    device_id: uuid.UUID
    user_id: uuid.UUID
    provider: str
    silence: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many installations fit: exactly so many, or more than so many where counting stopped."""

    installations: int
    is_all: bool

    def __str__(self) -> str:
        return f"{'' if self.is_all else 'more than '}{self.installations:,}"


def audience_in(campaign: Campaign, after: uuid.UUID, up_to: uuid.UUID) -> list[Reached]:
    """Return the installations of a range of ids, without its lower end, that fit what a campaign asks for."""
    return _fitting(campaign, _walked(campaign).filter(pk__gt=after, pk__lte=up_to))


def audience_at(
    campaign: Campaign, due_at: datetime, after: uuid.UUID, up_to: uuid.UUID
) -> list[Reached]:
    """Return those whom the clock of their zone puts into one round; the last round takes all the rest."""
    devices = _walked(campaign).filter(pk__gt=after, pk__lte=up_to)
    *_, last = rounds_of(campaign)
    if due_at != last:
        zones = [name for name, moment in _moments(campaign).items() if moment == due_at]
        devices = devices.filter(zone__in=zones)
    return _fitting(campaign, devices)


def rounds_of(campaign: Campaign) -> list[datetime]:
    """Return the moments at which somebody is told: one, or one for each offset that the world's clocks have."""
    assert campaign.starts_at  # noqa: S101 - asked of what was released
    if not campaign.is_local:
        return [campaign.starts_at]
    return sorted(set(_moments(campaign).values()))


def starts_at(campaign: Campaign, now: datetime) -> datetime:
    """Return the first moment at which somebody is to be told, not before now."""
    if campaign.send_on is None:
        return now
    zones = _zones() if campaign.is_local else {campaign.time_zone}
    return max(now, min(campaign.moment_in(zone) for zone in zones))


def count_audience(campaign: Campaign) -> Count:
    """Count the installations that fit now, as far as it can be done while somebody waits."""
    began, found, after = time.monotonic(), 0, START
    while found < ENOUGH and time.monotonic() - began < PATIENCE:
        up_to = end_of_step(after, _STEP)
        if up_to is None:
            return Count(found, is_all=True)
        found += len(audience_in(campaign, after, up_to))
        after = up_to
    return Count(found, is_all=end_of_step(after, 1) is None)


def end_of_step(after: uuid.UUID, size: int) -> uuid.UUID | None:
    """Return the last of the next so many ids, None when there are none."""
    ids = Device.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)
    found = list(ids[size - 1 : size]) or list(ids.reverse()[:1])
    return found[0] if found else None


def _walked(campaign: Campaign) -> DeviceQuerySet:
    """What Postgres can say of installations and those who hold them."""
    now = timezone.now()
    devices = Device.objects.filter(user__is_active=True, user__deleted_at=None)
    if campaign.platforms:
        devices = devices.filter(platform__in=campaign.platforms)
    if campaign.seen_within_days:
        devices = devices.filter(last_seen_at__gte=now - timedelta(campaign.seen_within_days))
    if campaign.unseen_for_days:
        devices = devices.filter(last_seen_at__lt=now - timedelta(campaign.unseen_for_days))
    if campaign.groups:
        members = User.groups.through.objects.filter(group__name__in=campaign.groups)
        devices = devices.filter(user__in=members.values("user_id"))
    return devices.annotate(
        zone=Coalesce(NullIf("time_zone", Value("")), "user__time_zone"),
        language=Coalesce(NullIf("locale", Value("")), "user__locale"),
    ).order_by("pk")


_COLUMNS = (
    *("pk", "user_id", "push_provider", "push_silenced_reason"),
    *("platform", "app_version", "installation_id", "language"),
)


def _fitting(campaign: Campaign, devices: DeviceQuerySet) -> list[Reached]:
    flag = flags.rules.get().flags.get(campaign.flag)
    if campaign.flag and flag is None:
        return []
    # What depends on version and language alone is asked once for each.
    asked = flags.Ruleset([_target(campaign), *([flag] if flag else [])])
    everything, found = (1 << len(asked.flags)) - 1, []
    for pk, user_id, provider, silence, *said in devices.values_list(*_COLUMNS):
        platform, version, installation_id, language = said
        client = Client(platform, version, installation_id, language.lower())
        if asked.bits(Context(client, user_id)) == everything:
            found.append(
                Reached(pk, user_id, provider, "" if provider else silence or "no_address")
            )
    return found


def _target(campaign: Campaign) -> flags.Flag:
    """Write what a campaign asks of an installation as a flag of its own: one way to say who gets what."""
    return flags.Flag(
        key=f"campaign:{campaign.pk}",
        platforms=frozenset(campaign.platforms),
        minimum_version=campaign.minimum_version,
        below_version=campaign.below_version,
        locales=frozenset(campaign.locales),
        share=int(campaign.percentage * 100),
    )


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _moments(campaign: Campaign) -> dict[str, datetime]:
    """Return when each zone of the world is told: by its own clock, at once where that hour is over."""
    assert campaign.starts_at  # noqa: S101 - asked of what was released
    return {zone: max(campaign.starts_at, campaign.moment_in(zone)) for zone in _zones()}
