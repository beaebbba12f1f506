"""Every request that any test makes is held to the budget that its operation declares.

Counted are SQL statements (savepoints apart: where a test wraps everything in a transaction, a service's own becomes
one), round trips to Redis, and bytes of the answer. The first request with a new access token may look its session up.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection

from apps.core import cache
from apps.core.http import gate
from apps.core.http.views import ApiView

_NOT_COUNTED = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")


@dataclass
class Cost:
    queries: int = 0
    redis: int = 0
    # A session that the cache does not know yet is looked up once: one statement, one trip to remember it.
    cold: int = 0

    def count_query(self, execute: Any, sql: Any, *rest: Any) -> Any:
        if not str(sql).startswith(_NOT_COUNTED):
            self.queries += 1
        return execute(sql, *rest)


@contextmanager
def measured(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cost]:
    cost = Cost()
    call, run, claim_confirm = cache.call, cache.run, gate.confirm

    def counted_call(command: Callable[[Any], Any]) -> Any:
        cost.redis += 1
        return call(command)

    def counted_run(*arguments: Any) -> Any:
        cost.redis += 1
        return run(*arguments)

    def noted(claim: Any) -> None:
        cost.cold += 1
        claim_confirm(claim)

    with monkeypatch.context() as patch, connection.execute_wrapper(cost.count_query):
        patch.setattr(cache, "call", counted_call)
        patch.setattr(cache, "run", counted_run)
        patch.setattr(gate, "confirm", noted)
        yield cost


def hold_to_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every successful answer of an `ApiView` in this process fail the test when it cost more than declared."""
    dispatch = ApiView.dispatch

    def watched(view: ApiView, request: Any, *args: Any, **kwargs: Any) -> Any:
        with measured(monkeypatch) as cost:
            response = dispatch(view, request, *args, **kwargs)
        if response.status_code < 400:
            _compare(view, cost, len(response.content), request)
        return response

    monkeypatch.setattr(ApiView, "dispatch", watched)


def _compare(view: ApiView, cost: Cost, size: int, request: Any) -> None:
    budget = view.operation.budget
    # The key of a repeated request is locked, looked up and stored.
    keyed = 3 if view.operation.idempotent and "Idempotency-Key" in request.headers else 0
    name = f"{request.method} {request.path}"
    assert cost.queries <= budget.queries + cost.cold + keyed, f"{name}: {cost.queries} queries"
    assert cost.redis <= budget.redis + cost.cold, f"{name}: {cost.redis} trips to Redis"
    assert size <= budget.bytes, f"{name}: {size} bytes"
