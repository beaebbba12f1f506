"""A campaign to a crowd: everybody once, however often its worker is killed, and nobody else waits for it.

`DRILL_PHONES` says how large the crowd is, 20,000 unless told; `DRILL_KILLS` how often a worker is killed, 5. In full:

DRILL_PHONES=200000 DRILL_KILLS=20 make drill ARGS='-k campaign'
"""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.drills.bench import Bench, Process, wait_until
from tests.fakes.fcm import FakeFcm
from tests.load import machine

pytestmark = pytest.mark.drill

PHONES = int(os.environ.get("DRILL_PHONES", "20000"))
KILLS = int(os.environ.get("DRILL_KILLS", "5"))
# Of one chunk.
CHUNK = 2_000

CHUNKS = "SELECT COUNT(*) FROM notifications_campaignchunk WHERE state = 'done'"
LEFT = """
    SELECT COUNT(*) FROM notifications_campaign WHERE planned_at IS NULL
        OR EXISTS (SELECT FROM notifications_campaignchunk WHERE state = 'planned')
"""
PUSHES = "notifications_delivery WHERE campaign_id IS NOT NULL"
AUDIENCE = (
    "CREATE TABLE audience AS SELECT id, user_id FROM devices_device WHERE app_version = '2.10.0'"
)
SKIPPED = f"SELECT COUNT(*) FROM (SELECT id FROM audience EXCEPT SELECT device_id FROM {PUSHES}) AS skipped"
FOREIGN = f"SELECT COUNT(*) FROM (SELECT device_id FROM {PUSHES} EXCEPT SELECT id FROM audience) AS foreign_ones"
DOUBLED = f"SELECT COUNT(*) - COUNT(DISTINCT device_id) FROM {PUSHES}"
INBOXES = """
    SELECT COUNT(*), COUNT(DISTINCT recipient_id), (SELECT COUNT(*) FROM audience),
        (SELECT SUM(unread) FROM notifications_inbox)
    FROM notifications_notification WHERE kind = 'announcement'
"""
# Somebody signs in while it runs.
NEWCOMER = """
    INSERT INTO devices_device
        (installation_id, user_id, platform, app_version, last_seen_at, push_provider, push_address_kind,
         push_address, push_index, push_registered_at)
    SELECT gen_random_uuid()::text, user_id, 'android', '2.10.0', now(), 'fcm', 'token', 'x',
        decode(replace(gen_random_uuid()::text, '-', ''), 'hex'), now()
    FROM audience LIMIT 1
"""
SECONDS = """
    SELECT EXTRACT(EPOCH FROM MAX(done_at) - MIN(started_at))::float8, SUM(queued)
    FROM notifications_campaignchunk, notifications_campaign
"""
QUEUED = "SELECT COALESCE(SUM(queued), 0) FROM notifications_campaignchunk"
PROMPT = """
    SELECT COUNT(*), COUNT(accepted_at),
        PERCENTILE_DISC(ARRAY[0.5, 0.95, 1]) WITHIN GROUP
            (ORDER BY EXTRACT(EPOCH FROM COALESCE(accepted_at, now()) - created_at)::float8)
    FROM notifications_delivery WHERE campaign_id IS NULL
"""
SENT = f"SELECT COUNT(*) FROM {PUSHES} AND attempts > 0"


@pytest.fixture
def fcm(tmp_path: Path) -> Iterator[FakeFcm]:
    with FakeFcm(tmp_path / "fcm.jsonl") as fake:
        yield fake


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Fill a database once; each drill begins with a copy of it."""
    with Bench(tmp_path_factory.mktemp("crowd")) as bench:
        spoken(bench, "seed", str(PHONES))
        bench.query(AUDIENCE)
        yield bench.database


@pytest.fixture
def bench(tmp_path: Path, fcm: FakeFcm, crowd: str) -> Iterator[Bench]:
    bench = Bench(tmp_path, template=crowd)
    bench.environment |= {
        "PUSH_PROVIDERS": "fcm",
        "FCM_BASE_URL": fcm.url,
        "FCM_CREDENTIALS": fcm.tokens.credentials(),
    }
    with bench:
        bench.valkey.start()
        yield bench


def spoken(bench: Bench, *words: str) -> str:
    with bench.running("-m", "tests.drills.campaigns", *words) as said:
        return said.read().strip()


def begun(bench: Bench, *processes: Process) -> str:
    for process in (*processes, bench.clock):
        process.start()
    return spoken(bench, "release")


def megabytes(process: Process) -> int:
    """Return what the worker processes of a program hold."""
    return sum(machine.megabytes_per_process(process.pid))


def cost(bench: Bench, worker: Process) -> machine.Reading:
    """Read the processor time of the worker and of all of Postgres."""
    with psycopg.connect(bench.environment["DATABASE_URL"]) as connection:
        postgres = machine.parent_of(connection.info.backend_pid)
    return machine.read({"worker": worker.pid, "Postgres": postgres})


def test_everybody_is_told_once_however_often_the_worker_is_killed(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("DRILL_SEED", time.time()))
    chance = random.Random(seed)
    worker = bench.workers[0]
    begun(bench, worker)
    chunks = -(-PHONES // CHUNK)

    for kill in range(1, KILLS + 1):
        due = chunks * kill // (KILLS + 2)
        wait_until(lambda due=due: bench.query(CHUNKS)[0][0] >= due, 120, bench.state)
        time.sleep(chance.uniform(0, 0.3))
        worker.restart()
        bench.query(NEWCOMER)
    wait_until(lambda: bench.query(LEFT) == [(0,)], 300, bench.state)

    found = [bench.query(one)[0][0] for one in (SKIPPED, FOREIGN, DOUBLED)]
    told, readers, people, unread = bench.query(INBOXES)[0]
    with capsys.disabled():
        print(
            f"\ncampaign: {PHONES:,} phones, {KILLS} kills: {told:,} people told;"
            f" skipped, foreign, doubled: {found} (seed {seed})"
        )
    assert found == [0, 0, 0]
    assert told == readers == people == unread == PHONES - -(-PHONES // 50)


def test_it_is_written_fast_and_in_little_memory(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    worker = bench.workers[0]
    begun(bench, worker)
    # Both of its processes have written by then.
    settled, most = PHONES // CHUNK // 5, 0
    wait_until(lambda: bench.query(CHUNKS)[0][0] >= 1, 60, bench.logs())
    begins, written = cost(bench, worker), bench.query(QUEUED)[0][0]
    wait_until(lambda: bench.query(CHUNKS)[0][0] >= settled, 60, bench.logs())
    first = megabytes(worker)
    # Seldom: a look is a connection, which costs Postgres as much as a hundred rows.
    while bench.query(LEFT) != [(0,)]:
        most = max(most, megabytes(worker))
        time.sleep(1)
    spent = cost(bench, worker).since(begins).trees

    seconds, queued = bench.query(SECONDS)[0]
    each = {name: 1e6 * used / (queued - written) for name, used in spent.items()}
    with capsys.disabled():
        print(
            f"\ncampaign: {queued:,} deliveries in {seconds:.1f} s, {queued / seconds:,.0f} a second;"
            f" worker {each['worker']:.0f} and Postgres {each['Postgres']:.0f} µs of processor time each,"
            f" so at most {2e6 / sum(each.values()):,.0f} a second on two free cores;"
            f" worker's processes {first} MB early on, {most} MB at most"
        )
    assert most - first < 30


def test_what_somebody_waits_for_overtakes_it_and_a_pause_is_a_pause(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    campaign = begun(bench, bench.workers[0], bench.senders()[0])
    spoken(bench, "tell", "30")

    count, accepted, (middle, p95, longest) = bench.query(PROMPT)[0]
    before = bench.query(SENT)[0][0]
    spoken(bench, "pause", campaign)
    paused = time.monotonic()
    time.sleep(2)
    held = bench.query(SENT)[0][0]
    time.sleep(3)
    after = bench.query(SENT)[0][0]
    with capsys.disabled():
        print(
            f"\ncampaign: {before:,} of it sent meanwhile; {count} others told, {accepted} accepted:"
            f" p50 {middle:.2f} s, p95 {p95:.2f} s, at most {longest:.2f} s; sent after the pause: {held - before}"
            f" within 2 s, {after - held} later ({time.monotonic() - paused:.0f} s watched)"
        )
    assert before > 0
    assert p95 <= 2
    assert after == held
