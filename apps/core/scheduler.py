"""The clock: asks once for every periodic job that is due, and sweeps the outbox. Celery beat only makes it tick.

The schedule lives in Postgres rows, so a flushed Redis forgets nothing, any number of clocks may tick, and a clock that
was away catches up each missed job once.
"""

from datetime import datetime
from typing import Any

import structlog
from celery.beat import Scheduler
from django.db import Error, close_old_connections, connection, transaction

from apps.core import jobs, outbox
from apps.core.models import Slot

log = structlog.stdlib.get_logger(__name__)

TICK_SECONDS = 1.0

# The earlier time wins: a missed slot stays missed until it is caught up, and a schedule that became more frequent
# does not wait for the old, later slot.
_PLAN = """
    INSERT INTO core_slot (name, due_at) VALUES (%s, %s)
    ON CONFLICT (name) DO UPDATE SET due_at = LEAST(core_slot.due_at, EXCLUDED.due_at)
"""

_DUE = """
    SELECT name, STATEMENT_TIMESTAMP() FROM core_slot
    WHERE due_at <= STATEMENT_TIMESTAMP() AND name = ANY(%s)
    ORDER BY name FOR UPDATE SKIP LOCKED
"""


def plan() -> None:
    """Make sure that every periodic job has a slot that suits its present schedule."""
    now = _now()
    with transaction.atomic(), connection.cursor() as cursor:
        for name, schedule in sorted(jobs.schedules.items()):
            cursor.execute(_PLAN, [name, schedule.next_after(now)])


def enqueue_due() -> list[str]:
    """Enqueue every periodic job whose slot has come, and move its slot to the next time; return their names.

    All in one transaction under a lock on the slots: of two clocks, one asks.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_DUE, [list(jobs.schedules)])
            due: list[tuple[str, datetime]] = cursor.fetchall()
        for name, now in due:
            jobs.enqueue(jobs.registry[name], key=f"periodic:{name}")
            Slot.objects.filter(pk=name).update(due_at=jobs.schedules[name].next_after(now))
    return [name for name, _ in due]


class PostgresScheduler(Scheduler):
    """`celery beat --scheduler apps.core.scheduler:PostgresScheduler`"""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._is_planned = False
        self._is_cut = False
        super().__init__(*args, **kwargs)
        self.max_interval = TICK_SECONDS

    def setup_schedule(self) -> None:
        jobs.discover()

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Do what is due now; return the seconds to the next tick."""
        try:
            if not self._is_planned:
                plan()
                self._is_planned = True
            enqueue_due()
            outbox.sweep()
        except Error as failure:
            # Said once per outage; the slots wait in the database that is away.
            if not self._is_cut:
                log.warning("database is away", failure=type(failure).__name__)
            self._is_cut = True
        else:
            self._is_cut = False
        finally:
            # Back to the pool, which hands out only connections that work.
            close_old_connections()
        return TICK_SECONDS


def _now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT STATEMENT_TIMESTAMP()")
        return cursor.fetchone()[0]
