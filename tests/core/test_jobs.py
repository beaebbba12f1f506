"""Promising work: what a job must look like, what it carries, and that the promise stands or falls with its cause."""

import uuid
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from apps.core import doorbell, jobs, outbox
from apps.core.models import Job
from apps.core.observability import logging
from tests.core.threads import in_threads, start
from tests.outbox import drain, pending

seen: list[Any] = []


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    seen.clear()


@jobs.job(queue="urgent")
def greet(*, reader_id: uuid.UUID | None, times: int = 1, loudly: bool = False, **_: Any) -> None:
    seen.append((reader_id, times, loudly))


@jobs.job()
def remember_who_asked(**_: Any) -> None:
    seen.append(logging.current_context())


@jobs.job(queue="bulk")
def recount(*, shelf: str, **_: Any) -> None:
    seen.append((shelf, Group.objects.count()))


@pytest.mark.django_db(transaction=True)
def test_a_job_is_refused_outside_the_transaction_that_causes_it() -> None:
    with pytest.raises(RuntimeError, match=r"core\.greet"):
        jobs.enqueue(greet, reader_id=None)
    assert pending() == []


def test_a_job_that_is_called_runs_here_and_now() -> None:
    greet(reader_id=None, times=2)
    assert seen == [(None, 2, False)]


def test_a_rollback_takes_the_promise_back(db: None) -> None:
    with transaction.atomic():
        jobs.enqueue(greet, reader_id=None)
        transaction.set_rollback(True)
    assert pending() == []


def test_ids_arrive_as_the_types_the_job_declares(db: None) -> None:
    reader_id = uuid.uuid7() if hasattr(uuid, "uuid7") else uuid.uuid4()
    jobs.enqueue(greet, reader_id=reader_id, times=3, loudly=True)
    jobs.enqueue(greet, reader_id=None)
    assert drain() == ["core.greet", "core.greet"]
    assert seen == [(reader_id, 3, True), (None, 1, False)]


@pytest.mark.parametrize("value", [1.5, datetime.now(UTC), [1], {"a": 1}, b"bytes", object()])
def test_only_ids_travel(db: None, value: Any) -> None:
    with pytest.raises(TypeError, match="times"):
        jobs.enqueue(greet, reader_id=None, times=value)
    assert pending() == []


@pytest.mark.parametrize("ids", [{}, {"reader_id": None, "reader": 1}])
def test_ids_are_checked_against_the_job_when_it_is_promised(db: None, ids: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"core\.greet"):
        jobs.enqueue(greet, **ids)


def test_a_job_from_a_newer_version_may_bring_ids_this_one_does_not_know(db: None) -> None:
    jobs.enqueue(greet, reader_id=None)
    Job.objects.update(kwargs={"reader_id": None, "language": "de"})
    drain()
    assert seen == [(None, 1, False)]


def test_a_delayed_job_waits_for_its_time(db: None) -> None:
    tomorrow = timezone.now() + timedelta(days=1)
    jobs.enqueue(greet, reader_id=None, due_at=tomorrow)
    assert drain() == []
    assert drain(until=tomorrow) == ["core.greet"]


def test_a_job_works_in_the_name_of_the_request_that_asked(db: None) -> None:
    with logging.restored_context({"request_id": "request-1", "actor": "ada"}):
        jobs.enqueue(remember_who_asked)
    with logging.restored_context({"request_id": "worker"}):
        drain()
        assert logging.current_context() == {"request_id": "worker"}
    assert seen == [{"request_id": "request-1", "actor": "ada"}]


class TestAskingWithAKey:
    def test_asking_again_while_the_job_waits_is_asking_once(self, db: None) -> None:
        jobs.enqueue(recount, shelf="poetry", key="recount:poetry")
        jobs.enqueue(recount, shelf="poetry", key="recount:poetry")
        jobs.enqueue(recount, shelf="prose", key="recount:prose")
        assert drain() == ["core.recount", "core.recount"]

    def test_the_earlier_due_time_wins(self, db: None) -> None:
        soon, later = (timezone.now() + timedelta(hours=hours) for hours in (1, 2))
        for due_at in (later, soon, later):
            jobs.enqueue(recount, shelf="poetry", key="recount:poetry", due_at=due_at)
        assert [job.available_at for job in pending()] == [soon]

    def test_asking_while_the_job_runs_makes_it_run_again(self, db: None) -> None:
        jobs.enqueue(recount, shelf="poetry", key="recount:poetry")
        outbox.claim("bulk")
        jobs.enqueue(recount, shelf="poetry", key="recount:poetry")
        assert drain() == ["core.recount"]

    @pytest.mark.django_db(transaction=True)
    def test_no_worker_slips_between_the_second_asking_and_its_commit(self) -> None:
        """Otherwise the job could run before the second change is visible, and never again after it."""
        with transaction.atomic():
            jobs.enqueue(recount, shelf="poetry", key="recount:poetry")
        with transaction.atomic():
            Group.objects.create(name="a second poem")
            jobs.enqueue(recount, shelf="poetry", key="recount:poetry")
            assert start(lambda: outbox.claim("bulk")).answer() is None
        assert drain() == ["core.recount"]
        assert seen == [("poetry", 1)]

    @pytest.mark.django_db(transaction=True)
    def test_many_who_ask_at_once_ask_once(self) -> None:
        together = Barrier(4)

        def ask() -> None:
            together.wait()
            with transaction.atomic():
                jobs.enqueue(recount, shelf="poetry", key="recount:poetry")

        in_threads(4, ask)
        assert len(pending()) == 1


class TestTheDoorbell:
    @pytest.fixture
    def rings(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        rings: list[str] = []
        monkeypatch.setattr(doorbell, "ring", rings.append)
        return rings

    @pytest.mark.django_db(transaction=True)
    def test_rings_after_the_commit_and_not_before(self, rings: list[str]) -> None:
        with transaction.atomic():
            jobs.enqueue(greet, reader_id=None)
            assert rings == []
        assert rings == ["urgent"]

    @pytest.mark.django_db(transaction=True)
    def test_stays_silent_for_work_that_is_not_due(self, rings: list[str]) -> None:
        with transaction.atomic():
            tomorrow = timezone.now() + timedelta(days=1)
            jobs.enqueue(greet, reader_id=None, due_at=tomorrow)
        assert rings == []


class TestDeclaring:
    @pytest.fixture(autouse=True)
    def _registry(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(jobs, "registry", dict(jobs.registry))
        monkeypatch.setattr(jobs, "schedules", dict(jobs.schedules))

    def test_positional_ids_are_refused(self) -> None:
        def greet_in_order(reader_id: int, **_: Any) -> None: ...

        with pytest.raises(TypeError, match="keyword-only"):
            jobs.job()(greet_in_order)

    def test_a_job_must_bear_ids_it_does_not_know(self) -> None:
        def greet_strictly(*, reader_id: int) -> None: ...

        with pytest.raises(TypeError, match=r"end in \*\*_"):
            jobs.job()(greet_strictly)

    def test_the_words_of_enqueue_are_no_ids(self) -> None:
        def unlock(*, key: str, **_: Any) -> None: ...

        with pytest.raises(TypeError, match="key"):
            jobs.job()(unlock)

    @pytest.mark.parametrize("lease", [timedelta(0), timedelta(hours=1)])
    def test_a_lease_must_end_before_the_worker_is_stopped(self, lease: timedelta) -> None:
        def dawdle(**_: Any) -> None: ...

        with pytest.raises(ValueError, match="lease"):
            jobs.job(lease=lease)(dawdle)

    def test_two_modules_can_not_share_a_name(self) -> None:
        def greet(**_: Any) -> None: ...

        greet.__module__ = "apps.core.somewhere"
        with pytest.raises(ValueError, match=r"core\.greet"):
            jobs.job()(greet)

    def test_the_clock_has_no_ids_to_give(self) -> None:
        def tidy(*, shelf: str, **_: Any) -> None: ...

        with pytest.raises(TypeError, match=r"core\.tidy"):
            jobs.periodic(every=timedelta(hours=1))(tidy)

    @pytest.mark.parametrize("when", [{}, {"every": timedelta(hours=1), "at": "03:15"}])
    def test_a_periodic_job_has_one_schedule(self, when: dict[str, Any]) -> None:
        with pytest.raises(TypeError, match="either"):
            jobs.periodic(**when)
