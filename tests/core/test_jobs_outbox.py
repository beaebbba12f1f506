"""Looking after the table: what waits is counted and rung for, dead letters are replayed, history is forgotten."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from apps.core import doorbell, jobs, outbox, periodic
from apps.core.models import IdempotencyRecord, Job
from tests.outbox import drain, pending

SETTLED: dict[str, Any] = {"finished_at": Now()}


@jobs.job(queue="urgent")
def say(*, word: str = "", **_: Any) -> None: ...


@jobs.job(queue="bulk")
def mumble(*, word: str = "", **_: Any) -> None: ...


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    rings: dict[str, int] = {}
    monkeypatch.setattr(doorbell, "ring", lambda queue, workers=1: rings.update({queue: workers}))
    return rings


def promise(job: jobs.Handler, count: int = 1, **options: Any) -> None:
    with transaction.atomic():
        for _ in range(count):
            jobs.enqueue(job, **options)


class TestSweeping:
    def test_rings_for_due_work_and_for_nothing_else(self, db: None, rings: dict[str, int]) -> None:
        promise(say, 3)
        promise(mumble, due_at=timezone.now() + timedelta(hours=1))
        nothing = dict.fromkeys((*settings.JOB_QUEUES, *settings.STREAM_QUEUES), 0)
        assert outbox.sweep() == nothing | {"urgent": 3}
        assert rings == {"urgent": 3}

    def test_finds_a_delayed_job_when_its_time_has_come(
        self, db: None, rings: dict[str, int]
    ) -> None:
        promise(mumble, due_at=timezone.now() + timedelta(hours=1))
        Job.objects.update(available_at=Now())
        outbox.sweep()
        assert rings == {"bulk": 1}

    def test_leaves_jobs_alone_that_a_worker_has(self, db: None, rings: dict[str, int]) -> None:
        promise(say)
        outbox.claim("urgent")
        outbox.sweep()
        assert rings == {}

    def test_counts_no_further_than_the_rings_that_a_queue_can_hold(
        self, db: None, rings: dict[str, int]
    ) -> None:
        promise(say, doorbell.MOST_WAITING + 5)
        assert outbox.sweep()["urgent"] == doorbell.MOST_WAITING


def test_stats_tell_what_is_due_for_how_long_and_what_is_dead(
    db: None, django_assert_num_queries: Any
) -> None:
    promise(say, 2)
    promise(mumble)
    promise(mumble, due_at=timezone.now() + timedelta(hours=1))
    Job.objects.filter(pk=pending("core.say")[0].pk).update(
        available_at=Now() - timedelta(minutes=5)
    )
    Job.objects.filter(pk=pending("core.mumble")[0].pk).update(state="dead", **SETTLED)
    with django_assert_num_queries(2):
        stats = outbox.stats()
    nothing = dict.fromkeys((*settings.JOB_QUEUES, *settings.STREAM_QUEUES), (0, 0))
    counted = {queue: (one.due, one.dead) for queue, one in stats.items()}
    assert counted == nothing | {"urgent": (2, 0), "bulk": (0, 1)}
    assert stats["urgent"].oldest_age == pytest.approx(300, abs=30)
    assert stats["default"].oldest_age == stats["bulk"].oldest_age == 0


class TestReplaying:
    def test_a_dead_letter_gets_all_its_attempts_back(
        self, db: None, rings: dict[str, int], django_capture_on_commit_callbacks: Any
    ) -> None:
        promise(say)
        Job.objects.update(state="dead", attempts=10, error="no paper", **SETTLED)
        with django_capture_on_commit_callbacks(execute=True):
            assert outbox.replay([Job.objects.get().pk]) == 1
        assert rings == {"urgent": 1}
        assert [(job.attempts, job.error) for job in pending()] == [(0, "no paper")]
        assert drain() == ["core.say"]

    def test_what_is_not_dead_is_left_as_it_is(self, db: None) -> None:
        promise(say, 2)
        done = pending()[0]
        Job.objects.filter(pk=done.pk).update(state="done", **SETTLED)
        assert outbox.replay([job.pk for job in Job.objects.all()]) == 0
        done.refresh_from_db()
        assert done.state == "done"

    def test_a_letter_whose_key_is_asked_for_again_can_still_be_replayed(self, db: None) -> None:
        promise(say, key="word")
        Job.objects.update(state="dead", **SETTLED)
        promise(say, key="word")
        assert outbox.replay([Job.objects.get(state="dead").pk]) == 1
        assert drain() == ["core.say", "core.say"]


class TestForgetting:
    @pytest.mark.parametrize(
        ("state", "days", "is_kept"),
        [("done", 6, True), ("done", 8, False), ("dead", 89, True), ("dead", 91, False)],
    )
    def test_history_is_kept_as_long_as_somebody_may_ask(
        self, db: None, state: str, days: int, is_kept: bool
    ) -> None:
        promise(say)
        Job.objects.update(state=state, finished_at=Now() - timedelta(days=days))
        periodic.prune_jobs()
        assert Job.objects.exists() is is_kept

    def test_work_that_waits_is_never_forgotten(self, db: None) -> None:
        promise(say, due_at=timezone.now() - timedelta(days=400))
        periodic.prune_jobs()
        assert len(pending()) == 1

    def test_many_rows_go_in_batches(
        self, db: None, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
    ) -> None:
        monkeypatch.setattr(periodic, "BATCH", 2)
        promise(say, 5)
        Job.objects.update(state="done", finished_at=Now() - timedelta(days=30))
        # Three batches and the one that finds nothing, then a look at the dead.
        with django_assert_num_queries(5):
            periodic.prune_jobs()
        assert not Job.objects.exists()

    def test_answers_are_forgotten_when_they_expire(self, db: None) -> None:
        for actor, hours in (("ada", -1), ("sam", 1)):
            IdempotencyRecord.objects.create(
                actor=actor,
                key_hash=b"k" * 32,
                route="/",
                fingerprint=b"f",
                status=201,
                body=b"",
                expires_at=Now() + timedelta(hours=hours),
            )
        periodic.prune_idempotency_records()
        assert [record.actor for record in IdempotencyRecord.objects.all()] == ["sam"]
