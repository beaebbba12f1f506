"""Probes: is the process alive, and should it be sent traffic?

Only Postgres and the schema decide about traffic: without Redis the product works, slower.
"""

import threading
import time
from collections.abc import Callable, Mapping

import structlog
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from apps.core import cache
from apps.core.checks import broker_client
from apps.core.http.errors import problem

logger = structlog.get_logger(__name__)

OK, DOWN, PENDING = "ok", "down", "pending"
DECISIVE = ("database", "migrations")

# Seconds. Probes come often and from several sides; each answer serves all that come within the first.
_KEPT = 1
_PATIENCE = 1
_RETRY_AFTER = 2


def livez(request: HttpRequest) -> HttpResponse:
    """Say that this process answers; asks nobody else."""
    return JsonResponse({"status": OK})


def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether to send traffic here: 200, or a 503 problem; both tell each check's result."""
    checks = report.read()
    if all(checks[name] == OK for name in DECISIVE):
        return JsonResponse({"status": OK, "checks": checks})
    return problem(503, "not_ready", retry_after=_RETRY_AFTER, extra={"checks": checks})


class Report:
    """The last results of all checks, renewed when they are older than a second.

    Each check runs in a thread of its own, because a frozen server answers no timeout: a check that
    has not returned after a second is down, and is not started again until it has returned.
    """

    def __init__(self, checks: Mapping[str, Callable[[], str]]) -> None:
        self._checks = checks
        self._running: dict[str, _Attempt] = {}
        self._lock = threading.Lock()
        self._results: dict[str, str] = {}
        self._read_at = float("-inf")

    def read(self) -> dict[str, str]:
        """Return "ok", "pending" or "down" by name of check."""
        with self._lock:
            if time.monotonic() - self._read_at >= _KEPT:
                self._results = self._renewed()
                self._read_at = time.monotonic()
            return self._results

    def _renewed(self) -> dict[str, str]:
        for name, check in self._checks.items():
            if name not in self._running or not self._running[name].is_alive():
                self._running[name] = _Attempt(name, check)
                self._running[name].start()
        deadline = time.monotonic() + _PATIENCE
        for attempt in self._running.values():
            attempt.join(max(0, deadline - time.monotonic()))
        return {name: attempt.result for name, attempt in self._running.items()}


class _Attempt(threading.Thread):
    def __init__(self, name: str, check: Callable[[], str]) -> None:
        # A daemon: a frozen server must not keep the process from stopping.
        super().__init__(daemon=True, name=f"readyz-{name}")
        self._check = check
        self.result = DOWN

    def run(self) -> None:
        try:
            self.result = self._check()
        except Exception as failure:  # Whatever a driver raises, a probe gets its answer.
            logger.warning("check failed", check=self.name, error=type(failure).__name__)
        finally:
            connection.close()


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return OK


class _Migrations:
    """Reads every migration file, which is slow, until all are applied: this process gets no more."""

    _done = False

    def __call__(self) -> str:
        if not self._done:
            executor = MigrationExecutor(connection)
            self._done = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        return OK if self._done else PENDING


def _cache() -> str:
    cache.call(lambda server: server.ping())
    return OK


def _broker() -> str:
    broker_client(settings.CELERY_BROKER_URL).ping()
    return OK


def new_report() -> Report:
    """Return a report that has looked at nothing yet."""
    return Report(
        {"database": _database, "migrations": _Migrations(), "cache": _cache, "broker": _broker}
    )


report = new_report()
