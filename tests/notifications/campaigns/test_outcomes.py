"""What came of a campaign is counted in the ledger, seldom, and kept when the ledger's months are gone."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.notifications.models import Campaign, Delivery
from apps.notifications.periodic import keep_campaign_outcomes
from apps.notifications.services import campaigns
from tests.notifications.campaigns.desk import crowd, written

pytestmark = pytest.mark.django_db


def counts(sent: CaptureQueriesContext) -> int:
    return sum("GROUP BY" in one["sql"] for one in sent)


def test_the_parts_of_a_campaign_that_failed_are_told_apart() -> None:
    crowd(5)
    campaign = written()
    now, pushes = timezone.now(), Delivery.objects.filter(campaign=campaign)
    first, second, third, *_ = pushes.values_list("pk", flat=True)
    pushes.filter(pk__in=[first, second, third]).move("sent", sent_at=now)
    pushes.filter(pk=first).move("accepted", accepted_at=now)
    pushes.filter(pk=second).move("failed", failure="address_dead", reason="unregistered")
    pushes.filter(pk=third).move("failed", failure="refused", reason="payload_too_large")

    found = {
        (one["state"], one["provider"], one["failure"], one["reason"]): one["deliveries"]
        for one in campaigns.outcomes_of(campaign)
    }

    assert found == {
        ("queued", "fcm", "", ""): 2,
        ("accepted", "fcm", "", ""): 1,
        ("failed", "fcm", "address_dead", "unregistered"): 1,
        ("failed", "fcm", "refused", "payload_too_large"): 1,
    }


def test_who_looks_often_counts_seldom() -> None:
    crowd(1)
    campaign = written()
    with CaptureQueriesContext(connection) as sent:
        for _ in range(3):
            campaigns.outcomes_of(Campaign.objects.get(pk=campaign.pk))
    assert counts(sent) == 1

    late = timezone.now() - timedelta(seconds=10)
    Campaign.objects.filter(pk=campaign.pk).update(counted_at=late, counted_in_ms=100)
    with CaptureQueriesContext(connection) as sent:
        campaigns.outcomes_of(Campaign.objects.get(pk=campaign.pk))
    assert counts(sent) == 1
    # The dearer a count, the longer it is good for.
    Campaign.objects.filter(pk=campaign.pk).update(counted_at=late, counted_in_ms=1_000)
    with CaptureQueriesContext(connection) as sent:
        campaigns.outcomes_of(Campaign.objects.get(pk=campaign.pk))
    assert counts(sent) == 0


def test_what_was_counted_outlives_the_ledger() -> None:
    crowd(2)
    campaign = written()
    keep_campaign_outcomes()
    Campaign.objects.filter(pk=campaign.pk).update(
        state="stopped",
        finished_at=timezone.now() - timedelta(days=40),
        counted_at=timezone.now() - timedelta(days=10),
    )
    Delivery.objects.all().delete()

    keep_campaign_outcomes()

    (kept,) = campaigns.outcomes_of(Campaign.objects.get(pk=campaign.pk))
    assert kept["deliveries"] == 2
