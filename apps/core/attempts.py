"""One attempt at a job: run it within its lease, and write down how it ended."""

import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum
from types import FrameType

import structlog
from django.db import connection, transaction

from apps.core import jobs, outbox
from apps.core.models import Job
from apps.core.observability.logging import restored_context
from apps.core.observability.metrics import observe_job

log = structlog.stdlib.get_logger(__name__)

BACKOFF_BASE = timedelta(seconds=2)
BACKOFF_CAP = timedelta(minutes=10)
# A worker of the previous version leaves a job that it does not know to its successors.
UNKNOWN_DELAY = timedelta(seconds=30)
LONGEST_ERROR = 500


class Outcome(StrEnum):
    """How an attempt ended, as metrics and tests name it."""

    DONE = "done"
    LATER = "later"
    FAILED = "failed"
    DEAD = "dead"
    UNKNOWN = "unknown"
    LOST = "lost"


class LeaseLost(Exception):
    """Somebody else has the job now."""


class Overdue(BaseException):
    """The attempt outlived its lease. Not an Exception, so that no handler's own `except` keeps it running."""


def run(job: Job) -> Outcome:
    """Attempt a claimed job and settle it. Whatever the job raises ends here; a lost database does not."""
    started = time.monotonic()
    with restored_context(job.context):
        outcome = _attempt(job, log.bind(job=job.name, job_id=str(job.pk), attempts=job.attempts))
    observe_job(job.name, outcome, time.monotonic() - started)
    return outcome


def _attempt(job: Job, report: structlog.stdlib.BoundLogger) -> Outcome:
    handler = jobs.registry.get(job.name)
    if job.state == Job.State.DEAD:
        report.error("job is dead", reason=job.error)
        return Outcome.DEAD
    if handler is None:
        report.warning("job is unknown to this version")
        outbox.postpone(job, UNKNOWN_DELAY, error="unknown to the worker", counted=False)
        return Outcome.UNKNOWN
    try:
        with _time_limit(job.lease_seconds):
            return _perform(job, handler)
    except LeaseLost:
        report.warning("lease lost")
        return Outcome.LOST
    except jobs.Retry as wish:
        outbox.postpone(job, wish.after, error=f"later: {wish}"[:LONGEST_ERROR], counted=False)
        return Outcome.LATER
    except jobs.GiveUp as reason:
        report.error("job gave up", reason=str(reason))
        outbox.bury(job, str(reason)[:LONGEST_ERROR])
        return Outcome.DEAD
    # Whatever a job raises is that job's failure; the worker goes on to the next.
    except (Exception, Overdue) as failure:
        return _fail(job, failure, report)


def _perform(job: Job, handler: jobs.Handler) -> Outcome:
    if not handler.atomic:
        handler.run(job.kwargs)
        return Outcome.DONE if outbox.finish(job) else Outcome.LOST
    with transaction.atomic():
        # Holding the row is what makes the effect happen once: it can't be claimed again while we live, and if we
        # were asleep since the claim and somebody has it, we find out before doing anything.
        if not outbox.hold(job):
            raise LeaseLost
        handler.run(job.kwargs)
        outbox.finish(job)
    return Outcome.DONE


def _fail(job: Job, failure: BaseException, report: structlog.stdlib.BoundLogger) -> Outcome:
    if not connection.in_atomic_block:
        # The connection may have been the trouble, or was cut off in the middle of a statement.
        connection.close()
    # The first line only: what Postgres adds below it quotes the row.
    message, *_ = str(failure).splitlines() or [""]
    error = f"{type(failure).__name__}: {message}"[:LONGEST_ERROR]
    if job.attempts < job.max_attempts:
        report.warning("job failed", exc_info=failure)
        outbox.postpone(job, _backoff(job.attempts), error=error, counted=True)
        return Outcome.FAILED
    report.error("job is dead", exc_info=failure)
    outbox.bury(job, error)
    return Outcome.DEAD


def _backoff(attempts: int) -> timedelta:
    # Full jitter: jobs that failed together do not come back together.
    return random.random() * min(BACKOFF_CAP, BACKOFF_BASE * 2 ** (attempts - 1))  # noqa: S311


@contextmanager
def _time_limit(lease_seconds: int) -> Iterator[None]:
    """Raise Overdue while there is still some lease left, so that two attempts never overlap."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _ring_out)
    signal.setitimer(signal.ITIMER_REAL, lease_seconds * 0.9)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _ring_out(signum: int, frame: FrameType | None) -> None:
    raise Overdue("the attempt took longer than its lease allows")
