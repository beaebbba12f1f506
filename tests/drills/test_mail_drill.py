"""Every mail ends, each intent is one mail, and the ledger agrees with the server, while senders and server go down.

`DRILL_MAILS` says how many, 300 unless told.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drills.bench import Bench, wait_until
from tests.fakes.smtp import FakeSmtp

pytestmark = pytest.mark.drill

MAILS = int(os.environ.get("DRILL_MAILS", "300"))
KILLS = max(4, MAILS // 500)
# What goes wrong the first time, and how often in a hundred.
FAULTS = {"450 4.2.0": 5, "data:451 4.3.0": 3, "550 5.1.1": 2, "cut": 1}
# Connections of one sender: as many mails may have been taken when it was killed and not written down.
IN_HAND = 4

STATES = "SELECT state, COUNT(*) FROM notifications_delivery WHERE channel = 'email' GROUP BY state"
OPEN = "SELECT COUNT(*) FROM notifications_delivery WHERE state IN ('queued', 'sent')"
DUE = f"{OPEN} AND next_attempt_at <= now() + interval '90 s'"
SETTLED = "SELECT COUNT(*) FROM notifications_delivery WHERE state IN ('accepted', 'failed')"
ACCEPTED = """
    SELECT replace(notification_id::text, '-', ''), replace(id::text, '-', '')
    FROM notifications_delivery WHERE state = 'accepted'
"""
# Whoever was told "later" is not asked before that; a drill has no five minutes.
LATER_IS_NOW = """
    UPDATE notifications_delivery SET next_attempt_at = now()
    WHERE state = 'queued' AND next_attempt_at > now()
"""
SUPPRESSED = "SELECT COUNT(*) FROM accounts_mailsuppression WHERE bounced_at IS NOT NULL"


@pytest.fixture
def server() -> Iterator[FakeSmtp]:
    with FakeSmtp() as fake:
        yield fake


@pytest.fixture
def bench(tmp_path: Path, server: FakeSmtp) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    bench.environment |= {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(server.port),
        "SMTP_TLS": "false",
    }
    with bench:
        yield bench


def scripted(server: FakeSmtp, chance: random.Random) -> dict[str, str]:
    """Give each reader a fate; return the troubled ones."""
    names = [name for name, share in FAULTS.items() for _ in range(share)]
    fates = {}
    for number in range(MAILS):
        draw = chance.randrange(100)
        if draw < len(names):
            address = f"reader-{number}@example.test"
            fates[address] = names[draw]
            # Whoever is not there is there no better the next time.
            server.plan(address, *[names[draw]] * (50 if names[draw][0] == "5" else 1))
    return fates


def test_every_mail_ends_and_is_one(
    bench: Bench, server: FakeSmtp, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("DRILL_SEED", time.time()))
    fates = scripted(server, random.Random(seed))
    bench.valkey.start()
    with bench.running("-m", "tests.drills.mails", str(MAILS)) as told:
        told.read()
    assert bench.query(OPEN) == [(MAILS,)]
    began = time.monotonic()
    senders = bench.senders()
    for process in (*senders, bench.clock):
        process.start()

    for kill in range(1, KILLS + 1):
        due = MAILS * kill // (2 * KILLS + 2)
        wait_until(lambda due=due: bench.query(SETTLED)[0][0] >= due, 120, bench.logs())
        senders[kill % 2].restart()
        if kill == KILLS // 2:
            server.go_away()
            wait_until(lambda: server.refused >= 3, 60, "it is missed")
            server.come_back()
    wait_until(lambda: bench.query(DUE) == [(0,)], 200, f"all tried once\n{bench.logs()}")
    bench.query(LATER_IS_NOW)
    wait_until(lambda: bench.query(OPEN) == [(0,)], 200, f"all settled\n{bench.logs()}")
    seconds = time.monotonic() - began

    states = dict(bench.query(STATES))
    gone = sum(name == "550 5.1.1" for name in fates.values())
    cut = sum(name == "cut" for name in fates.values())
    given = Counter(taken.id for taken in server.taken)
    repeats = sum(given.values()) - len(given)
    with capsys.disabled():
        print(
            f"\n{MAILS} mails, {KILLS} kills, {server.refused} times away: {states}, {repeats} repeats"
            f" ({cut} answers lost), {server.connections} connections, {seconds:.0f} s, seed {seed}"
        )
    assert states == {"accepted": MAILS - gone, "failed": gone}
    assert bench.query(SUPPRESSED) == [(gone,)]
    accepted = {f"<mail.{told}.{one}@localhost>" for told, one in bench.query(ACCEPTED)}
    assert set(given) == accepted
    # The server took what it was given before it went away, of two senders.
    assert cut <= repeats <= cut + IN_HAND * (KILLS + 2)
