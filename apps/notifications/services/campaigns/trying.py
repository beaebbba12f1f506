"""A campaign is tried on some people before everybody gets it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from apps.accounts.models import User
from apps.core.ids import new_id
from apps.core.models import AuditEvent
from apps.devices import selectors as devices
from apps.notifications.errors import CampaignIncomplete, CampaignMoved
from apps.notifications.kinds import Channel
from apps.notifications.models import Campaign, Delivery
from apps.notifications.models.campaign import State
from apps.notifications.models.delivery import State as Fate
from apps.notifications.services.notifying import notify

_MOST = 20


@dataclass(frozen=True, slots=True)
class Trial:
    """What a test came to, as it stands: nobody was asked yet whether they got it."""

    people: int
    queued: int
    reasons: Sequence[str]

    def __str__(self) -> str:
        said = f"{self.people} told, {self.queued} pushes on their way."
        if self.reasons:
            said += f" Not pushed: {', '.join(self.reasons).replace('_', ' ')}."
        return said


def send_test(*, campaign_id: uuid.UUID, to: Sequence[str], by: uuid.UUID) -> Trial:
    """Tell some people what a campaign says, whoever else it is for, and note it in the log of staff. Commits.

    `to` are addresses of people, whose phones all ring, and ids of installations, of which each rings alone. The rules
    hold as they do for everybody. Raises CampaignIncomplete, and CampaignMoved once it was released.
    """
    with transaction.atomic():
        trying = Campaign.objects.select_for_update().filter(
            pk=campaign_id, state__in=(State.DRAFT, State.AWAITING)
        )
        if (campaign := trying.first()) is None:
            raise CampaignMoved
        if campaign.missing:
            raise CampaignIncomplete(campaign.missing)
        found = _found(to)
        key = f"test:{new_id()}"
        for user_id, device_id in found:
            notify(
                kind=campaign.kind,
                recipient_id=user_id,
                data=campaign.carried,
                key=f"{key}:{device_id or ''}"[:100],
                only=device_id,
            )
        AuditEvent.objects.note("sent a test", campaign, by=by)
    tried = {
        "notification__recipient__in": [user_id for user_id, _ in found],
        "notification__kind": campaign.kind,
        "notification__key__startswith": key,
    }
    pushes = Delivery.objects.filter(channel=Channel.PUSH, **tried)
    fates = list(pushes.values_list("state", "reason"))
    reasons = sorted({reason for state, reason in fates if state == Fate.SUPPRESSED})
    return Trial(len(found), sum(state != Fate.SUPPRESSED for state, _ in fates), reasons)


def _found(to: Sequence[str]) -> list[tuple[uuid.UUID, uuid.UUID | None]]:
    """Return whom names mean: people, or people and the one phone that is meant."""
    if not 0 < len(to) <= _MOST:
        raise CampaignIncomplete(f"Name one to {_MOST} people or installations.")
    return [_named(name) for name in dict.fromkeys(one.strip().lower() for one in to)]


def _named(name: str) -> tuple[uuid.UUID, uuid.UUID | None]:
    if "@" in name:
        if person := User.objects.live().proven(name).first():
            return person.pk, None
    elif (device := devices.device_at(name)) and device.user_id:
        return device.user_id, device.pk
    raise CampaignIncomplete(f"Nobody is known as {name}.")
