"""Who is at a campaign: many write its chunks side by side, and whoever follows it up waits until they have done.

Locks of the campaign's row would not do: those who share one let nobody in who wants it alone, for as long as there is
always somebody. These are given in the order in which they were asked for.
"""

import uuid

from django.db import connection

from apps.notifications.models import Campaign

# Chunks of one campaign that are written at once, where there are as many workers.
_WRITERS = 4


def writers_of(campaign_id: uuid.UUID) -> int:
    """Return how many may write at once: with a pace, each chunk begins where another one ended."""
    has_pace = Campaign.objects.filter(pk=campaign_id, pace__isnull=False).exists()
    return 1 if has_pace else _WRITERS


def share(campaign_id: uuid.UUID) -> None:
    """Be one of those who write, until this transaction ends."""
    _lock("SELECT pg_advisory_xact_lock_shared(%s)", campaign_id)


def have_alone(campaign_id: uuid.UUID) -> None:
    """Wait until nobody writes, and let nobody begin before this transaction ends."""
    _lock("SELECT pg_advisory_xact_lock(%s)", campaign_id)


def _lock(statement: str, campaign_id: uuid.UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [int.from_bytes(campaign_id.bytes[8:], signed=True)])
