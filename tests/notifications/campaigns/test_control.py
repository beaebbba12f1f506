"""Paused, resumed, stopped: what is queued and unsent stays unsent, and what everybody else sends overtakes it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.notifications.campaigning.ending import PARKED
from apps.notifications.models import Campaign, Delivery
from apps.notifications.models.delivery import Turn
from apps.notifications.selectors import campaigns as selectors
from apps.notifications.services import campaigns
from tests.devices.pockets import another_phone_of, reachable
from tests.fakes.fcm import FakeFcm
from tests.notifications.campaigns.desk import composed, composer, crowd, released, written
from tests.notifications.news import tell
from tests.outbox import drain
from tests.phone import Phone

pytestmark = pytest.mark.django_db


def states(campaign: Campaign) -> dict[str, int]:
    counted: dict[str, int] = {}
    for one in selectors.count_outcomes(campaign):
        counted[one["state"]] = counted.get(one["state"], 0) + one["deliveries"]
    return counted


def given(fcm: FakeFcm) -> list[str]:
    return [one["message"]["notification"]["title"] for one in fcm.accepted()]


@pytest.fixture
def reader(author: Phone) -> Phone:
    """Somebody with three phones."""
    reachable(author, "phone-1")
    for number in (2, 3):
        reachable(another_phone_of(author, platform="android"), f"phone-{number}")
    return author


def test_it_goes_to_every_phone_in_its_language_with_what_it_opens(
    fcm: FakeFcm, reader: Phone
) -> None:
    campaign = released(link="app://harbour", image="https://cdn.test/harbour.png")

    drain()

    (message, *more) = [one["message"] for one in fcm.accepted()]
    assert len(more) == 2
    assert message["notification"]["title"] == "Der Hafen ist offen"
    assert message["notification"]["image"] == "https://cdn.test/harbour.png"
    assert message["data"]["link"] == "app://harbour"
    assert states(campaign) == {"accepted": 3}
    drain(until=timezone.now() + timedelta(seconds=10))
    campaign.refresh_from_db()
    assert campaign.state == "finished"


def test_paused_nothing_leaves_and_resumed_all_of_it_does(fcm: FakeFcm, reader: Phone) -> None:
    campaign = written()
    campaigns.pause(campaign_id=campaign.pk)

    # Before anything was taken out of the queue, and after.
    drain()
    assert fcm.accepted() == []
    assert set(
        Delivery.objects.filter(campaign=campaign).values_list("next_attempt_at", flat=True)
    ) == {PARKED}

    campaigns.resume(campaign_id=campaign.pk)
    drain()
    assert len(fcm.accepted()) == 3
    assert states(campaign) == {"accepted": 3}


def test_the_claim_itself_looks_at_the_campaign(fcm: FakeFcm, reader: Phone) -> None:
    campaign = written()
    for state in ("paused", "stopped"):
        Campaign.objects.filter(pk=campaign.pk).update(state=state)
        drain()
        assert fcm.accepted() == []
    Campaign.objects.filter(pk=campaign.pk).update(state="running")
    drain()
    assert len(fcm.accepted()) == 3


def test_stopped_what_is_queued_ends_with_its_reason(fcm: FakeFcm, reader: Phone) -> None:
    campaign = written()
    campaigns.pause(campaign_id=campaign.pk)
    drain()

    campaigns.stop(campaign_id=campaign.pk)
    drain()

    assert fcm.accepted() == []
    assert states(campaign) == {"suppressed": 3}
    assert {one["reason"] for one in selectors.count_outcomes(campaign)} == {"campaign_stopped"}
    campaign.refresh_from_db()
    assert campaign.finished_at


def test_stopped_before_its_hour_nobody_is_told(fcm: FakeFcm, reader: Phone) -> None:
    campaign = released()

    campaigns.stop(campaign_id=campaign.pk)
    drain()

    assert states(campaign) == {}


def test_resumed_it_keeps_its_pace(monkeypatch: Any) -> None:
    crowd(8)
    campaign = written(pace=2)
    campaigns.pause(campaign_id=campaign.pk)
    drain(sending=False)
    campaigns.resume(campaign_id=campaign.pk)
    drain(sending=False)

    due = sorted(
        Delivery.objects.filter(campaign=campaign).values_list("next_attempt_at", flat=True)
    )

    assert len(due) == 8
    assert due[-1] - due[0] == timedelta(seconds=3.5)


def test_what_somebody_waits_for_overtakes_it(fcm: FakeFcm, reader: Phone, settings: Any) -> None:
    settings.PUSH_IN_FLIGHT = 1
    campaign = written()
    tell(reader)

    drain()

    titles = given(fcm)
    assert len(titles) == 6
    assert "Der Hafen ist offen" not in titles[:3]
    assert set(Delivery.objects.filter(campaign=campaign).values_list("priority", flat=True)) == {
        Turn.CAMPAIGN
    }


def test_a_test_reaches_whom_it_names_and_counts_for_nothing(fcm: FakeFcm, reader: Phone) -> None:
    campaign = composed()
    one_phone = campaigns.send_test(
        campaign_id=campaign.pk, to=[reader.installation_id], by=composer().pk
    )
    all_phones = campaigns.send_test(campaign_id=campaign.pk, to=[reader.email], by=composer().pk)
    drain()

    assert (one_phone.queued, all_phones.queued) == (1, 3)
    assert len(fcm.accepted()) == 4
    assert states(campaign) == {}
