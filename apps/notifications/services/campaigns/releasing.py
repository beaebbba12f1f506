"""A campaign goes out of its writers' hands, and comes back while nobody was told."""

import uuid

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from apps.core import jobs
from apps.devices import selectors as devices
from apps.notifications import tasks
from apps.notifications.errors import CampaignIncomplete, CampaignMoved, SameEyes
from apps.notifications.models import Campaign
from apps.notifications.models.campaign import State
from apps.notifications.selectors import audience


def submit(*, campaign_id: uuid.UUID) -> None:
    """Ask for a second pair of eyes. Commits. Raises CampaignMoved, CampaignIncomplete."""
    with transaction.atomic():
        campaign = _locked(campaign_id, State.DRAFT)
        _check(campaign)
        Campaign.objects.filter(pk=campaign_id).move(State.AWAITING)


def release(*, campaign_id: uuid.UUID, by: uuid.UUID) -> None:
    """Let a campaign go out at its hour. Commits.

    Raises CampaignMoved, CampaignIncomplete, and SameEyes where two pairs are asked for (`CAMPAIGN_FOUR_EYES`) and
    these have written at it.
    """
    with transaction.atomic():
        two_pairs = settings.CAMPAIGN_FOUR_EYES
        campaign = _locked(
            campaign_id, *((State.AWAITING,) if two_pairs else Campaign.BEFORE[State.SCHEDULED])
        )
        if two_pairs and by in campaign.composed_by:
            raise SameEyes
        _check(campaign)
        now = timezone.now()
        starts_at = audience.starts_at(campaign, now)
        Campaign.objects.filter(pk=campaign_id).move(
            State.SCHEDULED, released_by=by, released_at=now, starts_at=starts_at
        )
        jobs.enqueue(
            tasks.begin_campaign,
            due_at=starts_at if starts_at > now else None,
            campaign_id=campaign_id,
        )


def take_back(*, campaign_id: uuid.UUID) -> None:
    """Make a campaign that has not started a draft again. Commits. Raises CampaignMoved."""
    nobody = {"released_by": None, "released_at": None, "starts_at": None}
    with transaction.atomic():
        if not Campaign.objects.filter(pk=campaign_id).move(State.DRAFT, **nobody):
            raise CampaignMoved


def _locked(campaign_id: uuid.UUID, *states: str) -> Campaign:
    found = Campaign.objects.select_for_update().filter(pk=campaign_id, state__in=states)
    if (campaign := found.first()) is None:
        raise CampaignMoved
    return campaign


def _check(campaign: Campaign) -> None:
    """Refuse what would reach people half said, or nobody at all."""
    if missing := campaign.missing:
        raise CampaignIncomplete(missing)
    if campaign.flag and campaign.flag not in devices.flag_rules().flags:
        raise CampaignIncomplete(f"There is no flag {campaign.flag}.")
    known = set(Group.objects.filter(name__in=campaign.groups).values_list("name", flat=True))
    if unknown := set(campaign.groups) - known:
        raise CampaignIncomplete(f"There is no group {min(unknown)}.")
    # Where its hour comes last.
    zone = campaign.time_zone or "Etc/GMT+12"
    if campaign.send_on and campaign.moment_in(zone) < timezone.now():
        raise CampaignIncomplete("The hour at which it should go is over.")
