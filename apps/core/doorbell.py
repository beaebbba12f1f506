"""The doorbell: tells workers that a queue has work, without anybody ever waiting for the broker.

A lost ring loses nothing: the row is in Postgres, and the sweeper rings again.
"""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog
from celery import current_app
from django.conf import settings
from kombu import Connection
from kombu.exceptions import OperationalError
from redis import RedisError

log = structlog.stdlib.get_logger(__name__)

TASK = "core.work"
# More rings than these, waiting in one queue, would only fill the broker's memory while its workers are away.
MOST_WAITING = 16


class Doorbell:
    """One line to the broker, opened on first use and again after a failure."""

    def __init__(self) -> None:
        self._connection: Connection | None = None
        self._channel: Any = None
        self._is_cut = False

    def ring(self, queue: str) -> None:
        """Add one ring to those that wait in the broker; without a broker do nothing."""
        self._fill(queue, lambda waiting: waiting + 1)

    def ring_until(self, queue: str, wanted: int) -> None:
        """Add rings until `wanted` of them wait; without a broker do nothing."""
        self._fill(queue, lambda waiting: wanted)

    def _fill(self, queue: str, wanted: Callable[[int], int]) -> None:
        try:
            channel = self._open()
            waiting = channel.client.llen(queue)
            for _ in range(min(wanted(waiting), MOST_WAITING) - waiting):
                self._publish(channel, queue)
        except (RedisError, OperationalError, OSError) as failure:
            self._hang_up(failure)
        else:
            self._is_cut = False

    def _open(self) -> Any:
        if self._connection is None:
            self._connection = current_app.connection_for_write()
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
        if not self._is_cut:
            log.warning("broker unreachable, the sweeper will ring", failure=type(failure).__name__)
        self._is_cut = True
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(RedisError, OperationalError, OSError):
                connection.release()


class Porter:
    """A thread that rings for everybody in its process; whoever wants a ring only leaves the queue's name.

    Names meet in a set, so that a hung broker makes nothing grow.
    """

    def __init__(self) -> None:
        self._wanted: set[str] = set()
        self._asked = threading.Condition()
        self._thread: threading.Thread | None = None

    def ask(self, queue: str) -> None:
        with self._asked:
            self._wanted.add(queue)
            self._asked.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="doorbell", daemon=True)
                self._thread.start()

    def _serve(self) -> None:
        bell = Doorbell()
        while True:
            with self._asked:
                self._asked.wait_for(lambda: self._wanted)
                queues, self._wanted = self._wanted, set()
            for queue in sorted(queues):
                bell.ring(queue)


_porter = Porter()


def ring(queue: str) -> None:
    """Have a worker look at the queue soon. Returns at once; where there is no broker, nothing happens."""
    if settings.JOB_DOORBELL:
        _porter.ask(queue)


def _forget_parents_thread() -> None:
    global _porter
    _porter = Porter()


# Threads do not survive a fork, and sockets must not be shared across one.
os.register_at_fork(after_in_child=_forget_parents_thread)
