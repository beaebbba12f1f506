"""What came of a campaign, counted in the ledger, and kept for when the ledger's months are gone."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from apps.notifications.models import Campaign
from apps.notifications.selectors.campaigns import count_outcomes

# Phones still say that somebody opened it; after so long nobody counts any more.
COUNTED_FOR = timedelta(days=30)
# A count is good for two seconds, and for so many times as long as it took: many who watch cost a twentieth of a core.
_GOOD_FOR, _TIMES = timedelta(seconds=2), 20


def outcomes_of(campaign: Campaign) -> list[dict[str, Any]]:
    """Return what the ledger says of a campaign, counted anew where the last count is too old. Commits."""
    now = timezone.now()
    if campaign.counted_at is None or (_is_counted(campaign, now) and _is_old(campaign, now)):
        began = time.monotonic()
        campaign.outcomes = count_outcomes(campaign)
        campaign.counted_at = now
        campaign.counted_in_ms = round((time.monotonic() - began) * 1000)
        Campaign.objects.filter(pk=campaign.pk).update(
            outcomes=campaign.outcomes,
            counted_at=campaign.counted_at,
            counted_in_ms=campaign.counted_in_ms,
        )
    return campaign.outcomes


def keep_outcomes() -> int:
    """Count every campaign that may still change; return how many. Commits each."""
    since = timezone.now() - COUNTED_FOR
    changing = Campaign.objects.filter(started_at__isnull=False).filter(
        Q(finished_at=None) | Q(finished_at__gt=since)
    )
    return sum(1 for _ in _counted(changing))


def _counted(campaigns: Any) -> Iterator[Campaign]:
    for campaign in campaigns:
        outcomes_of(campaign)
        yield campaign


def _is_counted(campaign: Campaign, now: Any) -> bool:
    return campaign.finished_at is None or campaign.finished_at > now - COUNTED_FOR


def _is_old(campaign: Campaign, now: Any) -> bool:
    assert campaign.counted_at  # noqa: S101 - asked after that
    took = timedelta(milliseconds=campaign.counted_in_ms)
    return now - campaign.counted_at > max(_GOOD_FOR, took * _TIMES)
