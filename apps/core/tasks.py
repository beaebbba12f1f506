"""What a ring of the doorbell starts: a worker empties a queue, of jobs or of a stream."""

import time

import structlog
from celery import shared_task
from django.conf import settings
from django.db import Error, close_old_connections

from apps.core import attempts, doorbell, outbox, streams

log = structlog.stdlib.get_logger(__name__)


@shared_task(name=doorbell.TASK)
def work(queue: str) -> None:
    """Do what is due in a queue until nothing is left, or until it is another queue's turn."""
    # A worker that serves several queues must not let urgent jobs wait behind a long bulk backlog: after its slice it
    # asks to be called again, and the broker hands out the most urgent queue first. So urgent work waits for one bulk
    # slice and the job it ends with, at most.
    ends = time.monotonic() + settings.JOB_SLICES[queue]
    try:
        if queue in streams.registry:
            if streams.registry[queue].run(queue=queue, ends=ends):
                doorbell.ring(queue)
            return None
        while job := outbox.claim(queue):
            attempts.run(job)
            if time.monotonic() > ends:
                return doorbell.ring(queue)
    except Error as failure:
        # Nothing to write to and nothing lost: leases end, and the sweeper rings when Postgres is back.
        log.warning("database is away", failure=type(failure).__name__)
    finally:
        # Back to the pool, which hands out only connections that work.
        close_old_connections()
