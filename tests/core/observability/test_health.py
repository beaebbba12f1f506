"""Probes: Postgres and the schema decide about traffic, everything else is only told."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client

from apps.core import cache
from apps.core.observability import health
from tests.core.observability.dependencies import absent, frozen

pytestmark = pytest.mark.urls("tests.core.observability.urls")

ALL_WELL = {"database": "ok", "migrations": "ok", "cache": "ok", "broker": "ok"}


@pytest.fixture(autouse=True)
def _as_a_new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "report", health.new_report())


@pytest.fixture(params=[absent, frozen])
def failure(request: pytest.FixtureRequest) -> Iterator[str]:
    with request.param() as address:
        yield address


def test_a_process_that_answers_is_alive(browser: Client) -> None:
    # Without the mark for the database, any query would raise.
    answer = browser.get("/livez")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db(transaction=True)
def test_with_everything_there_it_is_ready(browser: Client) -> None:
    answer = browser.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "checks": ALL_WELL})


@pytest.mark.django_db(transaction=True)
def test_without_the_cache_it_is_still_ready(browser: Client, failure: str, settings: Any) -> None:
    settings.CACHE_URL = f"redis://{failure}/0"
    answer = within(2, lambda: browser.get("/readyz"))
    assert answer.status_code == 200
    assert answer.json()["checks"] == {**ALL_WELL, "cache": "down"}


@pytest.mark.django_db(transaction=True)
def test_without_the_broker_it_is_still_ready(browser: Client, failure: str, settings: Any) -> None:
    settings.CELERY_BROKER_URL = f"redis://{failure}/0"
    answer = within(2, lambda: browser.get("/readyz"))
    assert answer.status_code == 200
    assert answer.json()["checks"] == {**ALL_WELL, "broker": "down"}


@pytest.mark.django_db(transaction=True)
def test_without_postgres_it_asks_for_patience(
    browser: Client, failure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database_at(failure, monkeypatch):
        answer = within(2, lambda: browser.get("/readyz"))
        assert browser.get("/livez").status_code == 200

    assert answer.status_code == 503
    assert answer["Content-Type"] == "application/problem+json"
    assert int(answer["Retry-After"]) >= 1
    problem = answer.json()
    assert (problem["code"], problem["status"], problem["retryable"]) == ("not_ready", 503, True)
    assert problem["checks"] == {**ALL_WELL, "database": "down", "migrations": "down"}


@pytest.mark.django_db(transaction=True)
def test_a_schema_that_lags_behind_the_code_is_not_ready(browser: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM django_migrations WHERE app = 'core' RETURNING app, name, applied"
        )
        applied = cursor.fetchall()
    try:
        answer = browser.get("/readyz")
    finally:
        with connection.cursor() as cursor:
            statement = "INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, %s)"
            cursor.executemany(statement, applied)

    assert answer.status_code == 503
    assert answer.json()["checks"] == {**ALL_WELL, "migrations": "pending"}


@pytest.mark.django_db(transaction=True)
def test_probes_from_many_sides_share_one_look(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    ping = cache.call
    monkeypatch.setattr(cache, "call", lambda command: (looks.append("cache"), ping(command))[1])

    for _ in range(5):
        assert browser.get("/readyz").status_code == 200
    assert looks == ["cache"]

    monkeypatch.setattr(health, "_KEPT", 0)
    browser.get("/readyz")
    assert looks == ["cache", "cache"]


def test_a_check_that_hangs_is_not_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_KEPT", 0)
    started: list[int] = []
    release = threading.Event()

    def hangs() -> str:
        started.append(1)
        release.wait(30)
        return "ok"

    report = health.Report({"hangs": hangs})
    assert within(2, report.read) == {"hangs": "down"}
    assert within(2, report.read) == {"hangs": "down"}
    assert len(started) == 1

    release.set()
    assert report.read() == {"hangs": "ok"}


def within[T](seconds: float, act: Callable[[], T]) -> T:
    started = time.monotonic()
    result = act()
    assert time.monotonic() - started < seconds
    return result


@contextlib.contextmanager
def database_at(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Move Postgres for connections made from now on; the pool is no part of the story."""
    host, port = address.split(":")
    alias = connections.settings["default"]
    with monkeypatch.context() as patch:
        patch.setitem(alias, "HOST", host)
        patch.setitem(alias, "PORT", port)
        patch.setitem(alias, "OPTIONS", {"connect_timeout": 3})
        yield
