"""The fan-out: everybody once, in the ledger and in the inbox, whatever happens on the way."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from django.db.models.functions import Now
from django.utils import timezone

from apps.core import attempts, outbox
from apps.core.models import Job
from apps.notifications import campaigning
from apps.notifications.campaigning import planning
from apps.notifications.models import (
    Campaign,
    CampaignChunk,
    Delivery,
    Inbox,
    Notification,
    Preference,
)
from apps.notifications.selectors import campaigns as selectors
from tests.devices.pockets import reachable
from tests.notifications.campaigns.desk import crowd, installation, person, released, told, written
from tests.outbox import drain, drain_twice
from tests.phone import Phone

pytestmark = pytest.mark.django_db


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "LARGEST", 3)
    monkeypatch.setattr(planning, "_CHUNKS", 2)


def drain_until(moment: datetime) -> None:
    """Run what is due by a moment that the database's clock has not reached."""
    # Asking whether it is over goes on for as long as anything is open.
    late = Job.objects.filter(state="pending", available_at__lte=moment).exclude(
        name="notifications.settle_campaign"
    )
    while late.update(available_at=Now()):
        drain(limit=500, sending=False)


def attempt_one() -> None:
    """Run one job of the campaign."""
    job = outbox.claim("bulk")
    assert job
    attempts.run(job)


def fates(campaign: Campaign) -> dict[tuple[str, str, str], int]:
    counted = selectors.count_outcomes(campaign)
    return {(one["channel"], one["state"], one["reason"]): one["deliveries"] for one in counted}


def test_everybody_is_told_once_and_twice_delivered_is_once(small_chunks: None) -> None:
    phones = crowd(20)
    owner = person("with three phones")
    phones += [installation(owner) for _ in range(3)]
    campaign = released()

    drain_twice()

    campaign.refresh_from_db()
    assert told(campaign) == sorted(one.pk for one in phones)
    assert Notification.objects.count() == 21
    assert set(Inbox.objects.values_list("unread", flat=True)) == {1}
    chunks = CampaignChunk.objects.filter(campaign=campaign)
    assert chunks.count() == 8
    assert set(chunks.values_list("state", flat=True)) == {"done"}
    progress = selectors.progress_of(campaign)
    assert (progress.told, progress.queued, progress.percent) == (21, 23, 100)


def test_ranges_meet_and_end_at_the_last_installation(small_chunks: None) -> None:
    phones = sorted(one.pk for one in crowd(20))

    campaign = written()

    ranges = list(
        CampaignChunk.objects.filter(campaign=campaign)
        .order_by("after")
        .values_list("after", "up_to")
    )
    assert ranges[0][0] == campaigning.planning.START
    assert [end for _, end in ranges[:-1]] == [begin for begin, _ in ranges[1:]]
    assert ranges[-1][1] == phones[-1] == campaign.last_device


def test_who_comes_meanwhile_is_not_in_it_and_moves_nobody_out(small_chunks: None) -> None:
    before = crowd(9)
    campaign = released()
    while not told(campaign):
        attempt_one()
    assert 0 < len(told(campaign)) < 9

    crowd(5)
    drain(sending=False)

    assert told(campaign) == sorted(one.pk for one in before)


def test_chunks_that_are_late_queue_up_behind_what_else_is_due(small_chunks: None) -> None:
    crowd(9)
    campaign = released()
    while not told(campaign):
        before = timezone.now()
        attempt_one()

    waiting = Job.objects.filter(state="pending", name="notifications.write_campaign")
    last = waiting.order_by("-available_at").first()
    assert last
    assert last.available_at >= before


def test_what_nobody_wants_or_nothing_reaches_is_a_row_with_its_reason() -> None:
    now = timezone.now()
    crowd(1)
    no_push, no_inbox, muted = person("no push"), person("no inbox"), person("muted")
    Preference.objects.create(user=no_push, choices={"news": {"push": False}})
    Preference.objects.create(user=no_inbox, choices={"news": {"in_app": False}})
    Preference.objects.create(user=muted, muted_until=now + timedelta(hours=1))
    for owner in (no_push, no_inbox, muted):
        installation(owner)
    silent: dict[str, Any] = {"push_provider": "", "push_index": None, "push_address": None}
    crowd(1, **silent)
    crowd(1, **silent, push_silenced_reason="address_dead")

    campaign = written()

    assert fates(campaign) == {
        ("push", "queued", ""): 2,
        ("push", "suppressed", "preference"): 1,
        ("push", "suppressed", "muted"): 1,
        ("push", "suppressed", "no_address"): 1,
        ("push", "suppressed", "address_dead"): 1,
        ("in_app", "suppressed", "preference"): 1,
    }
    assert Notification.objects.filter(listed=False).count() == 1
    assert not Inbox.objects.filter(user=no_inbox).exists()


def test_no_phone_rings_for_marketing_unless_its_owner_asked_for_it() -> None:
    keen = person("keen")
    Preference.objects.create(user=keen, choices={"marketing": {"push": True}})
    installation(keen)
    crowd(1)

    campaign = written(kind="offer")

    assert fates(campaign) == {
        ("push", "queued", ""): 1,
        ("push", "suppressed", "preference"): 1,
    }


def test_pushes_come_at_the_pace_and_chunks_little_ahead_of_it() -> None:
    crowd(30)
    now = timezone.now()
    campaign = released(pace=2)

    drain(sending=False)

    moments = Delivery.objects.filter(campaign=campaign).order_by("next_attempt_at")
    due = list(moments.values_list("next_attempt_at", flat=True))
    assert len(due) == 20
    gaps = {later - earlier for earlier, later in pairwise(due)}
    assert gaps == {timedelta(seconds=0.5)}
    (waiting,) = Job.objects.filter(state="pending", name="notifications.write_campaign")
    assert now + timedelta(seconds=7) < waiting.available_at < now + timedelta(seconds=10)


def test_everybody_is_told_at_the_hour_of_their_own_clock() -> None:
    with time_machine.travel(datetime(2026, 12, 1, 0, 0, tzinfo=UTC), tick=False):
        tokyo, vienna = (
            installation(person(zone), time_zone=zone) for zone in ("Asia/Tokyo", "Europe/Vienna")
        )
        hawaii = installation(person("Hawaii", time_zone="Pacific/Honolulu"), time_zone="")
        unknown = installation(person("elsewhere"), time_zone="Atlantis/Centre")
        campaign = released(send_on=date(2026, 12, 2), send_at=time(9), time_zone="")
        assert campaign.starts_at == datetime(2026, 12, 1, 19, tzinfo=UTC)

    reached = []
    for moment in (
        datetime(2026, 12, 2, 0, 0, 30, tzinfo=UTC),
        datetime(2026, 12, 2, 8, 0, 30, tzinfo=UTC),
        datetime(2026, 12, 2, 19, 0, 30, tzinfo=UTC),
        datetime(2026, 12, 2, 21, 0, 30, tzinfo=UTC),
    ):
        with time_machine.travel(moment, tick=False):
            drain_until(moment)
            reached.append(set(told(campaign)))

    assert reached == [
        {tokyo.pk},
        {tokyo.pk, vienna.pk},
        {tokyo.pk, vienna.pk, hawaii.pk},
        {tokyo.pk, vienna.pk, hawaii.pk, unknown.pk},
    ]


def test_whoever_travels_westwards_while_it_runs_is_told_once() -> None:
    day = datetime(2026, 12, 1, 0, 0, tzinfo=UTC)
    with time_machine.travel(day, tick=False):
        east, west = (
            installation(person(zone), time_zone=zone) for zone in ("Asia/Tokyo", "America/Denver")
        )
        campaign = released(send_on=date(2026, 12, 2), send_at=time(9), time_zone="")
    with time_machine.travel(day + timedelta(hours=30), tick=False):
        drain_until(day + timedelta(hours=30))
        assert told(campaign) == [east.pk]

    for device, zone in ((east, "America/Denver"), (west, "Asia/Tokyo")):
        device.write(time_zone=zone)
    with time_machine.travel(day + timedelta(hours=46), tick=False):
        drain_until(day + timedelta(hours=46))

    assert told(campaign) == sorted([east.pk, west.pk])


def test_the_inbox_reads_it_in_the_readers_language(author: Phone, stranger: Phone) -> None:
    reachable(author, "phone")
    author.patch("me", {"locale": "de-AT"}, if_match="*")

    written(link="app://harbour")

    (item,) = author.get("notifications").json["items"]
    assert item["title"] == "Der Hafen ist offen"
    assert item["body"] == "Komm vorbei."
    assert item["link"] == "app://harbour"
    assert author.get("notifications/unread-count").json == {"unread": 1}
    assert stranger.get("notifications").json["items"][0]["title"] == "The harbour is open"
