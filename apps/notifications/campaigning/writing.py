"""The fan-out: what a chunk's installations are told is written at once, the inbox, its count and the ledger."""

import json
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, connection
from django.utils import timezone
from psycopg.errors import DeadlockDetected, LockNotAvailable

from apps.core import jobs
from apps.core.cache import ProcessCopy
from apps.notifications import rules
from apps.notifications.campaigning.sharing import share
from apps.notifications.kinds import KINDS, Channel
from apps.notifications.models import Campaign, CampaignChunk, Preference
from apps.notifications.models.delivery import Turn
from apps.notifications.providers.smtp import SMTP
from apps.notifications.selectors.audience import Reached, audience_at

# Whoever tells or marks something holds the count of an inbox for a moment. This much we wait for it, less than the
# second after which Postgres looks for circles of those who wait: then we are the one that gives way.
_PATIENCE = "SET LOCAL lock_timeout = '400ms'"

# How long before its first push a chunk may be written.
_AHEAD = timedelta(seconds=2)

# What is told and its place in the reader's count are one statement, so that they are there together. A reader with
# several phones is told once, in whichever chunk comes first.
_TELL = """
    WITH readers AS MATERIALIZED (
        SELECT * FROM UNNEST(%(readers)s::uuid[], %(in_app)s::text[], %(mails)s::text[])
            AS found (person_id, reason, mail)
    ), told AS (
        INSERT INTO notifications_notification (recipient_id, kind, category, data, key, listed)
        SELECT person_id, %(kind)s, %(category)s, %(data)s::jsonb, %(key)s, reason = '' FROM readers
        ON CONFLICT (recipient_id, kind, key) DO NOTHING
        RETURNING id, recipient_id, listed
    ), counted AS (
        INSERT INTO notifications_inbox AS inbox (user_id, unread)
        SELECT recipient_id, 1 FROM told WHERE listed ORDER BY recipient_id
        ON CONFLICT (user_id) DO UPDATE SET unread = inbox.unread + 1
    ), unlisted AS (
        INSERT INTO notifications_delivery
            (notification_id, campaign_id, channel, state, reason, expires_at, priority)
        SELECT id, %(campaign)s, 'in_app', 'suppressed', reason, %(from)s, %(turn)s
        FROM told JOIN readers ON recipient_id = person_id WHERE NOT listed
        ON CONFLICT (notification_id, device_id, channel) DO NOTHING
        RETURNING state
    ), mailed AS (
        INSERT INTO notifications_delivery
            (notification_id, campaign_id, channel, provider, state, reason, priority, next_attempt_at, expires_at)
        SELECT id, %(campaign)s, 'email', %(smtp)s, CASE WHEN mail = '' THEN 'queued' ELSE 'suppressed' END, mail,
            %(turn)s, CASE WHEN mail = '' THEN %(from)s END, %(from)s + %(life)s
        FROM told JOIN readers ON recipient_id = person_id WHERE mail IS NOT NULL
        ON CONFLICT (notification_id, device_id, channel) DO NOTHING
        RETURNING state
    )
    SELECT (SELECT COUNT(*) FROM told), (SELECT COUNT(*) FROM mailed WHERE state = 'queued'),
        (SELECT COUNT(*) FROM unlisted) + (SELECT COUNT(*) FROM mailed WHERE state = 'suppressed')
"""

# Each phone has its own row, and no second one. A statement of its own: it must see what a chunk beside this one has
# told a reader of both, and an insert that waited for that chunk still looks at what there was before.
_PUSH = """
    WITH pushes AS (
        INSERT INTO notifications_delivery
            (notification_id, device_id, campaign_id, channel, provider, state, reason, priority,
             next_attempt_at, expires_at)
        SELECT told.id, device_id, %(campaign)s, 'push', provider,
            CASE WHEN reason = '' THEN 'queued' ELSE 'suppressed' END, reason, %(turn)s,
            CASE WHEN reason = '' THEN goes_at END, goes_at + %(life)s
        FROM (
            SELECT *, %(from)s + %(apart)s * (ROW_NUMBER() OVER (PARTITION BY reason = '' ORDER BY place) - 1)
                AS goes_at
            FROM UNNEST(%(devices)s::uuid[], %(owners)s::uuid[], %(providers)s::text[], %(reasons)s::text[])
                WITH ORDINALITY AS found (device_id, person_id, provider, reason, place)
        ) AS spread
        JOIN notifications_notification AS told
            ON recipient_id = person_id AND kind = %(kind)s AND key = %(key)s
        ON CONFLICT (notification_id, device_id, channel) DO NOTHING
        RETURNING state
    )
    SELECT COUNT(*) FILTER (WHERE state = 'queued'), COUNT(*) FILTER (WHERE state = 'suppressed') FROM pushes
"""


@dataclass(frozen=True, slots=True)
class Written:
    """When there is more to write, None when there is not; which services have something to send, and who was told."""

    next_at: datetime | None
    providers: Collection[str] = ()
    readers: Collection[uuid.UUID] = ()


def write_next(campaign_id: uuid.UUID) -> Written:
    """Write the next chunk that is due and nobody has, unless the campaign does not run; within its job's transaction.

    Raises jobs.Retry when a reader's count could not be had in time.
    """
    with connection.cursor() as cursor:
        cursor.execute(_PATIENCE)
    try:
        return _next(_writable(campaign_id))
    except OperationalError as refusal:
        if isinstance(refusal.__cause__, LockNotAvailable | DeadlockDetected):
            raise jobs.Retry(after=timedelta(milliseconds=200), reason="inbox_busy") from refusal
        raise


def _writable(campaign_id: uuid.UUID) -> Campaign:
    """Return a campaign as it stands; where it goes is followed up when this chunk is written, not before.

    Where there is a pace each chunk begins where another one ended, so they go one after another.
    """
    share(campaign_id)
    campaign = Campaign.objects.get(pk=campaign_id)
    return Campaign.objects.select_for_update().get(pk=campaign_id) if campaign.pace else campaign


def _next(campaign: Campaign) -> Written:
    planned = CampaignChunk.objects.filter(
        campaign=campaign, state=CampaignChunk.State.PLANNED
    ).order_by("due_at", "after")
    # What others are writing is theirs; they look for what is left when they have done.
    chunk = planned.select_for_update(skip_locked=True).first()
    if campaign.state != Campaign.State.RUNNING or chunk is None:
        return Written(None)
    now = timezone.now()
    if (due := _due(campaign, chunk)) > now:
        return Written(due)
    ProcessCopy.look()
    reached = audience_at(campaign, chunk.due_at, chunk.after, chunk.up_to)
    others = _write(campaign, chunk, reached, now)
    following = planned.first()
    return Written(
        _due(campaign, following) if following else None,
        providers={one.provider for one in reached if one.provider} | others,
        readers={one.user_id for one in reached},
    )


def _due(campaign: Campaign, chunk: CampaignChunk) -> datetime:
    """Return when a chunk is written: in its round, and little ahead of the pace."""
    if campaign.pace is None or campaign.paced_until is None:
        return chunk.due_at
    return max(chunk.due_at, campaign.paced_until - _AHEAD)


def _write(
    campaign: Campaign, chunk: CampaignChunk, reached: Sequence[Reached], now: datetime
) -> set[str]:
    """Write all of a chunk; return which services beside those of its phones have something to send."""
    begins = max(now, campaign.paced_until or now) if campaign.pace else now
    told = mailed = queued = suppressed = 0
    if reached:
        values = _values(campaign, reached, begins)
        with connection.cursor() as cursor:
            cursor.execute(_TELL, values)
            told, mailed, unsent = cursor.fetchone()
            cursor.execute(_PUSH, values)
            queued, suppressed = cursor.fetchone()
        suppressed += unsent
    CampaignChunk.objects.filter(pk=chunk.pk).update(
        state=CampaignChunk.State.DONE,
        done_at=timezone.now(),
        told=told,
        queued=queued + mailed,
        suppressed=suppressed,
    )
    if campaign.pace:
        campaign.paced_until = begins + campaign.apart * queued
        Campaign.objects.filter(pk=campaign.pk).update(paced_until=campaign.paced_until)
    return {SMTP} if mailed else set()


def _values(campaign: Campaign, reached: Sequence[Reached], begins: datetime) -> dict[str, Any]:
    kind = KINDS[campaign.kind]
    owners = {one.user_id for one in reached}
    wishes = {one.user_id: one for one in Preference.objects.filter(user__in=owners)}
    usual = {one: rules.unwanted(kind, Preference(), one, begins) for one in Channel}

    def unwanted(user_id: uuid.UUID, channel: Channel) -> str:
        wish = wishes.get(user_id)
        return rules.unwanted(kind, wish, channel, begins) if wish else usual[channel]

    def unwanted_mail(user_id: uuid.UUID) -> str | None:
        wish, reason = wishes.get(user_id, Preference()), unwanted(user_id, Channel.EMAIL)
        return None if rules.is_no_way(kind, wish, Channel.EMAIL, reason) else reason

    readers = sorted(owners)
    return {
        "campaign": campaign.pk,
        "kind": campaign.kind,
        "category": kind.category.value,
        "data": json.dumps(campaign.carried),
        "key": str(campaign.pk),
        "turn": Turn.CAMPAIGN.value,
        "from": begins,
        "apart": campaign.apart,
        "life": kind.life,
        "devices": [one.device_id for one in reached],
        "owners": [one.user_id for one in reached],
        "providers": [one.provider for one in reached],
        "reasons": [unwanted(one.user_id, Channel.PUSH) or one.silence for one in reached],
        "readers": readers,
        "in_app": [unwanted(user_id, Channel.IN_APP) for user_id in readers],
        "mails": [unwanted_mail(user_id) for user_id in readers],
        "smtp": SMTP,
    }
