"""What a reader is granted beforehand: fewer trips to Redis, never more than the quota, and no longer than a moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from apps.core.actors import ANONYMOUS
from apps.core.http import gate
from apps.core.http import leases as module
from apps.core.http.gate import Caller, Errand, Passage
from apps.core.http.leases import Leases

READER = Caller(ANONYMOUS, "", "198.51.100.7")
HOUR = 3600


@pytest.fixture(autouse=True)
def _granted(settings: Any) -> None:
    """Limits refill so slowly that the test sees none of it."""
    settings.LEASE_SECONDS = 60
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "read": (100, 24 * HOUR)}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let time pass for leases."""
    passed = 0.0
    real = module.time.monotonic

    def move(seconds: float) -> None:
        nonlocal passed
        passed += seconds

    class Clock:
        @staticmethod
        def monotonic() -> float:
            return real() + passed

    monkeypatch.setattr(module, "time", Clock)
    return move


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Callable[[], Passage]]:
    """Several web processes: each has leases of its own."""
    of_each: dict[int, Leases] = {}

    def process(number: int) -> Callable[[], Passage]:
        def enter() -> Passage:
            monkeypatch.setattr(gate, "leases", of_each.setdefault(number, Leases()))
            return gate.enter("read", READER, None, Errand.READS)

        return enter

    return process


def left(passage: Passage) -> int:
    return passage.verdict.remaining


def test_who_comes_back_in_time_asks_less_and_less(
    processes: Callable[[int], Callable[[], Passage]], trips: list[str]
) -> None:
    enter = processes(1)

    told = [left(enter()) for _ in range(31)]

    assert told == list(range(99, 68, -1))
    # 1, 2, 4 and then five at a time: a twentieth of the quota.
    assert len(trips) == 3 + 5


def test_what_was_not_used_goes_back(
    processes: Callable[[int], Callable[[], Passage]], clock: Callable[[float], None]
) -> None:
    enter = processes(1)
    for _ in range(4):
        enter()
    clock(61)

    # Four were used and this is the fifth; of the four that were taken last, three were not.
    assert left(enter()) == 95


def test_together_processes_never_exceed_the_quota(
    processes: Callable[[int], Callable[[], Passage]],
) -> None:
    entrances = [processes(number) for number in range(3)]

    allowed = sum(
        entrance().verdict.allowed for turn in range(100) for entrance in entrances if turn % 7
    )

    # What a process holds and nobody asks it for is missing, and no more than that.
    assert allowed == 100


def test_threads_of_a_process_share_what_was_granted(trips: list[str]) -> None:
    def enter(_: int = 0) -> bool:
        return gate.enter("read", READER, None, Errand.READS).verdict.allowed

    with ThreadPoolExecutor(16) as pool:
        allowed = sum(pool.map(enter, range(200)))
    # Whoever was refused while another thread carried the last ones home.
    while enter():
        allowed += 1

    assert allowed == 100


def test_a_lease_ends_with_its_time(
    processes: Callable[[int], Callable[[], Passage]],
    clock: Callable[[float], None],
    trips: list[str],
) -> None:
    enter = processes(1)
    for _ in range(5):
        enter()
    before = len(trips)

    clock(59)
    enter()
    assert len(trips) == before

    clock(2)
    enter()
    assert len(trips) == before + 1


def test_who_writes_is_counted_each_time(trips: list[str]) -> None:
    for _ in range(10):
        gate.enter("read", READER, None)

    assert len(trips) == 10


def test_small_quotas_are_not_given_away_beforehand(trips: list[str], settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "read": (39, HOUR)}

    for _ in range(10):
        gate.enter("read", READER, None, Errand.READS)

    assert len(trips) == 10


def test_production_notices_within_the_second_that_is_promised() -> None:
    from config.settings import cache as shipped

    assert 0 < shipped.LEASE_SECONDS <= 0.8
