"""Attempting work: an effect happens once or not at all, and every job ends somewhere, whatever its handler does."""

import uuid
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from apps.core import attempts, jobs, outbox
from apps.core.attempts import Outcome
from apps.core.models import Job
from tests.core.threads import in_threads, start
from tests.outbox import pending


class Sick(Exception):
    pass


trouble: list[BaseException] = []


@pytest.fixture(autouse=True)
def _no_trouble() -> None:
    trouble.clear()


@jobs.job(max_attempts=3)
def shelve(*, title: str, **_: Any) -> None:
    Group.objects.create(name=title)
    if trouble:
        raise trouble[0]


@jobs.job(max_attempts=3, atomic=False)
def post(*, title: str, **_: Any) -> None:
    """Acts on the world; here the world is a row that commits on its own."""
    Group.objects.create(name=f"{title} {uuid.uuid4()}")
    if trouble:
        raise trouble[0]


@jobs.job(lease=timedelta(seconds=1), max_attempts=1)
def loop_for_ever(**_: Any) -> None:
    while True:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(0.2)")
        except Exception:
            continue


@dataclass
class Waiting:
    """A handler that says when it runs, and ends when told."""

    running: Event
    may_end: Event

    def __call__(self, **_: Any) -> None:
        self.running.set()
        self.may_end.wait(10)


def promise(job: jobs.Handler, **ids: Any) -> None:
    with transaction.atomic():
        jobs.enqueue(job, **ids)


def attempt(queue: str = "default") -> Outcome:
    job = outbox.claim(queue)
    assert job is not None, "nothing is due"
    return attempts.run(job)


def let_leases_end() -> None:
    """Let the time pass that a killed or sleeping worker's lease still had."""
    Job.objects.filter(state=Job.State.PENDING).update(available_at=Now() - timedelta(seconds=1))


def shelf() -> list[str]:
    return list(Group.objects.order_by("name").values_list("name", flat=True))


class TestFailing:
    def test_the_effect_is_rolled_back_and_the_job_comes_again(self, db: None) -> None:
        promise(shelve, title="Emma")
        trouble.append(Sick("no paper"))
        assert attempt() is Outcome.FAILED
        assert shelf() == []
        trouble.clear()
        let_leases_end()
        assert attempt() is Outcome.DONE
        assert shelf() == ["Emma"]

    def test_the_row_says_why_without_quoting_what_postgres_quotes(self, db: None) -> None:
        promise(shelve, title="Emma")
        trouble.append(Sick("duplicate key\nDETAIL: Key (email)=(ada@example.test) exists."))
        attempt()
        assert [job.error for job in pending()] == ["Sick: duplicate key"]

    def test_a_long_reason_is_cut(self, db: None) -> None:
        promise(shelve, title="Emma")
        trouble.append(Sick("x" * 10_000))
        attempt()
        assert [len(job.error) for job in pending()] == [500]

    def test_the_wait_doubles_with_jitter_up_to_ten_minutes(self, db: None) -> None:
        waits: dict[int, list[float]] = {}
        for _ in range(40):
            for number in (1, 2, 5, 9, 30):
                wait = attempts._backoff(number).total_seconds()
                waits.setdefault(number, []).append(wait)
        for number, longest in ((1, 2), (2, 4), (5, 32), (9, 512), (30, 600)):
            assert 0 <= min(waits[number]) < longest / 2 < max(waits[number]) <= longest

    def test_a_failed_job_is_not_due_before_its_wait_is_over(
        self, db: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("random.random", lambda: 1.0)
        promise(shelve, title="Emma")
        trouble.append(Sick())
        attempt()
        waiting = Job.objects.annotate(wait=F("available_at") - Now()).get()
        assert timedelta(seconds=1.5) < waiting.wait <= timedelta(seconds=2)
        assert outbox.claim("default") is None

    def test_after_its_last_attempt_it_is_a_dead_letter_with_a_reason(self, db: None) -> None:
        promise(shelve, title="Emma")
        trouble.append(Sick("no paper"))
        outcomes = [attempt()]
        for _ in range(2):
            let_leases_end()
            outcomes.append(attempt())
        assert outcomes == [Outcome.FAILED, Outcome.FAILED, Outcome.DEAD]
        letter = Job.objects.get()
        assert (letter.state, letter.attempts, letter.error) == ("dead", 3, "Sick: no paper")
        assert letter.finished_at is not None

    def test_one_job_in_trouble_does_not_hold_up_the_next(self, db: None) -> None:
        promise(shelve, title="Emma")
        trouble.append(Sick())
        attempt()
        trouble.clear()
        promise(shelve, title="Persuasion")
        assert attempt() is Outcome.DONE


class TestSayingNotNowOrNever:
    def test_retry_comes_back_when_it_said_and_costs_no_attempt(self, db: None) -> None:
        promise(shelve, title="Emma")
        trouble.append(jobs.Retry(after=timedelta(minutes=30), reason="429"))
        assert attempt() is Outcome.LATER
        waiting = Job.objects.annotate(wait=F("available_at") - Now()).get()
        assert timedelta(minutes=29) < waiting.wait <= timedelta(minutes=30)
        assert (waiting.attempts, waiting.error, shelf()) == (0, "later: 429", [])

    def test_give_up_is_final_at_once(self, db: None) -> None:
        promise(shelve, title="Emma")
        trouble.append(jobs.GiveUp("the address is gone"))
        assert attempt() is Outcome.DEAD
        letter = Job.objects.get()
        assert (letter.state, letter.error, shelf()) == ("dead", "the address is gone", [])


@pytest.mark.django_db(transaction=True)
class TestLosingWorkers:
    def test_a_killed_workers_job_is_due_again_when_its_lease_ends(self) -> None:
        promise(shelve, title="Emma")
        outbox.claim("default")
        assert outbox.claim("default") is None
        let_leases_end()
        assert attempt() is Outcome.DONE

    def test_a_job_that_kills_its_workers_stops_with_its_last_attempt(self) -> None:
        promise(shelve, title="Emma")
        for _ in range(3):
            assert outbox.claim("default") is not None
            let_leases_end()
        assert attempt() is Outcome.DEAD
        letter = Job.objects.get()
        assert (letter.state, letter.attempts, letter.error) == ("dead", 3, outbox.EXHAUSTED)
        assert outbox.claim("default") is None

    def test_a_worker_that_slept_through_its_lease_changes_nothing(self) -> None:
        promise(shelve, title="Emma")
        sleeper = outbox.claim("default")
        let_leases_end()
        assert attempt() is Outcome.DONE
        assert sleeper is not None
        assert attempts.run(sleeper) is Outcome.LOST
        assert shelf() == ["Emma"]

    def test_a_sleeper_that_fails_does_not_undo_what_its_successor_did(self) -> None:
        promise(post, title="Emma")
        sleeper = outbox.claim("default")
        let_leases_end()
        assert attempt() is Outcome.DONE
        assert sleeper is not None
        sleeper.attempts = sleeper.max_attempts
        trouble.append(Sick())
        attempts.run(sleeper)
        assert Job.objects.get().state == "done"

    def test_a_job_that_acts_on_the_world_knows_when_it_was_not_alone(self) -> None:
        promise(post, title="Emma")
        sleeper = outbox.claim("default")
        let_leases_end()
        assert attempt() is Outcome.DONE
        assert sleeper is not None
        assert attempts.run(sleeper) is Outcome.LOST
        assert len(shelf()) == 2

    def test_nobody_can_claim_an_atomic_job_while_it_runs(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        running, may_end = Event(), Event()
        wait = Waiting(running, may_end)
        monkeypatch.setitem(jobs.registry, shelve.name, replace(shelve, function=wait))
        promise(shelve, title="Emma")
        sleepy = outbox.claim("default")
        assert sleepy is not None
        # Its lease ends while it runs.
        let_leases_end()
        worker = start(lambda: attempts.run(sleepy))
        assert running.wait(10)
        assert outbox.claim("default") is None
        may_end.set()
        assert worker.answer() is Outcome.DONE

    def test_many_workers_do_each_job_once(self) -> None:
        for number in range(24):
            promise(shelve, title=f"{number:02}")

        def work() -> None:
            while job := outbox.claim("default"):
                attempts.run(job)

        in_threads(4, work)
        assert shelf() == [f"{number:02}" for number in range(24)]
        assert set(Job.objects.values_list("state", "attempts")) == {("done", 1)}

    def test_a_job_that_does_not_end_is_ended_before_its_lease_is(self) -> None:
        promise(loop_for_ever)
        promise(shelve, title="Emma")
        assert [attempt(), attempt()] == [Outcome.DEAD, Outcome.DONE]
        assert Job.objects.get(state="dead").error.startswith("Overdue")


def test_a_job_from_a_newer_version_is_left_to_newer_workers(db: None) -> None:
    promise(shelve, title="Emma")
    Job.objects.update(name="core.from_the_future")
    assert attempt() is Outcome.UNKNOWN
    waiting = Job.objects.annotate(wait=F("available_at") - Now()).get()
    assert timedelta(seconds=20) < waiting.wait <= attempts.UNKNOWN_DELAY
    assert (waiting.state, waiting.attempts) == ("pending", 0)


def test_due_jobs_are_taken_in_the_order_in_which_they_fell_due(db: None) -> None:
    for title in ("first", "second", "third"):
        promise(shelve, title=title)
    Job.objects.filter(kwargs__title="third").update(available_at=Now() - timedelta(hours=1))
    taken = [outbox.claim("default") for _ in range(3)]
    assert [job and job.kwargs["title"] for job in taken] == ["third", "first", "second"]
