"""How far a campaign has come, and what came of it."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, Sum

from apps.notifications.models import Campaign, CampaignChunk, Delivery

_SAID = ("channel", "state", "provider", "failure", "reason")


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of the fan-out is written; all of it is planned only after a while."""

    done: int
    planned: int
    told: int
    queued: int
    suppressed: int

    @property
    def percent(self) -> int:
        return self.done * 100 // self.planned if self.planned else 0


def count_outcomes(campaign: Campaign) -> list[dict[str, Any]]:
    """Count a campaign's deliveries by channel, state, provider, class of failure and reason."""
    found = Delivery.objects.filter(campaign=campaign.pk).values(*_SAID)
    return list(found.annotate(deliveries=Count("*")).order_by("-deliveries", *_SAID))


def progress_of(campaign: Campaign) -> Progress:
    """Add up a campaign's chunks."""
    added = CampaignChunk.objects.filter(campaign=campaign).aggregate(
        done=Count("pk", filter=Q(state=CampaignChunk.State.DONE)),
        planned=Count("pk"),
        **{name: Sum(name, default=0) for name in ("told", "queued", "suppressed")},
    )
    return Progress(**added)
