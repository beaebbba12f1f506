"""Honest phones on bad networks stay signed in for good, and thieves of three kinds are found out (measured as M25)."""

import random
from dataclasses import replace

import pytest

from tests.accounts.conftest import Clock
from tests.phone import Phone

pytestmark = pytest.mark.usefixtures("unlimited")


@pytest.mark.parametrize("seed", range(2))
def test_a_phone_that_loses_answers_is_never_signed_out(
    clock: Clock, author: Phone, seed: int
) -> None:
    """Two weeks, four refreshes a day, one answer in five lost, retries seconds or hours later."""
    chance = random.Random(seed)
    for refresh in range(14 * 4):
        clock.forward(hours=6)
        attempt = f"attempt-{refresh}"
        while chance.random() < 0.2:
            replace(author).refresh(attempt=attempt)
            clock.forward(seconds=chance.choice([1, 5, 30, 90, 1800, 7200]))
        assert author.refresh(attempt=attempt).status == 200, (seed, refresh)
        if chance.random() < 0.9:
            assert author.get("me").status == 200


def found_out(victim: Phone) -> bool:
    return victim.refresh().code == "session_revoked"


def test_a_thief_who_refreshes_first_and_works(clock: Clock, author: Phone) -> None:
    thief = replace(author)
    thief.refresh()
    assert thief.get("me").status == 200

    clock.forward(minutes=9)
    assert found_out(author)
    assert thief.get("me").code == "session_revoked"


def test_a_thief_who_comes_second(clock: Clock, author: Phone) -> None:
    thief = replace(author)
    author.refresh()
    assert author.get("me").status == 200

    clock.forward(minutes=10)
    assert found_out(thief)
    assert found_out(author)


def test_a_thief_who_refreshes_first_and_lies_low(clock: Clock, author: Phone) -> None:
    thief = replace(author)
    thief.refresh()

    clock.forward(minutes=10)
    assert author.refresh().status == 200
    assert author.get("me").status == 200

    clock.forward(days=3)
    assert found_out(thief)
    assert found_out(author)


def test_a_thief_in_lock_step(clock: Clock, author: Phone) -> None:
    """Always a little behind the phone: the first time both went on, one of them holds a spent leaf."""
    thief = replace(author)
    author.refresh()
    author.get("me")
    clock.forward(seconds=11)

    assert found_out(thief)
    assert found_out(author)
