"""A campaign under way is held, let go on, or ended. Whoever is about to send looks at it first (`delivery/`)."""

import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.core import jobs
from apps.notifications import tasks
from apps.notifications.errors import CampaignMoved
from apps.notifications.models import Campaign
from apps.notifications.models.campaign import State


def pause(*, campaign_id: uuid.UUID) -> None:
    """Tell nobody more until it goes on. Commits. Raises CampaignMoved unless it runs."""
    _move(campaign_id, State.PAUSED)


def resume(*, campaign_id: uuid.UUID) -> None:
    """Go on where it was paused. Commits. Raises CampaignMoved unless it is paused."""
    with transaction.atomic():
        if not Campaign.objects.filter(pk=campaign_id, state=State.PAUSED).move(State.RUNNING):
            raise CampaignMoved
        jobs.enqueue(tasks.follow_campaign, key=f"{campaign_id}:follow", campaign_id=campaign_id)
        tasks.write_all(campaign_id=campaign_id)


def stop(*, campaign_id: uuid.UUID) -> None:
    """Tell nobody more, ever; what is queued ends as suppressed. Commits. Raises CampaignMoved when it is over."""
    _move(campaign_id, State.STOPPED, finished_at=timezone.now())


def _move(campaign_id: uuid.UUID, state: State, **changes: Any) -> None:
    with transaction.atomic():
        if not Campaign.objects.filter(pk=campaign_id).move(state, **changes):
            raise CampaignMoved
        jobs.enqueue(tasks.follow_campaign, key=f"{campaign_id}:follow", campaign_id=campaign_id)
