"""A campaign begins: the installations that there are now are cut into ranges of ids, for each round of the clock."""

import uuid
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from apps.core import jobs
from apps.devices.models import Device
from apps.notifications.models import Campaign, CampaignChunk
from apps.notifications.selectors.audience import START, rounds_of

# Installations of one chunk, and seconds of its pace that one may hold: so much is on its way when a campaign pauses.
LARGEST, SECONDS = 2_000, 4
# Chunks that one step plans for each round.
_CHUNKS = 100

# The ends of ranges: every so manieth id, and the last one.
_PLAN = """
    WITH next AS (
        SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS place, COUNT(*) OVER () AS all_of_them
        FROM (
            SELECT id FROM devices_device WHERE id > %(after)s AND id <= %(last)s
            ORDER BY id LIMIT %(size)s * %(chunks)s
        ) AS installations
    ), ends AS (
        SELECT id, LAG(id, 1, %(after)s) OVER (ORDER BY id) AS after
        FROM next WHERE place %% %(size)s = 0 OR place = all_of_them
    ), planned AS (
        INSERT INTO notifications_campaignchunk
            (campaign_id, due_at, after, up_to, state, told, queued, suppressed)
        SELECT %(campaign)s, due_at, after, id, 'planned', 0, 0, 0
        FROM ends CROSS JOIN UNNEST(%(rounds)s::timestamptz[]) AS due_at
        ON CONFLICT (campaign_id, due_at, after) DO NOTHING
    )
    SELECT MAX(id::text)::uuid FROM ends
"""


def begin(campaign_id: uuid.UUID) -> bool:
    """Start a campaign whose hour has come, for the installations that there are now; False when it is not to start.

    Raises jobs.Retry before its hour.
    """
    campaign = Campaign.objects.filter(pk=campaign_id, state=Campaign.State.SCHEDULED).first()
    if campaign is None or campaign.starts_at is None:
        return False
    now = timezone.now()
    if campaign.starts_at > now:
        raise jobs.Retry(after=campaign.starts_at - now + timedelta(seconds=1), reason="not_due")
    last = Device.objects.order_by("-pk").values_list("pk", flat=True).first()
    return bool(
        Campaign.objects.filter(pk=campaign_id, starts_at=campaign.starts_at).move(
            Campaign.State.RUNNING, started_at=now, last_device=last or START
        )
    )


def plan_some(campaign_id: uuid.UUID) -> bool:
    """Cut the next ranges; tell whether there may be more. The last step notes that all are there."""
    campaign = Campaign.objects.select_for_update().get(pk=campaign_id)
    if campaign.planned_at or campaign.state in Campaign.OVER or campaign.last_device is None:
        return False
    planned = CampaignChunk.objects.filter(campaign=campaign).order_by("-up_to")
    after = planned.values_list("up_to", flat=True).first() or START
    step: dict[str, Any] = {
        "campaign": campaign_id,
        "after": after,
        "last": campaign.last_device,
        "size": size_of_chunks(campaign),
        "chunks": _CHUNKS,
        "rounds": rounds_of(campaign),
    }
    with connection.cursor() as cursor:
        cursor.execute(_PLAN, step)
        (end,) = cursor.fetchone()
    if end is not None and end < campaign.last_device:
        return True
    Campaign.objects.filter(pk=campaign_id).update(planned_at=timezone.now())
    return False


def size_of_chunks(campaign: Campaign) -> int:
    return min(LARGEST, max(20, campaign.pace * SECONDS)) if campaign.pace else LARGEST
