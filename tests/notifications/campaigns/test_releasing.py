"""From a draft to the last push: who may let a campaign go, and what it may become."""

import uuid
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.db import ProgrammingError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from apps.core.models import Job
from apps.notifications.errors import CampaignIncomplete, CampaignMoved, SameEyes
from apps.notifications.models import Campaign, CampaignChunk, Delivery
from apps.notifications.models.campaign import State
from apps.notifications.services import campaigns
from tests.notifications.campaigns.desk import (
    CONTENT,
    composed,
    composer,
    crowd,
    released,
    told,
    written,
)
from tests.outbox import drain

pytestmark = pytest.mark.django_db

FATES = {
    State.DRAFT: {"awaiting", "scheduled"},
    State.AWAITING: {"draft", "scheduled"},
    State.SCHEDULED: {"draft", "running", "stopped"},
    State.RUNNING: {"paused", "finished", "stopped"},
    State.PAUSED: {"running", "stopped"},
    State.FINISHED: set(),
    State.STOPPED: set(),
}


def drain_until(moment: datetime) -> None:
    """Run once what is due by then, and what that asks for at once."""
    Job.objects.filter(state="pending", available_at__lte=moment).update(available_at=Now())
    drain(sending=False)


def state_of(campaign: Campaign) -> str:
    campaign.refresh_from_db()
    return campaign.state


def test_a_state_follows_only_what_may_come_before_it() -> None:
    campaign = composed()
    now, somebody = timezone.now(), composer().pk
    out = {"released_at": now, "starts_at": now, "released_by": somebody}
    kept_in = dict.fromkeys(out)
    row = Campaign.objects.filter(pk=campaign.pk)
    for before in State:
        reached = set()
        for after in State:
            row.update(state=before, **(kept_in if before in {"draft", "awaiting"} else out))
            moved = kept_in if after in {"draft", "awaiting"} else out
            if row.move(after, **moved):
                reached.add(after.value)
        assert reached == FATES[before], before


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"de": CONTENT["de"]},
        {"en": {"title": "Only a title", "body": ""}},
        {"en": CONTENT["en"], "de": {"title": "", "body": "Nur ein Text"}},
    ],
)
def test_what_is_half_said_is_not_released(content: dict[str, Any]) -> None:
    campaign = composed(content=content)

    for verb in (
        lambda: campaigns.release(campaign_id=campaign.pk, by=composer().pk),
        lambda: campaigns.submit(campaign_id=campaign.pk),
    ):
        with pytest.raises(CampaignIncomplete):
            verb()
    assert state_of(campaign) == "draft"


@pytest.mark.parametrize("asked", [{"groups": ["Nobody"]}, {"flag": "no-such-flag"}])
def test_an_audience_that_does_not_exist_is_refused(asked: dict[str, Any]) -> None:
    campaign = composed(**asked)

    with pytest.raises(CampaignIncomplete):
        campaigns.release(campaign_id=campaign.pk, by=composer().pk)


def test_an_hour_that_is_over_is_refused() -> None:
    campaign = composed(send_on=date(2020, 1, 1), send_at=time(9))

    with pytest.raises(CampaignIncomplete):
        campaigns.release(campaign_id=campaign.pk, by=composer().pk)


def test_a_language_that_nobody_wrote_falls_back() -> None:
    assert composed(content={"en": CONTENT["en"]}).missing == ""


def test_who_wrote_at_it_does_not_release_it_where_four_eyes_are_asked_for(settings: Any) -> None:
    settings.CAMPAIGN_FOUR_EYES = True
    first, second, third = composer("first"), composer("second"), composer("third")
    campaign = composed(first)
    campaigns.compose(campaign=campaign, by=second.pk)

    with pytest.raises(CampaignMoved):
        campaigns.release(campaign_id=campaign.pk, by=third.pk)
    campaigns.submit(campaign_id=campaign.pk)
    for writer in (first, second):
        with pytest.raises(SameEyes):
            campaigns.release(campaign_id=campaign.pk, by=writer.pk)
    campaigns.release(campaign_id=campaign.pk, by=third.pk)

    assert state_of(campaign) == "scheduled"
    assert campaign.released_by_id == third.pk


def test_it_starts_at_its_hour_and_not_before() -> None:
    (phone,) = crowd(1)
    hour = (timezone.now() + timedelta(hours=2)).replace(second=0, microsecond=0)
    campaign = released(send_on=hour.date(), send_at=hour.time())

    drain(sending=False)
    assert state_of(campaign) == "scheduled"

    with time_machine.travel(hour + timedelta(seconds=1)):
        drain_until(hour + timedelta(seconds=1))
    assert state_of(campaign) == "running"
    assert told(campaign) == [phone.pk]


def test_taken_back_it_is_a_draft_and_its_old_hour_starts_nothing() -> None:
    crowd(1)
    hour = (timezone.now() + timedelta(hours=2)).replace(second=0, microsecond=0)
    campaign = released(send_on=hour.date(), send_at=hour.time())

    campaigns.take_back(campaign_id=campaign.pk)
    campaign.refresh_from_db()
    campaign.send_on = hour.date() + timedelta(days=1)
    campaigns.compose(campaign=campaign, by=composer().pk)
    campaigns.release(campaign_id=campaign.pk, by=composer().pk)
    with time_machine.travel(hour + timedelta(seconds=1)):
        drain_until(hour + timedelta(seconds=1))

    assert state_of(campaign) == "scheduled"
    assert told(campaign) == []


def test_what_was_released_is_written_at_no_more_and_kept() -> None:
    crowd(1)
    campaign = written()

    with pytest.raises(CampaignMoved):
        campaigns.compose(campaign=campaign, by=composer().pk)
    with pytest.raises(CampaignMoved):
        campaigns.discard(campaign_id=campaign.pk)
    # Nor by any other way.
    CampaignChunk.objects.all().delete()
    with pytest.raises(ProgrammingError), transaction.atomic():
        Campaign.objects.filter(pk=campaign.pk).delete()
    assert Campaign.objects.filter(pk=campaign.pk).exists()


def test_a_draft_can_be_thrown_away() -> None:
    campaign = composed()

    campaigns.discard(campaign_id=campaign.pk)

    assert not Campaign.objects.exists()


def test_it_is_finished_when_its_last_push_is_settled() -> None:
    crowd(2)
    campaign = written()
    assert state_of(campaign) == "running"

    Delivery.objects.filter(campaign=campaign).move("suppressed", reason="test")
    drain_until(timezone.now() + timedelta(seconds=10))

    assert state_of(campaign) == "finished"
    assert campaign.finished_at


def test_a_campaign_to_nobody_is_finished_at_once() -> None:
    assert written(platforms=["web"]).state == "finished"


@pytest.mark.parametrize("verb", [campaigns.pause, campaigns.resume, campaigns.stop])
def test_what_is_absent_or_elsewhere_moved_is_refused(verb: Any) -> None:
    draft = composed()

    for campaign_id in (draft.pk, uuid.uuid4()):
        with pytest.raises(CampaignMoved):
            verb(campaign_id=campaign_id)
