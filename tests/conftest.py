"""What every test starts from: services empty and its own, and two people with the app in their hands."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.db import connection

from apps.core import cache, documents
from apps.core.http import gate, throttling
from apps.core.http.leases import leases
from tests.budgets import hold_to_budget
from tests.declared import hold_to_document
from tests.lock_order import hold_to_order
from tests.phone import Phone


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Forget what was opened before there was a test database: it leads to the developer's own."""
    connection.close_pool()  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _as_after_a_restart() -> Iterator[None]:
    """Start with an empty cache (a database number of this test process's own) and a process that remembers nothing."""
    cache.breaker.reset()
    cache.client().flushdb()
    cache.ProcessCopy.forget_all()
    documents.Document.forget_all()
    throttling.local.clear()
    leases.clear()
    if hasattr(mail, "outbox"):
        mail.outbox.clear()
    yield
    cache.breaker.reset()


@pytest.fixture(autouse=True)
def _within_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    hold_to_budget(monkeypatch)


@pytest.fixture(autouse=True)
def _in_one_order(monkeypatch: pytest.MonkeyPatch) -> None:
    hold_to_order(monkeypatch)


@pytest.fixture(autouse=True)
def _as_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    hold_to_document(monkeypatch)


@pytest.fixture
def phone(db: None) -> Phone:
    """Nobody's yet: installed, not signed in."""
    return Phone()


@pytest.fixture
def author(db: None) -> Phone:
    return Phone().verified("author@example.test", display_name="Ada Author")


@pytest.fixture
def stranger(db: None) -> Phone:
    return Phone().verified("stranger@example.test", display_name="Sam Stranger")


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note every trip of the gate to Redis."""
    noted: list[str] = []
    run = cache.run

    def counting(script: str, *call: Any) -> Any:
        if script is gate._PASS:
            noted.append(script)
        return run(script, *call)

    monkeypatch.setattr(cache, "run", counting)
    return noted
