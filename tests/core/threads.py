"""Threads with database connections of their own, for tests about what happens at the same time."""

import time
from collections.abc import Callable
from threading import Thread

from django.db import connection

_WAITING = """
    SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


class Actor[T](Thread):
    """Runs an action; `join` answers with what it returned or raises what it raised."""

    def __init__(self, action: Callable[[], T]) -> None:
        super().__init__(daemon=True)
        self._action = action
        self._answer: T | None = None
        self._failure: BaseException | None = None

    def run(self) -> None:
        try:
            self._answer = self._action()
        except BaseException as failure:
            self._failure = failure
        finally:
            connection.close()

    def answer(self) -> T | None:
        self.join(60)
        assert not self.is_alive(), "still waiting after 60 s"
        if self._failure is not None:
            raise self._failure
        return self._answer


def start[T](action: Callable[[], T]) -> Actor[T]:
    actor = Actor(action)
    actor.start()
    return actor


def in_threads[T](count: int, action: Callable[[], T]) -> list[T | None]:
    """Do the same thing several times at once; return the answers."""
    return [actor.answer() for actor in [start(action) for _ in range(count)]]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline


def somebody_waits() -> bool:
    """Tell whether a statement waits for a lock that another transaction holds."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING)
        (count,) = cursor.fetchone()
    return bool(count)
