"""How many messages are on their way at a time, with a service that is played by arithmetic."""

import heapq
import random

import pytest

from apps.notifications.providers import pace
from apps.notifications.providers.pace import FEWEST, Pace


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


def played(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pace, "time", clock)
    return clock


def answer_all(one: Pace, clock: Clock, takes: float) -> None:
    """Have everything that may be on its way answered at once, a while after it was sent."""
    began, clock.now = clock.now, clock.now + takes
    for _ in range(one.most):
        one.landed(began, is_short=True)


def settled(
    monkeypatch: pytest.MonkeyPatch,
    *,
    takes: float,
    each: float,
    most: int = 100,
    at_most: float = 0.0,
) -> tuple[int, float]:
    """Play half a minute with a service that takes a while for an answer, and gives one at a time each so often.

    It takes anything up to `at_most`, where that is given. Returns how many were on their way at the end, and answers
    per second but for the first five.
    """
    clock = played(monkeypatch)
    one, chance = Pace(most), random.Random(7)
    out: list[tuple[float, float]] = []
    free_at, answers = 0.0, 0
    while clock.now < 130:
        while len(out) < one.most:
            free_at = max(free_at, clock.now) + each
            lasts = chance.uniform(takes, max(takes, at_most))
            heapq.heappush(out, (free_at + lasts, clock.now))
        clock.now, began = heapq.heappop(out)
        one.landed(began, is_short=True)
        answers += clock.now > 105
    return one.most, answers / 25


def test_a_service_far_away_is_given_all_that_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    most, rate = settled(monkeypatch, takes=0.1, each=0.0001)

    assert most == 100
    assert rate > 900


def test_a_service_that_takes_now_this_long_now_that_is_given_all_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    most, rate = settled(monkeypatch, takes=0.005, at_most=0.3, each=0.0001)

    assert most >= 80
    assert rate > 300


def test_a_service_that_answers_one_by_one_is_not_given_a_crowd(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    most, rate = settled(monkeypatch, takes=0.0, each=0.001)

    # It could not answer more, however many waited there.
    assert rate > 950
    assert most <= 5


def test_a_fast_one_is_kept_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    most, rate = settled(monkeypatch, takes=0.002, each=0.0002)

    assert rate > 4_500
    assert most <= 30


def test_there_are_never_more_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settled(monkeypatch, takes=0.1, each=0.0001, most=1)[0] == 1
    assert Pace(2).most == 2
    assert Pace(50).most == FEWEST


def test_an_hour_without_anything_to_send_slows_nothing_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = played(monkeypatch)
    one = Pace(100)
    for _ in range(400):
        answer_all(one, clock, 0.01)
    before = one.most

    clock.now += 3_600
    one.resume()
    answer_all(one, clock, 0.01)

    assert one.most == before > 50


def test_short_batches_with_pauses_between_are_one_stretch_of_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = played(monkeypatch)
    one = Pace(100)
    for _ in range(200):
        one.resume()
        for _ in range(8):
            answer_all(one, clock, 0.002)
        clock.now += 0.01

    assert one.most > 10
    assert one.rate > 500
