"""Every push ends, none early, and the ledger agrees with what the service saw, while senders are killed (D12).

`DRILL_PUSHES=10000` is the full size, with twenty kills.
"""

import os
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drills.bench import Bench, wait_until
from tests.fakes.fcm import FakeFcm

pytestmark = pytest.mark.drill

PUSHES = int(os.environ.get("DRILL_PUSHES", "5000"))
KILLS = max(4, PUSHES // 500)
WAIT = 5
# What goes wrong the first time, and how often in a hundred.
FAULTS = {
    f"quota:{WAIT}": 5,
    f"unavailable:{WAIT}": 3,
    "unregistered": 2,
    "reset_after_accept": 1,
}
# What may be said twice in a hundred because senders were killed; a lost answer is repeated, for nobody has heard it.
MOST_REPEATED = 1

STATES = "SELECT state, COUNT(*) FROM notifications_delivery GROUP BY state"
OPEN = "SELECT COUNT(*) FROM notifications_delivery WHERE state IN ('queued', 'sent')"
SETTLED = "SELECT COUNT(*) FROM notifications_delivery WHERE state IN ('accepted', 'failed')"
ACCEPTED = "SELECT id::text FROM notifications_delivery WHERE state = 'accepted'"
PRUNED = "SELECT COUNT(*) FROM devices_device WHERE push_silenced_reason = 'address_dead'"


@pytest.fixture
def fcm(tmp_path: Path) -> Iterator[FakeFcm]:
    with FakeFcm(tmp_path / "fcm.jsonl") as fake:
        yield fake


@pytest.fixture
def bench(tmp_path: Path, fcm: FakeFcm) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    bench.environment |= {
        "PUSH_PROVIDERS": "fcm",
        "FCM_BASE_URL": fcm.url,
        "FCM_CREDENTIALS": fcm.tokens.credentials(),
    }
    with bench:
        yield bench


def scripted(fcm: FakeFcm, chance: random.Random) -> dict[str, str]:
    """Give each phone its fate; return the troubled ones."""
    names = [name for name, share in FAULTS.items() for _ in range(share)]
    fates = {}
    for number in range(PUSHES):
        draw = chance.randrange(100)
        if draw < len(names):
            fates[f"phone-{number}"] = names[draw]
            # Whoever is not there is there no better the next time.
            times = 50 if names[draw] == "unregistered" else 1
            fcm.plan(f"phone-{number}", *[names[draw]] * times)
    return fates


def test_every_push_ends_and_none_comes_early(
    bench: Bench, fcm: FakeFcm, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("DRILL_SEED", time.time()))
    chance = random.Random(seed)
    fates = scripted(fcm, chance)
    bench.valkey.start()
    with bench.running("-m", "tests.drills.pushes", str(PUSHES)) as told:
        told.read()
    assert bench.query(OPEN) == [(PUSHES,)]
    began = time.monotonic()
    senders = bench.senders()
    for process in (*senders, bench.clock):
        process.start()

    for kill in range(1, KILLS + 1):
        due = PUSHES * kill // (KILLS + 1)
        wait_until(lambda due=due: bench.query(SETTLED)[0][0] >= due, 300, bench.logs())
        senders[kill % 2].restart()
    wait_until(lambda: bench.query(OPEN) == [(0,)], 400, f"all settled\n{bench.logs()}")
    seconds = time.monotonic() - began

    states = dict(bench.query(STATES))
    dead = {address for address, name in fates.items() if name == "unregistered"}
    times, given = defaultdict(list), Counter[str]()
    for attempt in fcm.attempts:
        times[attempt.address].append(attempt.at)
    for entry in fcm.accepted():
        given[entry["message"]["data"]["delivery_id"]] += 1
    early = [
        address
        for address, name in fates.items()
        if name.endswith(f":{WAIT}") and times[address][1] - times[address][0] < WAIT
    ]
    # A sender that is killed takes along what it was told, be it yes or no.
    repeats = sum(given.values()) - len(given)
    repeats += sum(len(times[address]) - 1 for address in dead)
    heard_late = sum(name == "reset_after_accept" for name in fates.values())
    with capsys.disabled():
        print(
            f"\n{PUSHES} pushes, {KILLS} kills: {states}, {len(early)} early, {repeats} repeats"
            f" ({heard_late} answers lost, {repeats - heard_late} by kills), {seconds:.0f} s, seed {seed}"
        )
    assert states == {"accepted": PUSHES - len(dead), "failed": len(dead)}
    assert bench.query(PRUNED) == [(len(dead),)]
    assert early == []
    # Every repeat carries the id of what it repeats, so that the app can drop it.
    assert set(given) == {name for (name,) in bench.query(ACCEPTED)}
    assert heard_late <= repeats <= heard_late + PUSHES * MOST_REPEATED / 100
