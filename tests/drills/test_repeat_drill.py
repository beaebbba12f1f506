"""Racing repeats under one key while web processes and connections are killed: one effect each, and one answer (C2).

Web processes die by kill -9, and Postgres ends connections wherever they are: before the lock, between lock and effect,
while they commit, before the answer. In full: `DRILL_KEYS=1000 make drill ARGS='-k repeat'`
"""

import os
import random
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import httpx2
import psycopg
import pytest

from tests.drills.conftest import COUNTED
from tests.phone import Answer, OverHttp, Phone
from tests.stack import Stack

pytestmark = pytest.mark.drill

KEYS = int(os.environ.get("DRILL_KEYS", "200"))
SEED = int(os.environ.get("DRILL_SEED", "7"))
RACING, AT_ONCE = 5, 4
ANSWERS_A_KILL, ATTEMPTS_A_CUT = 40, 4
PATIENCE = 120
_CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle' ORDER BY random() LIMIT 1
"""


class Nemesis:
    """Kills as often as there is progress, until it is told to stop, and counts."""

    def __init__(self, stack: Stack) -> None:
        self._stack, self._chance = stack, random.Random(SEED)
        self._over = threading.Event()
        self.attempts = self.answers = self.kills = self.cuts = 0

    @contextmanager
    def at_work(self) -> Iterator[None]:
        with ThreadPoolExecutor(2) as pool:
            work = [pool.submit(self._kill), pool.submit(self._cut)]
            try:
                yield
            finally:
                self._over.set()
        for done in work:
            done.result()

    def _kill(self) -> None:
        master, killed_at = self._stack.processes["web"].pid, 0
        while not self._over.wait(0.01):
            if self.answers < killed_at + ANSWERS_A_KILL:
                continue
            killed_at = self.answers
            children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
            with suppress(ProcessLookupError):
                os.kill(int(self._chance.choice(children)), signal.SIGKILL)
                self.kills += 1

    def _cut(self) -> None:
        cut_at = 0
        with psycopg.connect(self._stack.database_url, autocommit=True) as connection:
            while not self._over.wait(self._chance.uniform(0, 0.005)):
                if self.attempts >= cut_at + ATTEMPTS_A_CUT:
                    found = len(connection.execute(_CUT).fetchall())
                    self.cuts += found
                    cut_at = self.attempts if found else cut_at


def insistently(nemesis: Nemesis, phone: Phone, key: str) -> Answer:
    """Send until there is an answer that stands: as an app would, which does not know whether the first one arrived."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        nemesis.attempts += 1
        with suppress(httpx2.TransportError):
            answer = phone.post("posts", {"title": key}, idempotency_key=key)
            if answer.status < 500 and answer.code != "idempotency_in_progress":
                nemesis.answers += 1
                return answer
        time.sleep(random.uniform(0, 0.1))
    raise AssertionError(f"No answer within {PATIENCE} s.")


def test_every_key_has_one_effect_and_one_answer(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    environment = {"DJANGO_SETTINGS_MODULE": "tests.drills.generous", "WEB_WORKERS": "4"}
    with (
        Stack(tmp_path, parts=("web",), **environment) as stack,
        closing(OverHttp(stack.url, timeout=5)) as line,
    ):
        phone = Phone(line=line, mail_folder=stack.mail_folder)
        assert phone.register("writer@example.test").status == 201
        nemesis = Nemesis(stack)
        keys = [uuid.uuid4().hex for _ in range(KEYS)]
        with nemesis.at_work(), ThreadPoolExecutor(RACING * AT_ONCE) as crowd:
            racing = {
                key: [crowd.submit(insistently, nemesis, phone, key) for _ in range(RACING)]
                for key in keys
            }
            answers = {key: [one.result() for one in each] for key, each in racing.items()}
        effects = dict(stack.query("SELECT title, count(*) FROM content_post GROUP BY title"))
    agreeing = sum(
        len({(one.status, one.content) for one in each}) == 1 and each[0].status == 201
        for each in answers.values()
    )
    once = sum(effects.get(key) == 1 for key in keys)
    record_property(COUNTED, (f"keys, {RACING} racing: one effect", once, KEYS))
    record_property(COUNTED, (f"keys, {RACING} racing: one answer", agreeing, KEYS))
    print(f"{nemesis.kills} web processes killed -9, {nemesis.cuts} connections cut")
    assert nemesis.kills
    assert nemesis.cuts
    assert (once, agreeing, len(effects)) == (KEYS, KEYS, KEYS)
