"""The doorbell: nobody ever waits for the broker, and a broker that is away costs nothing but a second."""

import select
import socket
import socketserver
import subprocess
import sys
import time
from collections.abc import Iterator
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from celery import current_app
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection, transaction

from apps.core import doorbell, jobs, tasks
from apps.core.doorbell import MOST_WAITING, Doorbell, MostUrgentFirst, Porter
from tests.core.threads import start
from tests.outbox import pending


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    broker = redis.Redis.from_url(settings.CELERY_BROKER_URL)
    broker.flushdb()
    yield broker
    broker.flushdb()
    broker.close()


class Gate(socketserver.ThreadingTCPServer):
    """Stands in front of the broker and, while it is closed, hangs up on everybody."""

    daemon_threads = True
    is_open = False

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        place = urlsplit(settings.CELERY_BROKER_URL)
        with socket.create_connection((place.hostname, place.port)) as broker, request:
            while self.is_open:
                for side, other in ((request, broker), (broker, request)):
                    if select.select([side], [], [], 0.01)[0]:
                        other.sendall(side.recv(65536))


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    with Gate(("127.0.0.1", 0), socketserver.BaseRequestHandler) as gate:
        Thread(target=gate.serve_forever, args=(0.05,), daemon=True).start()
        place = urlsplit(settings.CELERY_BROKER_URL)
        credentials, _, _ = place.netloc.rpartition("@")
        address = f"{credentials}@127.0.0.1:{gate.server_address[1]}".removeprefix("@")
        monkeypatch.setattr(current_app.conf, "broker_url", place._replace(netloc=address).geturl())
        yield gate
        gate.is_open = False
        gate.shutdown()


@pytest.fixture
def silent_broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A broker that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setattr(current_app.conf, "broker_url", f"redis://127.0.0.1:{port}/0")
        yield


@pytest.fixture
def absent_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current_app.conf, "broker_url", "redis://127.0.0.1:1/0")


@jobs.job(queue="bulk")
def catalogue(*, title: str, **_: Any) -> None:
    Group.objects.create(name=title)


def promise(*titles: str) -> None:
    with transaction.atomic():
        for title in titles:
            jobs.enqueue(catalogue, title=title)


def wait_for(broker: redis.Redis, queue: str, count: int) -> None:
    deadline = time.monotonic() + 5
    while broker.llen(queue) != count:
        assert time.monotonic() < deadline, f"{broker.llen(queue)} rings in {queue}, not {count}"


class TestRinging:
    def test_one_ring_waits_per_worker_that_is_wanted(self, broker: redis.Redis) -> None:
        bell = Doorbell()
        bell.ring("urgent", 1)
        bell.ring("urgent", 1)
        assert broker.llen("urgent") == 1
        bell.ring("urgent", 3)
        assert broker.llen("urgent") == 3

    def test_rings_that_nobody_hears_do_not_pile_up(self, broker: redis.Redis) -> None:
        Doorbell().ring("bulk", 10_000)
        assert broker.llen("bulk") == MOST_WAITING

    def test_the_bell_works_again_when_the_broker_is_back(
        self, broker: redis.Redis, gate: Gate
    ) -> None:
        bell = Doorbell()
        bell.ring("urgent", 2)
        assert broker.llen("urgent") == 0
        gate.is_open = True
        bell.ring("urgent", 2)
        assert broker.llen("urgent") == 2

    def test_an_absent_broker_is_reported_once(
        self, absent_broker: None, caplog: pytest.LogCaptureFixture
    ) -> None:
        bell = Doorbell()
        for _ in range(3):
            bell.ring("urgent", 1)
        assert len([line for line in caplog.messages if "broker is away" in line]) == 1


class TestNotWaiting:
    def test_the_caller_does_not_wait_for_a_hung_broker(self, silent_broker: None) -> None:
        porter = Porter()
        began = time.monotonic()
        for _ in range(1000):
            porter.ask("urgent", 1)
        assert time.monotonic() - began < 1
        assert len(porter._notes) <= 1

    def test_the_porter_rings(self, broker: redis.Redis) -> None:
        Porter().ask("default", 2)
        wait_for(broker, "default", 2)


TWO_GENERATIONS = """
import os, django; django.setup()
from django.conf import settings
settings.JOB_DOORBELL = True
import redis, time, warnings
from apps.core import doorbell
broker = redis.Redis.from_url(settings.CELERY_BROKER_URL)
def ring_and_wait(queue):
    doorbell.ring(queue)
    deadline = time.monotonic() + 5
    while not broker.llen(queue):
        assert time.monotonic() < deadline, queue
ring_and_wait("urgent")
warnings.simplefilter("ignore", DeprecationWarning)
child = os.fork()
if child == 0:
    ring_and_wait("bulk")
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
ring_and_wait("default")
"""


def test_a_forked_process_has_a_porter_of_its_own(broker: redis.Redis) -> None:
    subprocess.run([sys.executable, "-c", TWO_GENERATIONS], check=True, timeout=30)
    assert [broker.llen(queue) for queue in settings.JOB_QUEUES] == [1, 1, 1]


def test_a_free_worker_looks_into_the_most_urgent_queue_first() -> None:
    cycle = MostUrgentFirst()
    cycle.update({"bulk", "urgent", "unknown", "default"})
    assert cycle.consume(4) == ["urgent", "default", "bulk", "unknown"]
    cycle.rotate("urgent")
    assert cycle.consume(1 + 3)[0] == "urgent"


@pytest.mark.django_db(transaction=True)
class TestWorking:
    @pytest.fixture
    def rings(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        rings: list[str] = []
        monkeypatch.setattr(doorbell, "ring", rings.append)
        return rings

    def test_a_ring_empties_the_queue(self, rings: list[str]) -> None:
        promise("Emma", "Persuasion")
        rings.clear()
        tasks.work("bulk")
        assert pending() == []
        assert rings == []

    def test_a_long_backlog_gives_others_their_turn(
        self, rings: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(settings.JOB_SLICES, "bulk", 0)
        promise("Emma", "Persuasion")
        rings.clear()
        tasks.work("bulk")
        assert len(pending()) == 1
        assert rings == ["bulk"]

    def test_only_its_own_queue_is_worked_on(self) -> None:
        promise("Emma")
        tasks.work("urgent")
        assert len(pending()) == 1

    def test_a_lost_connection_costs_one_ring_and_no_job(self) -> None:
        promise("Emma")
        with connection.cursor() as cursor:
            cursor.execute("SELECT PG_BACKEND_PID()")
            (mine,) = cursor.fetchone()
        start(lambda: hang_up(mine)).answer()
        tasks.work("bulk")
        assert len(pending()) == 1
        tasks.work("bulk")
        assert pending() == []


def hang_up(backend: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT PG_TERMINATE_BACKEND(%s, 5000)", [backend])
