"""The effects, and one job that takes its process down with it."""

import os
import signal
from datetime import timedelta
from typing import Any

from django.db import connection

from apps.core import jobs

# Short, so that a drill does not wait a minute for every job whose worker was killed.
LEASE = timedelta(seconds=4)

TABLES = """
    CREATE TABLE drill_event (number int PRIMARY KEY);
    CREATE TABLE drill_effect (number int, at timestamptz DEFAULT CLOCK_TIMESTAMP());
"""


@jobs.job(lease=LEASE, max_attempts=50)
def effect(*, number: int, **_: Any) -> None:
    """Write the effect, then stay open for a while: a kill must find transactions to break."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO drill_effect (number) VALUES (%s)", [number])
        cursor.execute("SELECT PG_SLEEP(0.05 * RANDOM())")


@jobs.job(lease=LEASE, max_attempts=3, queue="bulk")
def poison(**_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)
