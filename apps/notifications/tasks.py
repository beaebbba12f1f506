"""The back door of notifications: what is sent after the transaction that caused it, and the steps of campaigns."""

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from apps.core import jobs, streams
from apps.notifications import campaigning, delivery, selectors
from apps.notifications.streaming import bell

# A queue for each service.
streams.stream(*settings.STREAM_QUEUES, backlog=selectors.due_by_provider)(delivery.send_due)

# A step of a campaign takes a fraction of a second. A killed worker's step is another's after the lease; steps that a
# deploy interrupts are no failures.
_STEP = timedelta(seconds=10)


@jobs.job(queue="bulk", lease=_STEP, max_attempts=50)
def begin_campaign(*, campaign_id: uuid.UUID, **_: Any) -> None:
    if campaigning.begin(campaign_id):
        jobs.enqueue(plan_campaign, campaign_id=campaign_id)


@jobs.job(queue="bulk", lease=_STEP, max_attempts=50)
def plan_campaign(*, campaign_id: uuid.UUID, **_: Any) -> None:
    if campaigning.plan_some(campaign_id):
        jobs.enqueue(plan_campaign, campaign_id=campaign_id)
    write_all(campaign_id=campaign_id)


def write_all(*, campaign_id: uuid.UUID, **_: Any) -> None:
    """Have as many workers as there may be write a campaign's chunks, within the caller's transaction."""
    for writer in range(campaigning.writers_of(campaign_id)):
        key = f"{campaign_id}:write:{writer}"
        jobs.enqueue(write_campaign, key=key, campaign_id=campaign_id, writer_id=writer)


@jobs.job(queue="bulk", lease=_STEP, max_attempts=50)
def write_campaign(*, campaign_id: uuid.UUID, writer_id: int = 0, **_: Any) -> None:
    """Write one chunk, and ask for the next one in the same transaction; one of those who write side by side."""
    written = campaigning.write_next(campaign_id)
    for provider in written.providers:
        jobs.wake(provider)
    bell.ring_for(written.readers)
    if written.next_at:
        jobs.enqueue(
            write_campaign,
            # What is late goes behind what else is due, and not before all of it.
            due_at=max(written.next_at, timezone.now()),
            key=f"{campaign_id}:write:{writer_id}",
            campaign_id=campaign_id,
            writer_id=writer_id,
        )
    else:
        jobs.enqueue(settle_campaign, key=f"{campaign_id}:settle", campaign_id=campaign_id)


@jobs.job(queue="bulk", lease=_STEP, max_attempts=50)
def settle_campaign(*, campaign_id: uuid.UUID, **_: Any) -> None:
    campaigning.settle(campaign_id)


# Not behind the chunks: somebody has just said stop.
@jobs.job(queue="default", lease=_STEP, max_attempts=50)
def follow_campaign(*, campaign_id: uuid.UUID, **_: Any) -> None:
    if campaigning.follow_some(campaign_id):
        jobs.enqueue(follow_campaign, key=f"{campaign_id}:follow", campaign_id=campaign_id)
