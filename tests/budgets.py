"""Every request that any test makes is held to the budget that its operation declares.

Counted are SQL statements (savepoints apart: where a test wraps everything in a transaction, a service's own becomes
one), round trips to Redis, and bytes of the answer. The first request with a new access token may look its session up.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection

from apps.accounts.services import api_keys, sessions
from apps.core import cache, documents, usage
from apps.core.http.views import ApiView

_NOT_COUNTED = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")


@dataclass
class Cost:
    queries: int = 0
    redis: int = 0
    # What a warm process knows: a session or a key is looked up (one statement, one trip to remember it), and so
    # are the things that staff edit and the documents that all share.
    cold: int = 0

    def count_query(self, execute: Any, sql: Any, *rest: Any) -> Any:
        if not str(sql).startswith(_NOT_COUNTED):
            self.queries += 1
        return execute(sql, *rest)


class _Running(threading.local):
    """What the request that this thread answers has cost so far."""

    cost: Cost | None = None


_running = _Running()


def _counting[F: Callable[..., Any]](function: F, kind: str) -> F:
    def counted(*arguments: Any, **options: Any) -> Any:
        if _running.cost:
            setattr(_running.cost, kind, getattr(_running.cost, kind) + 1)
        return function(*arguments, **options)

    return counted  # type: ignore[return-value]


def _beside(tell: Callable[[usage._Notes], None]) -> Callable[[usage._Notes], None]:
    """A process tells what it noted beside its requests; here one waits for it."""

    def uncounted(notes: usage._Notes) -> None:
        cost, _running.cost = _running.cost, None
        try:
            tell(notes)
        finally:
            _running.cost = cost

    return uncounted


def hold_to_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every successful answer of an `ApiView` in this process fail the test when it cost more than declared."""
    monkeypatch.setattr(cache, "call", _counting(cache.call, "redis"))
    monkeypatch.setattr(cache, "run", _counting(cache.run, "redis"))
    # Who meets a twin that confirms the same session looks again.
    monkeypatch.setattr(sessions, "confirm", _counting(sessions.confirm, "cold"))
    monkeypatch.setattr(api_keys, "confirm", _counting(api_keys.confirm, "cold"))
    monkeypatch.setattr(api_keys, "look_up", _counting(api_keys.look_up, "cold"))
    monkeypatch.setattr(cache.ProcessCopy, "_reload", _counting(cache.ProcessCopy._reload, "cold"))
    for name in ("_read", "_written"):
        counted = _counting(getattr(documents.Document, name), "cold")
        monkeypatch.setattr(documents.Document, name, counted)
    monkeypatch.setattr(usage._Notes, "tell", _beside(usage._Notes.tell))
    dispatch = ApiView.dispatch

    def watched(view: ApiView, request: Any, *args: Any, **kwargs: Any) -> Any:
        cost = _running.cost = Cost()
        try:
            with connection.execute_wrapper(cost.count_query):
                response = dispatch(view, request, *args, **kwargs)
        finally:
            _running.cost = None
        if response.status_code < 400:
            _compare(view, cost, len(response.content), request)
        return response

    monkeypatch.setattr(ApiView, "dispatch", watched)


def _compare(view: ApiView, cost: Cost, size: int, request: Any) -> None:
    budget = view.operation.budget
    # The key of a repeatable request is locked and looked up, then stored.
    keyed = 2 if view.operation.idempotent and "Idempotency-Key" in request.headers else 0
    name = f"{request.method} {request.path}"
    assert cost.queries <= budget.queries + cost.cold + keyed, f"{name}: {cost.queries} queries"
    assert cost.redis <= budget.redis + cost.cold, f"{name}: {cost.redis} trips to Redis"
    assert size <= budget.bytes, f"{name}: {size} bytes"
