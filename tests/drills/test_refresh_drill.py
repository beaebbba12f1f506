"""Honest phones on bad networks and thieves of three kinds, by the thousand, at the real endpoint (reliability D8).

A tenth of it by default. In full, and over two processes:
`DRILL_SHARE=1 make drill ARGS='-n 2 -k refresh'`
"""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.db import transaction

from apps.accounts import tokens
from apps.accounts.models import Session, User
from apps.accounts.services.sessions import Origin, begin
from tests.core.threads import in_threads
from tests.drills.conftest import COUNTED
from tests.phone import Phone

pytestmark = [pytest.mark.drill, pytest.mark.django_db(transaction=True)]

SHARE = float(os.environ.get("DRILL_SHARE", "0.1"))
SEED = int(os.environ.get("DRILL_SEED", "7"))
# Parts of the crowd, for several processes to share.
PARTS = 10
CONTESTS, AT_ONCE = round(200 / PARTS * SHARE), 12
SESSIONS, DAYS, REFRESHES_A_DAY, LOST = round(1_000 / PARTS * SHARE), 14, 4, 0.1
THEFTS = round(100 * SHARE)

in_parts = pytest.mark.parametrize("part", range(PARTS))

type Traveller = time_machine.Traveller
type Tell = Callable[[str, int, int], None]


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """Count so many that went well, of so many."""
    return lambda what, good, of: record_property(COUNTED, (what, good, of))


@pytest.fixture(autouse=True)
def _unlimited(settings: Any) -> None:
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, (1000000, 60))


@pytest.fixture
def clock() -> Iterator[Traveller]:
    with time_machine.travel(datetime.now(UTC), tick=False) as traveller:
        yield traveller


def signed_in() -> Phone:
    phone = Phone()
    with transaction.atomic():
        made = begin(User.objects.create(), Origin(installation_id=phone.installation_id))
    phone.access, phone.refresh_token = made.access, made.refresh
    return phone


def row_of(phone: Phone) -> Session:
    return Session.objects.get(pk=tokens.read_refresh(phone.refresh_token).session_id)


def refreshed(phone: Phone) -> tuple[Phone, int]:
    twin = replace(phone)
    return twin, twin.refresh().status


@in_parts
def test_many_times_twelve_at_once(part: int, tell: Tell) -> None:
    sound = 0
    for _ in range(CONTESTS):
        phone = signed_in()
        outcomes = in_threads(AT_ONCE, partial(refreshed, phone))
        winners = [twin for twin, status in outcomes if status == 200]
        leaves = {tokens.read_refresh(twin.refresh_token).leaf for twin in winners}
        others = {status for _, status in outcomes} - {200, 429}
        sound += row_of(winners[0]).generation == 2 and len(leaves) == 1 and not others
    tell(f"contests of {AT_ONCE} at once: one step, one leaf", sound, CONTESTS)
    assert sound == CONTESTS


def lives_two_weeks(phone: Phone, clock: Traveller, chance: random.Random) -> int:
    """Refresh, work, lose answers and try again; return how often the phone was signed out."""
    for number in range(DAYS * REFRESHES_A_DAY):
        clock.shift(timedelta(days=1) / REFRESHES_A_DAY)
        # Half of the apps know nothing of attempts.
        attempt = f"attempt-{number}" if chance.random() < 0.5 else ""
        while chance.random() < LOST:
            replace(phone).refresh(attempt=attempt)
            clock.shift(timedelta(seconds=chance.choice([1, 5, 30, 90, 1800, 7200, 86_400])))
        if phone.refresh(attempt=attempt).status != 200:
            return 1
        if chance.random() < 0.9 and phone.get("me").status != 200:
            return 1
    return 0


@in_parts
def test_no_honest_phone_is_signed_out(part: int, clock: Traveller, tell: Tell) -> None:
    chance, start = random.Random(SEED * PARTS + part), datetime.now(UTC)
    signed_out = 0
    for _ in range(SESSIONS):
        clock.move_to(start)
        signed_out += lives_two_weeks(signed_in(), clock, chance)
    told = f"phones never signed out in {DAYS} days, {LOST:.0%} of answers lost, seed {SEED}"
    tell(told, SESSIONS - signed_out, SESSIONS)
    assert signed_out == 0


def goes_first_and_works(thief: Phone, victim: Phone) -> None:
    thief.refresh()
    thief.get("me")


def goes_first_and_lies_low(thief: Phone, victim: Phone) -> None:
    thief.refresh()


def comes_second(thief: Phone, victim: Phone) -> None:
    victim.refresh()
    victim.get("me")


@pytest.mark.parametrize("strategy", [goes_first_and_works, goes_first_and_lies_low, comes_second])
def test_every_thief_is_found_out(
    clock: Traveller,
    strategy: Callable[[Phone, Phone], None],
    tell: Tell,
) -> None:
    ends: Counter[str] = Counter()
    chance = random.Random(SEED)
    for _ in range(THEFTS):
        victim = signed_in()
        thief = replace(victim)
        strategy(thief, victim)
        # Each goes on as ever, one rotation at the most.
        for who in (victim, thief):
            clock.shift(timedelta(seconds=chance.choice([11, 60, 3600, 86_400])))
            who.refresh()
            who.get("me")
        ends[row_of(victim).revoked_reason] += 1
    tell(f"thieves found out: {strategy.__name__}", ends[Session.End.REUSE], THEFTS)
    assert ends == {Session.End.REUSE: THEFTS}
