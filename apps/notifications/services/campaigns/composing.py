"""A campaign is written, or thrown away, while it is a draft."""

import uuid

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from apps.notifications.errors import CampaignMoved
from apps.notifications.models import Campaign


def compose(*, campaign: Campaign, by: uuid.UUID) -> None:
    """Save what staff wrote, and that they wrote it. Commits. Raises CampaignMoved when it is no draft any more."""
    with transaction.atomic():
        if not campaign._state.adding:
            current = locked_draft(campaign.pk)
            campaign.composed_by = current.composed_by
            campaign.rev = F("rev") + 1
            campaign.updated_at = Now()
        campaign.composed_by = sorted({*campaign.composed_by, by})
        campaign.save()
        campaign.refresh_from_db(fields=["rev", "updated_at"])


def discard(*, campaign_id: uuid.UUID) -> None:
    """Delete a draft. Commits. Raises CampaignMoved for what was released: what people were told is not undone."""
    with transaction.atomic():
        locked_draft(campaign_id).delete()


def locked_draft(campaign_id: uuid.UUID) -> Campaign:
    draft = Campaign.objects.select_for_update().filter(pk=campaign_id, state=Campaign.State.DRAFT)
    if (campaign := draft.first()) is None:
        raise CampaignMoved
    return campaign
