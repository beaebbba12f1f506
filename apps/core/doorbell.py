"""The doorbell: tells workers that a queue has work, without anybody ever waiting for the broker.

A lost ring loses nothing: the row is in Postgres, and the sweeper rings again.
"""

import os
import threading
from contextlib import suppress
from typing import Any

import structlog
from celery import current_app
from django.conf import settings
from kombu.utils.scheduling import priority_cycle

log = structlog.stdlib.get_logger(__name__)

TASK = "core.work"
# More rings than this, waiting in one queue, would only fill the broker's memory while its workers are away.
MOST_WAITING = 16


def ring(queue: str, workers: int = 1) -> None:
    """Have so many workers look at the queue soon. Returns at once, whatever state the broker is in."""
    if settings.JOB_DOORBELL:
        _porter.ask(queue, workers)


class Doorbell:
    """One line to the broker, opened on first use and again after a failure."""

    def __init__(self) -> None:
        self._connection = current_app.connection_for_write()
        self._channel: Any = None
        self._is_cut = False

    def ring(self, queue: str, workers: int) -> None:
        """Add rings until one waits for each of `workers`; while the broker is away, do nothing."""
        try:
            channel = self._open()
            waiting = channel.client.llen(queue)
            for _ in range(min(workers, MOST_WAITING) - waiting):
                self._publish(channel, queue)
        # Whatever is wrong with the broker or on the way to it: the job is safe, and whoever rings must go on.
        except Exception as failure:
            self._hang_up(failure)
        else:
            self._is_cut = False

    def _open(self) -> Any:
        if self._channel is None:
            self._connection.ensure_connection(max_retries=1, interval_start=0)
            self._channel = self._connection.channel()
        return self._channel

    def _publish(self, channel: Any, queue: str) -> None:
        current_app.send_task(
            TASK,
            args=[queue],
            queue=queue,
            producer=current_app.amqp.Producer(channel, auto_declare=False),
            retry=False,
            ignore_result=True,
        )

    def _hang_up(self, failure: Exception) -> None:
        # Said once per outage: while it lasts, every job that anybody enqueues comes past here.
        if not self._is_cut:
            reason = type(failure).__name__
            log.warning("broker is away, jobs wait for the sweeper", failure=reason)
        self._is_cut = True
        self._channel = None
        with suppress(Exception):
            self._connection.release()


class Porter:
    """The thread that rings for everybody in its process; whoever wants a ring only leaves a note.

    There is one note per queue, so that a hung broker makes nothing grow.
    """

    def __init__(self) -> None:
        self._notes: dict[str, int] = {}
        self._noted = threading.Condition()
        self._thread: threading.Thread | None = None

    def ask(self, queue: str, workers: int) -> None:
        with self._noted:
            self._notes[queue] = max(workers, self._notes.get(queue, 0))
            self._noted.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="doorbell", daemon=True)
                self._thread.start()

    def _serve(self) -> None:
        bell = Doorbell()
        while True:
            with self._noted:
                self._noted.wait_for(lambda: self._notes)
                notes, self._notes = self._notes, {}
            for queue, workers in notes.items():
                bell.ring(queue, workers)


_porter = Porter()


def _dismiss_parents_porter() -> None:
    global _porter
    _porter = Porter()


# Threads do not survive a fork, and its socket must not be shared across one.
os.register_at_fork(after_in_child=_dismiss_parents_porter)


class MostUrgentFirst(priority_cycle):
    """The order in which a free worker looks into its queues; Celery would take turns."""

    def consume(self, n: int) -> list[str]:
        rank = {queue: place for place, queue in enumerate(settings.JOB_QUEUES)}
        return sorted(self.items[:n], key=lambda queue: rank.get(queue, len(rank)))
