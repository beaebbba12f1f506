"""The clock: each slot is asked for once, by however many clocks, and a clock that was away catches up once."""

import subprocess
import sys
from datetime import UTC, datetime, time, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from apps.core import jobs, scheduler
from apps.core.jobs import Schedule
from apps.core.models import Slot
from tests.core.threads import in_threads
from tests.outbox import drain, pending

HOURLY = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _one_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the job below is periodic, and only during these tests."""
    monkeypatch.setattr(jobs, "registry", dict(jobs.registry))
    monkeypatch.setattr(jobs, "schedules", {})
    jobs.periodic(every=HOURLY)(tidy)


def tidy(**_: Any) -> None: ...


def slot() -> Slot:
    return Slot.objects.get(name="core.tidy")


def miss(since: timedelta) -> None:
    Slot.objects.update(due_at=Now() - since)


class TestSlots:
    def test_a_new_job_waits_for_its_first_slot(self, db: None) -> None:
        scheduler.plan()
        assert scheduler.enqueue_due() == []
        assert timezone.now() < slot().due_at <= timezone.now() + HOURLY

    def test_a_due_slot_asks_once_and_moves_on(self, db: None) -> None:
        scheduler.plan()
        miss(timedelta(seconds=1))
        assert scheduler.enqueue_due() == ["core.tidy"]
        assert scheduler.enqueue_due() == []
        assert slot().due_at > timezone.now()
        assert drain() == ["core.tidy"]

    def test_slots_missed_over_days_are_caught_up_once(self, db: None) -> None:
        scheduler.plan()
        miss(timedelta(days=3))
        assert scheduler.enqueue_due() == ["core.tidy"]
        assert scheduler.enqueue_due() == []

    def test_a_restarted_clock_does_not_forget_a_missed_slot(self, db: None) -> None:
        scheduler.plan()
        miss(timedelta(minutes=5))
        scheduler.plan()
        assert scheduler.enqueue_due() == ["core.tidy"]

    def test_a_schedule_that_became_more_frequent_does_not_wait_for_the_old_slot(
        self, db: None
    ) -> None:
        scheduler.plan()
        Slot.objects.update(due_at=F("due_at") + timedelta(days=1))
        scheduler.plan()
        assert slot().due_at <= timezone.now() + HOURLY

    def test_a_backlog_of_the_same_job_does_not_grow(self, db: None) -> None:
        scheduler.plan()
        for _ in range(3):
            miss(timedelta(seconds=1))
            scheduler.enqueue_due()
        assert len(pending("core.tidy")) == 1

    def test_a_slot_of_a_job_that_is_gone_is_left_alone(self, db: None) -> None:
        Slot.objects.create(name="core.gone", due_at=timezone.now() - HOURLY)
        assert scheduler.enqueue_due() == []


@pytest.mark.django_db(transaction=True)
def test_of_many_clocks_one_asks() -> None:
    scheduler.plan()
    miss(timedelta(seconds=1))
    together = Barrier(5)

    def tick() -> list[str]:
        together.wait()
        return scheduler.enqueue_due()

    answers = in_threads(5, tick)
    assert sorted(answers, key=bool) == [[], [], [], [], ["core.tidy"]]
    assert len(pending("core.tidy")) == 1


class TestSchedules:
    @given(
        minutes=st.integers(1, 7 * 24 * 60),
        moment=st.datetimes(timezones=st.just(UTC)).filter(lambda moment: moment.year < 9999),
    )
    def test_the_next_slot_is_the_first_one_later_than_now(
        self, minutes: int, moment: datetime
    ) -> None:
        every = timedelta(minutes=minutes)
        due = Schedule(every=every).next_after(moment)
        assert moment < due <= moment + every
        assert Schedule(every=every).next_after(due) == due + every

    @pytest.mark.parametrize(
        ("now", "due"),
        [
            ("2026-03-01T03:14:59", "2026-03-01T03:15:00"),
            ("2026-03-01T03:15:00", "2026-03-02T03:15:00"),
            ("2026-02-28T12:00:00", "2026-03-01T03:15:00"),
        ],
    )
    def test_a_daily_job_is_due_at_its_time_of_day(self, now: str, due: str) -> None:
        schedule = Schedule(at=time(3, 15))
        expected = datetime.fromisoformat(due).replace(tzinfo=UTC)
        assert schedule.next_after(datetime.fromisoformat(now).replace(tzinfo=UTC)) == expected


WITHOUT_A_DATABASE = """
import django; django.setup()
from celery import current_app
from django.db import connections
connections.settings["default"]["PORT"] = "1"
connections.settings["default"]["OPTIONS"]["pool"]["timeout"] = 0.1
from apps.core.scheduler import PostgresScheduler
clock = PostgresScheduler(app=current_app)
print([clock.tick() for _ in range(3)])
"""


def test_a_clock_without_a_database_goes_on_ticking_and_says_so_once() -> None:
    clock = subprocess.run(
        [sys.executable, "-c", WITHOUT_A_DATABASE], capture_output=True, text=True, check=True
    )
    assert clock.stdout == "[1.0, 1.0, 1.0]\n"
    assert clock.stderr.count("database is away") == 1
