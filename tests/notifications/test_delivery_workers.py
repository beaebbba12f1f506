"""Senders that die, or are taken for dead: at least once, with the same ids, and always an end."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.core.models import Job
from apps.notifications import delivery
from apps.notifications.delivery import claiming
from apps.notifications.periodic import expire_deliveries
from tests.fakes.fcm import FakeFcm
from tests.notifications.news import (
    ADDRESS,
    deliveries_of,
    fate_of,
    later,
    tell,
    wait_and_drain,
)
from tests.outbox import drain
from tests.phone import Phone


def test_a_sender_that_died_after_the_accept_is_followed_by_one_with_the_same_ids(
    fcm: FakeFcm, reader: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """Nothing of the worker runs after this."""

    def die(*_: Any) -> None:
        raise Killed

    notification = tell(reader)
    with monkeypatch.context() as patch:
        patch.setattr(delivery, "_record_accepted", die)
        with pytest.raises(Killed):
            drain()
    assert fate_of(notification)[0] == "sent"

    with later(30):
        # The dead one might only be slow: nobody else sends yet.
        Job.objects.update(available_at=timezone.now() - timedelta(minutes=5))
        drain(limit=2)
    assert len(fcm.accepted(ADDRESS)) == 1
    wait_and_drain(91)

    assert fate_of(notification) == ("accepted", "")
    first, second = (entry["message"]["data"] for entry in fcm.accepted(ADDRESS))
    assert first == second


def test_a_sender_that_was_taken_for_dead_does_not_overwrite_its_successor(
    fcm: FakeFcm, reader: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcm.plan(ADDRESS, "unregistered", "ok")
    notification = tell(reader)
    (waiting,) = deliveries_of(notification)
    slow = claiming.claim(waiting.notification_id, waiting.pk)
    assert isinstance(slow, claiming.Claim)

    with later(76):
        quick = claiming.claim(waiting.notification_id, waiting.pk)
        assert isinstance(quick, claiming.Claim)
        delivery._record_accepted(quick, delivery.Receipt("projects/p/messages/1"))
    delivery._record_failed(slow, delivery.Refused("late"))

    assert fate_of(notification) == ("accepted", "")


def test_what_no_job_will_ever_finish_expires_by_the_clock(reader: Phone) -> None:
    notification = tell(reader)
    Job.objects.all().delete()

    expire_deliveries()
    assert fate_of(notification)[0] == "queued"
    with later(86_401):
        expire_deliveries()

    assert fate_of(notification)[0] == "expired"
