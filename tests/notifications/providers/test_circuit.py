"""The breaker: three failures shut it, a pause later one message tries, and its fate decides for the others."""

import pytest

from apps.notifications.providers import circuit
from apps.notifications.providers.base import Unreachable
from apps.notifications.providers.circuit import Breaker


class Clock:
    """A monotonic clock that is moved by hand."""

    now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(circuit, "time", clock)
    return clock


def shut(breaker: Breaker) -> Breaker:
    for _ in range(3):
        breaker.failed(Unreachable("http_503"))
    return breaker


def test_two_failures_are_bad_luck(clock: Clock) -> None:
    breaker = Breaker()

    breaker.failed(Unreachable("http_503"))
    breaker.failed(Unreachable("http_503"))

    assert breaker.wait() == 0


def test_what_fails_together_fails_once(clock: Clock) -> None:
    breaker = Breaker()
    of_all = Unreachable("http_503")

    for _ in range(100):
        breaker.failed(of_all)
    assert breaker.wait() == 0

    shut(breaker)
    assert breaker.wait() == 5


def test_a_success_in_between_starts_the_count_anew(clock: Clock) -> None:
    breaker = Breaker()

    for _ in range(5):
        breaker.failed(Unreachable("http_503"))
        breaker.failed(Unreachable("http_503"))
        breaker.succeeded()

    assert breaker.wait() == 0


def test_after_the_pause_one_tries_and_the_others_wait_on(clock: Clock) -> None:
    breaker = shut(Breaker())
    assert breaker.wait() == 5
    clock.now += 4
    assert breaker.wait() == 1

    clock.now += 1

    assert breaker.wait() == 0
    assert breaker.wait() == 5


def test_when_that_one_fails_the_pause_grows_up_to_a_minute(clock: Clock) -> None:
    breaker = shut(Breaker())
    pauses = []

    for _ in range(6):
        clock.now += breaker.wait()
        assert breaker.wait() == 0
        breaker.failed(Unreachable("http_503"))
        pauses.append(breaker.wait())

    assert pauses == [10, 20, 40, 60, 60, 60]


def test_when_it_succeeds_everybody_goes_on(clock: Clock) -> None:
    breaker = shut(Breaker())
    clock.now += 5
    assert breaker.wait() == 0

    breaker.succeeded()

    assert [breaker.wait(), breaker.wait()] == [0, 0]


def test_one_that_tried_and_never_came_back_is_replaced_after_another_pause(clock: Clock) -> None:
    breaker = shut(Breaker())
    clock.now += 5
    assert breaker.wait() == 0

    clock.now += 5

    assert breaker.wait() == 0
