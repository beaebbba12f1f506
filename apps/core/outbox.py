"""The outbox: the table of promised work, and the only code that moves its rows.

A claim is counted and committed before the attempt starts, so a job that takes its process down with it stops after
`max_attempts`. Every later change is guarded by the claim's lease: whoever lost it changes nothing. All times are the
database's, since the clocks of workers may differ.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from apps.core import doorbell, streams
from apps.core.models import Job

EXHAUSTED = "attempts exhausted: the last one never reported back"

_CLAIM = """
    WITH next AS (
        SELECT id FROM core_job
        WHERE state = 'pending' AND queue = %(queue)s AND available_at <= STATEMENT_TIMESTAMP()
        ORDER BY available_at, id
        LIMIT 1 FOR UPDATE SKIP LOCKED
    ), judged AS (
        SELECT id, attempts >= max_attempts AS exhausted FROM core_job JOIN next USING (id)
    )
    UPDATE core_job SET
        lease = GEN_RANDOM_UUID(),
        available_at = STATEMENT_TIMESTAMP() + lease_seconds * INTERVAL '1 second',
        attempts = CASE WHEN exhausted THEN attempts ELSE attempts + 1 END,
        state = CASE WHEN exhausted THEN 'dead' ELSE 'pending' END,
        finished_at = CASE WHEN exhausted THEN STATEMENT_TIMESTAMP() END,
        error = CASE WHEN exhausted THEN %(reason)s ELSE error END
    FROM judged WHERE core_job.id = judged.id
    RETURNING core_job.*
"""

# Counting stops where it no longer matters, so that looking costs the same with ten jobs due as with ten million.
_DUE = """
    SELECT queue, (
        SELECT COUNT(*) FROM (
            SELECT FROM core_job
            WHERE state = 'pending' AND core_job.queue = known.queue
                AND available_at <= STATEMENT_TIMESTAMP()
            LIMIT %(enough)s
        ) AS due
    ) FROM UNNEST(%(queues)s::text[]) AS known (queue)
"""

_STATS = """
    SELECT queue, due.jobs, COALESCE(EXTRACT(EPOCH FROM STATEMENT_TIMESTAMP() - due.since), 0),
        (SELECT COUNT(*) FROM core_job WHERE state = 'dead' AND core_job.queue = known.queue)
    FROM UNNEST(%(queues)s::text[]) AS known (queue), LATERAL (
        SELECT COUNT(*) AS jobs, MIN(available_at) AS since FROM core_job
        WHERE state = 'pending' AND core_job.queue = known.queue
            AND available_at <= STATEMENT_TIMESTAMP()
    ) AS due
"""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits in a queue: due jobs, how overdue the first of them is in seconds, dead letters."""

    due: int
    oldest_age: float
    dead: int


def claim(queue: str) -> Job | None:
    """Take the job that is due longest and count the attempt; None when nothing is due.

    Outside a transaction this is committed at once. A job whose last attempt never reported back comes out dead.
    """
    taken = Job.objects.raw(_CLAIM, {"queue": queue, "reason": EXHAUSTED})
    return next(iter(taken), None)


def hold(job: Job) -> bool:
    """Lock the claimed row, so that nobody takes the job before this transaction ends; False if somebody has."""
    return _held(job).select_for_update().exists()


def finish(job: Job) -> bool:
    """File the job as done."""
    return _change(job, state=Job.State.DONE, finished_at=Now())


def postpone(job: Job, delay: timedelta, *, error: str, counted: bool) -> bool:
    """Make the job due again after `delay`, with or without counting this attempt."""
    attempts = F("attempts") if counted else F("attempts") - 1
    return _change(job, available_at=Now() + delay, attempts=attempts, error=error)


def bury(job: Job, reason: str) -> bool:
    """File the job as a dead letter."""
    return _change(job, state=Job.State.DEAD, finished_at=Now(), error=reason)


def replay(job_ids: Collection[Any]) -> int:
    """Make dead letters due again, with all their attempts; return how many there were."""
    dead = Job.objects.filter(pk__in=job_ids, state=Job.State.DEAD)
    with transaction.atomic():
        queues = set(dead.values_list("queue", flat=True))
        # A lease of nobody's: with none, the key of an old letter could collide with that of a waiting job.
        count = dead.update(
            state=Job.State.PENDING,
            available_at=Now(),
            finished_at=None,
            attempts=0,
            lease=RandomUUID(),
        )
        for queue in queues:
            transaction.on_commit(partial(doorbell.ring, queue), robust=True)
    return count


def sweep() -> dict[str, int]:
    """Ring for due work that nobody rang for: lost rings, retries, delayed jobs, leases of killed workers.

    Returns the number of due jobs by queue, counted up to the number of rings that a queue can hold.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"queues": list(settings.JOB_QUEUES), "enough": doorbell.MOST_WAITING})
        due = dict(cursor.fetchall())
    waiting = streams.backlogs(most=1)
    due |= {queue: count for queue, (count, _) in waiting.items()}
    for queue, jobs in due.items():
        if jobs:
            doorbell.ring(queue, workers=jobs)
    return due


def stats() -> dict[str, Backlog]:
    """Return what waits in each queue, of jobs and of streams."""
    waiting = streams.backlogs()
    with connection.cursor() as cursor:
        cursor.execute(_STATS, {"queues": list(settings.JOB_QUEUES)})
        return {
            queue: Backlog(due, max(0.0, float(age)), dead)
            for queue, due, age, dead in cursor.fetchall()
        } | {queue: Backlog(due, age, 0) for queue, (due, age) in waiting.items()}


def _held(job: Job) -> QuerySet[Job]:
    return Job.objects.filter(pk=job.pk, lease=job.lease, state=Job.State.PENDING)


def _change(job: Job, **changes: Any) -> bool:
    return _held(job).update(**changes) == 1
