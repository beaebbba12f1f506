"""Identifiers: in the order of their birth, within one tick of the clock and while the clock is being put right."""

from datetime import UTC, datetime, timedelta

import time_machine

from apps.core.ids import first_id, new_id

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_ids_of_one_moment_are_in_order() -> None:
    with time_machine.travel(NOON, tick=False):
        ids = [new_id() for _ in range(5_000)]

    assert ids == sorted(set(ids))


def test_a_clock_put_back_a_little_is_waited_for() -> None:
    with time_machine.travel(NOON, tick=False):
        before = new_id()
    with time_machine.travel(NOON - timedelta(seconds=5), tick=False):
        assert new_id() > before


def test_a_clock_that_was_far_ahead_is_believed_when_it_is_right_again() -> None:
    with time_machine.travel(NOON + timedelta(days=400), tick=False):
        new_id()
    with time_machine.travel(NOON, tick=False):
        assert first_id(NOON) <= new_id() < first_id(NOON + timedelta(seconds=1))
