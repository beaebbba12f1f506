"""Several workers at one campaign: they do not wait for each other, skip nobody, and end with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import pytest
from django.db import transaction

from apps.notifications import campaigning
from apps.notifications.campaigning import planning, writing
from apps.notifications.models import Campaign, CampaignChunk, Delivery, Notification
from apps.notifications.services import campaigns
from tests.core.threads import Actor, somebody_waits, start, until
from tests.notifications.campaigns.desk import crowd, installation, person, released, told
from tests.outbox import drain

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def chunks_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "LARGEST", 2)
    # A test is slower than a worker.
    monkeypatch.setattr(writing, "_PATIENCE", "SET LOCAL lock_timeout = '30s'")


def planned(campaign: Campaign) -> Campaign:
    """Begin a campaign and cut its chunks; nothing is written."""
    with transaction.atomic():
        assert campaigning.begin(campaign.pk)
        assert not campaigning.plan_some(campaign.pk)
    campaign.refresh_from_db()
    return campaign


def write(campaign: Campaign) -> None:
    with transaction.atomic():
        campaigning.write_next(campaign.pk)


@contextmanager
def another_writing(campaign: Campaign) -> Iterator[Actor[None]]:
    """Have another worker write a chunk, and not commit before this ends."""
    wrote, may_commit = Event(), Event()

    def slowly() -> None:
        with transaction.atomic():
            campaigning.write_next(campaign.pk)
            wrote.set()
            assert may_commit.wait(60)

    other = start(slowly)
    try:
        assert wrote.wait(60)
        yield other
    finally:
        may_commit.set()
        other.answer()


def test_nobody_waits_for_the_chunk_of_another() -> None:
    phones = crowd(6)
    campaign = planned(released())

    with another_writing(campaign):
        write(campaign)
        write(campaign)
        # All that nobody has is written: no chunk twice, and nothing to wait for.
        write(campaign)
        assert told(campaign) == sorted(one.pk for one in phones[2:])

    assert told(campaign) == sorted(one.pk for one in phones)
    done = CampaignChunk.objects.filter(campaign=campaign, state="done")
    assert list(done.values_list("told", "queued")) == [(2, 2)] * 3


def test_phones_of_one_person_in_two_chunks_at_once_all_ring_for_one_notification() -> None:
    owner = person("with four phones")
    phones = [installation(owner) for _ in range(4)]
    campaign = planned(released())

    with another_writing(campaign):
        second = start(lambda: write(campaign))
        until(somebody_waits)
    second.answer()

    assert told(campaign) == sorted(one.pk for one in phones)
    assert Notification.objects.count() == 1
    done = CampaignChunk.objects.filter(campaign=campaign, state="done").order_by("after")
    assert list(done.values_list("told", "queued")) == [(1, 2), (0, 2)]


@pytest.mark.parametrize("verb", ["pause", "stop"])
def test_who_stops_it_waits_for_nobody_and_catches_what_was_just_being_written(verb: str) -> None:
    crowd(4)
    campaign = planned(released())

    with another_writing(campaign):
        getattr(campaigns, verb)(campaign_id=campaign.pk)
        following = start(lambda: drain(sending=False))
        until(somebody_waits)
    following.answer()

    left = Delivery.objects.filter(campaign=campaign, state="queued")
    assert not left.exclude(next_attempt_at=campaigning.ending.PARKED).exists()
    assert left.count() == (2 if verb == "pause" else 0)
    assert len(told(campaign)) == 2


def test_with_a_pace_they_go_one_after_another() -> None:
    crowd(4)
    campaign = planned(released(pace=10_000))

    with another_writing(campaign):
        second = start(lambda: write(campaign))
        until(somebody_waits)
        assert told(campaign) == []
    second.answer()

    due = sorted(
        Delivery.objects.filter(campaign=campaign).values_list("next_attempt_at", flat=True)
    )
    assert len(set(due)) == 4
