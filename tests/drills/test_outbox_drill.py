"""Nothing lost, nothing twice, while real workers are killed and the broker loses all that it holds."""

import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apps.core.outbox import EXHAUSTED
from tests.drills.bench import Bench, wait_until
from tests.drills.ledger.tasks import TABLES

pytestmark = pytest.mark.drill

# One in ten is rolled back.
EVENTS = 2250
SECONDS = 50
POISON = 2
WORKER_KILLS = 10
BROKER_KILLS = 3
FLUSHES = 1
CLOCK_KILLS = 2
# From the last fault until nothing waits any more (reliability D5).
DRAINED_WITHIN = 60

LOST = "SELECT number FROM drill_event EXCEPT SELECT number FROM drill_effect"
PHANTOM = "SELECT number FROM drill_effect EXCEPT SELECT number FROM drill_event"
TWICE = "SELECT number FROM drill_effect GROUP BY 1 HAVING COUNT(*) > 1"
UNPROMISED = """
    SELECT number FROM drill_event EXCEPT
    SELECT (kwargs->>'number')::int FROM core_job WHERE name = 'drills.effect' AND state = 'done'
"""
POISON_PILLS = f"""
    INSERT INTO core_job (name, kwargs, context, queue, lease_seconds, max_attempts)
    SELECT 'drills.poison', '{{}}', '{{}}', 'bulk', 4, 3 FROM GENERATE_SERIES(1, {POISON})
"""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Bench(tmp_path) as bench:
        bench.query(TABLES)
        bench.start()
        yield bench


def test_every_event_has_its_effect_once_whatever_is_killed(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("DRILL_SEED", time.time()))
    began = time.monotonic()
    bench.query(POISON_PILLS)
    command = ("-m", "tests.drills.ledger", str(EVENTS), str(SECONDS), str(seed))
    with bench.running(*command) as written:
        faults = shuffled_faults(bench, random.Random(seed))
        for place, fault in enumerate(faults, start=1):
            due = began + SECONDS * place / (len(faults) + 1)
            wait_until(lambda due=due: time.monotonic() > due, SECONDS, "the next fault")
            fault()
        last_fault = time.monotonic()
        acknowledged = {int(line) for line in written}
    wait_until(lambda: waiting(bench) == 0, 2 * DRAINED_WITHIN, f"drained\n{bench.logs()}")
    drained = time.monotonic() - last_fault

    events = {number for (number,) in bench.query("SELECT number FROM drill_event")}
    lost, phantom, twice = (bench.query(question) for question in (LOST, PHANTOM, TWICE))
    passed = len(events) - len(lost) - len(twice)
    with capsys.disabled():
        print(
            f"\n{passed}/{len(events)} events had their effect once, {len(faults)} faults, "
            f"drained {drained:.1f} s after the last, seed {seed}, {time.monotonic() - began:.0f} s"
        )
    assert len(events) > 0.8 * EVENTS
    assert acknowledged == events
    assert (lost, phantom, twice) == ([], [], [])
    assert bench.query(UNPROMISED) == []
    assert (
        bench.query("SELECT state, attempts, error FROM core_job WHERE name = 'drills.poison'")
        == [("dead", 3, EXHAUSTED)] * POISON
    )
    assert drained < DRAINED_WITHIN


def shuffled_faults(bench: Bench, chance: random.Random) -> list[Callable[[], None]]:
    faults: list[Callable[[], None]] = [
        *(bench.workers[number % 2].restart for number in range(WORKER_KILLS)),
        *(bench.valkey.restart for _ in range(BROKER_KILLS)),
        *(bench.flush_valkey for _ in range(FLUSHES)),
        *(bench.clock.restart for _ in range(CLOCK_KILLS)),
    ]
    chance.shuffle(faults)
    return faults


def waiting(bench: Bench) -> int:
    # Periodic jobs of the product may come and go meanwhile.
    return bench.query(
        "SELECT COUNT(*) FROM core_job WHERE state = 'pending' AND name LIKE 'drills.%'"
    )[0][0]
