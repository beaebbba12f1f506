"""Senders that die, or are taken for dead: at least once, with the same ids, and always an end."""

from typing import Any

import pytest

from apps.notifications.delivery import claiming, outcomes
from apps.notifications.delivery.outcomes import Landed
from apps.notifications.periodic import expire_deliveries
from apps.notifications.providers import line_to
from apps.notifications.providers.base import PushFailure, Receipt, Refused
from tests.fakes.fcm import FakeFcm
from tests.notifications.news import (
    ADDRESS,
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
        patch.setattr(outcomes, "record", die)
        with pytest.raises(Killed):
            drain()
    assert fate_of(notification)[0] == "sent"

    with later(30):
        # The dead one might only be slow: nobody else sends yet.
        drain()
    assert len(fcm.accepted(ADDRESS)) == 1
    wait_and_drain(91)

    assert fate_of(notification) == ("accepted", "")
    first, second = (entry["message"]["data"] for entry in fcm.accepted(ADDRESS))
    assert first == second


def test_a_sender_that_was_taken_for_dead_does_not_overwrite_its_successor(
    fcm: FakeFcm, reader: Phone
) -> None:
    notification = tell(reader)
    line = line_to("fcm")
    assert line

    def answered(outcome: Receipt | PushFailure) -> Landed:
        (claim,) = claiming.claim("fcm", 10).claims
        return claim, outcome

    slow = answered(Refused("late"))
    assert claiming.claim("fcm", 10).looked_at == 0
    with later(76):
        outcomes.record(line, [answered(Receipt("projects/p/messages/1"))])
    outcomes.record(line, [slow])

    assert fate_of(notification) == ("accepted", "")


def test_what_no_sender_will_ever_finish_expires_by_the_clock(reader: Phone) -> None:
    notification = tell(reader)

    expire_deliveries()
    assert fate_of(notification)[0] == "queued"
    with later(86_401):
        expire_deliveries()

    assert fate_of(notification)[0] == "expired"
