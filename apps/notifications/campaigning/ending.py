"""What becomes of the pushes that are queued when a campaign is paused, goes on or is stopped, and when it is over."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from apps.core import jobs
from apps.notifications.campaigning.sharing import have_alone
from apps.notifications.models import Campaign, CampaignChunk, Delivery
from apps.notifications.models.delivery import State

# Rows of one step.
BATCH = 2_000
# When a push that a pause took out of the queue is due: not before it is put back.
PARKED = datetime(9000, 1, 1, tzinfo=UTC)
STOPPED = "campaign_stopped"
_LOOK_AGAIN = timedelta(seconds=5)

# Rows that somebody is about to send are passed over; whoever claims them looks at the campaign as well.
_MOVE = """
    WITH taken AS (
        SELECT id, notification_id FROM notifications_delivery
        WHERE campaign_id = %(campaign)s AND state = 'queued' AND (next_attempt_at = %(parked)s) = %(are_parked)s
        LIMIT %(most)s FOR UPDATE SKIP LOCKED
    ), numbered AS (
        SELECT id, notification_id, ROW_NUMBER() OVER (ORDER BY id) - 1 AS place FROM taken
    )
    UPDATE notifications_delivery AS delivery SET
        state = %(state)s, reason = %(reason)s, updated_at = STATEMENT_TIMESTAMP(),
        next_attempt_at = %(from)s::timestamptz + %(apart)s * place
    FROM numbered
    WHERE delivery.id = numbered.id AND delivery.notification_id = numbered.notification_id
"""


def follow_some(campaign_id: uuid.UUID) -> bool:
    """Bring queued pushes to where their campaign stands; tell whether there may be more.

    Paused, they leave the queue; running again, they come back at its pace; stopped, they end.
    """
    have_alone(campaign_id)
    campaign = Campaign.objects.select_for_update().get(pk=campaign_id)
    match campaign.state:
        case Campaign.State.PAUSED:
            return _move(campaign, state=State.QUEUED, begins=PARKED) >= BATCH
        case Campaign.State.RUNNING:
            return _unpark(campaign) >= BATCH
        case Campaign.State.STOPPED:
            gone = _move(campaign, state=State.SUPPRESSED, reason=STOPPED)
            gone += _move(campaign, state=State.SUPPRESSED, reason=STOPPED, are_parked=True)
            return gone >= BATCH
    return False


def _unpark(campaign: Campaign) -> int:
    now = timezone.now()
    begins = max(now, campaign.paced_until or now) if campaign.pace else now
    moved = _move(campaign, state=State.QUEUED, begins=begins, are_parked=True)
    Campaign.objects.filter(pk=campaign.pk).update(paced_until=begins + campaign.apart * moved)
    return moved


def _move(
    campaign: Campaign,
    *,
    state: State,
    reason: str = "",
    begins: datetime | None = None,
    are_parked: bool = False,
) -> int:
    parked = begins == PARKED
    values: dict[str, Any] = {
        "campaign": campaign.pk,
        "state": state,
        "reason": reason,
        "from": begins,
        "apart": timedelta() if parked else campaign.apart,
        "parked": PARKED,
        "are_parked": are_parked,
        "most": BATCH,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, values)
        return cursor.rowcount


def settle(campaign_id: uuid.UUID) -> bool:
    """Note that a campaign is over when its last push is; tell whether it is.

    Raises jobs.Retry while pushes are open.
    """
    running = Campaign.objects.filter(
        pk=campaign_id, state=Campaign.State.RUNNING, planned_at__isnull=False
    )
    planned = CampaignChunk.objects.filter(campaign=campaign_id, state=CampaignChunk.State.PLANNED)
    if not running.exists() or planned.exists():
        return False
    if Delivery.objects.open().filter(campaign=campaign_id).exists():
        raise jobs.Retry(after=_LOOK_AGAIN, reason="pushes_open")
    return bool(running.move(Campaign.State.FINISHED, finished_at=timezone.now()))
