"""The test's own way of running jobs: it follows them to the end and hides no failure."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import transaction

from apps.core import jobs
from tests.outbox import drain, drain_twice


@jobs.job()
def pass_on(*, more: int, **_: Any) -> None:
    if more:
        jobs.enqueue(pass_on, more=more - 1)


@jobs.job()
def shelve_another(**_: Any) -> None:
    Group.objects.create(name=str(uuid.uuid4()))


@jobs.job()
def run_out_of_paper(**_: Any) -> None:
    raise RuntimeError("no paper")


def promise(job: jobs.Handler, **ids: Any) -> None:
    with transaction.atomic():
        jobs.enqueue(job, **ids)


def test_jobs_that_enqueue_jobs_are_followed(db: None) -> None:
    promise(pass_on, more=3)
    assert drain() == ["core.pass_on"] * 4


def test_jobs_that_enqueue_each_other_for_ever_are_stopped(db: None) -> None:
    promise(pass_on, more=1000)
    with pytest.raises(AssertionError, match="Still not empty after 20 jobs"):
        drain(limit=20)


def test_a_failure_fails_the_test(db: None) -> None:
    promise(run_out_of_paper)
    with pytest.raises(AssertionError, match=r"core\.run_out_of_paper failed: .* no paper"):
        drain()


def test_a_failure_may_be_the_point(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.random", lambda: 1.0)
    promise(run_out_of_paper)
    assert drain(tolerate_failures=True) == ["core.run_out_of_paper"]


def test_a_second_delivery_that_adds_something_is_found(db: None) -> None:
    promise(shelve_another)
    with pytest.raises(AssertionError, match="auth_group"):
        drain_twice()


def test_a_second_delivery_that_adds_nothing_passes(db: None) -> None:
    promise(pass_on, more=1)
    assert drain_twice() == ["core.pass_on"] * 2
