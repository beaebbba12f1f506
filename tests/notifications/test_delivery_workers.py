"""Senders that die, or are taken for dead: at least once, with the same ids, and always an end."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from apps.notifications.delivery import claiming, journal, outcomes
from apps.notifications.delivery.outcomes import Landed
from apps.notifications.periodic import expire_deliveries
from apps.notifications.providers import line_to
from apps.notifications.providers.base import PushFailure, Receipt, Refused
from tests.devices.pockets import set_address
from tests.fakes.fcm import FakeFcm
from tests.notifications.news import (
    ADDRESS,
    address_stands,
    deliveries_of,
    fate_of,
    later,
    tell,
    wait_and_drain,
)
from tests.outbox import drain
from tests.phone import Phone


class Killed(BaseException):
    """Nothing of the worker runs after this."""


def die(*_: Any) -> None:
    raise Killed


def drain_and_die_before_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(outcomes, "record", die)
        with pytest.raises(Killed):
            drain()


def test_what_a_dead_sender_had_heard_is_written_down_and_not_said_again(
    fcm: FakeFcm, reader: Phone, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    notification = tell(reader)
    drain_and_die_before_it_is_written(monkeypatch)
    assert fate_of(notification)[0] == "sent"

    # The next one on this machine, long before anybody takes the first for dead.
    wait_and_drain(1)

    assert fate_of(notification) == ("accepted", "")
    (delivery,) = deliveries_of(notification)
    assert delivery.provider_message_id.startswith("projects/")
    assert len(fcm.accepted(ADDRESS)) == 1
    assert list(Path(settings.PUSH_JOURNAL).iterdir()) == []


def test_an_address_that_a_dead_sender_found_dead_is_forgotten_without_asking_again(
    fcm: FakeFcm, reader: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcm.plan(ADDRESS, "unregistered")
    notification = tell(reader)
    drain_and_die_before_it_is_written(monkeypatch)
    wait_and_drain(1)

    assert fate_of(notification) == ("failed", "unregistered")
    assert not address_stands(reader)
    assert len(fcm.attempts) == 1


def test_an_address_that_was_confirmed_since_a_dead_sender_heard_of_it_stays(
    fcm: FakeFcm, reader: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcm.plan(ADDRESS, "unregistered")
    notification = tell(reader)
    drain_and_die_before_it_is_written(monkeypatch)
    set_address(reader, ADDRESS)
    wait_and_drain(1)

    assert fate_of(notification) == ("failed", "unregistered")
    assert address_stands(reader)


def test_answers_of_a_sender_that_lives_are_its_own(
    fcm: FakeFcm, reader: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    record = outcomes.record

    def look_around(*landed: Any) -> None:
        journal.recover()
        seen.append(fate_of(notification)[0])
        record(*landed)

    monkeypatch.setattr(outcomes, "record", look_around)
    notification = tell(reader)
    drain()

    assert seen == ["sent"]
    assert fate_of(notification) == ("accepted", "")


def test_a_line_that_was_cut_off_hides_no_other(
    fcm: FakeFcm, reader: Phone, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    notification = tell(reader)
    drain_and_die_before_it_is_written(monkeypatch)
    (left,) = Path(settings.PUSH_JOURNAL).iterdir()
    with left.open("ab") as file:
        file.write(b'{"told":"01')
    wait_and_drain(1)

    assert fate_of(notification) == ("accepted", "")


def test_a_sender_that_died_with_its_machine_is_followed_by_one_with_the_same_ids(
    fcm: FakeFcm, reader: Phone, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    notification = tell(reader)
    drain_and_die_before_it_is_written(monkeypatch)
    shutil.rmtree(settings.PUSH_JOURNAL)

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
