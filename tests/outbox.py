"""Looking into the outbox from a test: what waits, running it now, and delivering it twice."""

import hashlib
import time
from datetime import datetime

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from apps.core import attempts, jobs, outbox, streams
from apps.core.models import Job

_TROUBLE = {attempts.Outcome.FAILED, attempts.Outcome.DEAD, attempts.Outcome.UNKNOWN}


def pending(name: str | None = None) -> list[Job]:
    """Return the jobs that wait, due or not, oldest first; only those called `name` if given."""
    waiting = Job.objects.filter(state=Job.State.PENDING).order_by("id")
    return list(waiting.filter(name=name) if name else waiting)


def drain(
    limit: int = 100,
    *,
    until: datetime | None = None,
    tolerate_failures: bool = False,
    sending: bool = True,
) -> list[str]:
    """Run due jobs, and the jobs that they enqueue, until none is due; return their names in order.

    What streams have to do is done as well, before and after the jobs, unless nothing is to be sent.
    `until` also makes jobs due that would be due by then. Raises AssertionError when an attempt fails, unless failures
    are the point of the test, and when `limit` jobs were not enough.
    """
    return [job.name for job in _drain(limit, until, tolerate_failures, sending)]


def drain_twice(limit: int = 100) -> list[str]:
    """Drain, deliver every one of those jobs a second time, and assert that nothing in the database changed.

    Compares every table but the outbox's own, so a handler that merely touches a row is found as well. What a handler
    does outside the database is for the test to count.
    """
    delivered = _drain(limit, None, False)
    once = _digests()
    Job.objects.filter(pk__in=[job.pk for job in delivered]).update(
        state=Job.State.PENDING, available_at=Now(), finished_at=None, attempts=0
    )
    _drain(2 * limit, None, False)
    changed = [table for table, digest in _digests().items() if digest != once[table]]
    assert not changed, f"A second delivery changed {changed}."
    return [job.name for job in delivered]


def _drain(
    limit: int, until: datetime | None, tolerate_failures: bool, sending: bool = True
) -> list[Job]:
    jobs.discover()
    done: list[Job] = []
    if sending:
        _run_streams()
    while job := _next(until):
        assert len(done) < limit, f"Still not empty after {limit} jobs: {job.name}."
        outcome = attempts.run(job)
        if outcome in _TROUBLE and not tolerate_failures:
            job.refresh_from_db()
            raise AssertionError(f"{job.name} {outcome}: {job.error}")
        done.append(job)
        if sending:
            _run_streams()
    return done


def _run_streams() -> None:
    for queue, stream in streams.registry.items():
        assert not stream.run(queue=queue, ends=time.monotonic() + 60), f"{queue} has no end."


def _next(until: datetime | None) -> Job | None:
    if until is not None:
        later = Job.objects.filter(state=Job.State.PENDING, available_at__gt=Now())
        later.filter(available_at__lte=until).update(available_at=Now())
    claims = (outbox.claim(queue) for queue in settings.JOB_QUEUES)
    return next((job for job in claims if job), None)


def _digests() -> dict[str, str]:
    tables = {model._meta.db_table for model in apps.get_models() if model._meta.managed}
    digests = {}
    with connection.cursor() as cursor:
        for table in sorted(tables - {Job._meta.db_table}):
            quoted = connection.ops.quote_name(table)
            cursor.execute(f"SELECT rows::text FROM {quoted} AS rows ORDER BY 1")
            digests[table] = hashlib.sha256(repr(cursor.fetchall()).encode()).hexdigest()
    return digests
