"""The page that Prometheus reads: who may, and what it says."""

import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client

from apps.core.models import Job
from apps.core.observability import metrics
from tests.core.observability.dependencies import absent

pytestmark = pytest.mark.urls("tests.core.observability.urls")


def sample(page: str, name: str, /, **labels: str) -> float:
    """Return the value of one series of the page; 0 for a series that is not there yet."""
    for line in page.splitlines():
        found = re.fullmatch(rf"{name}(?:\{{(.*)\}})? (\S+)", line)
        if found and dict(re.findall(r'(\w+)="([^"]*)"', found[1] or "")) == labels:
            return float(found[2])
    return 0.0


def read(browser: Client, **headers: str) -> str:
    answer = browser.get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    return str(answer.content.decode())


class TestWhoMayRead:
    def test_this_machine_may_while_there_is_no_token(self, browser: Client, db: None) -> None:
        assert browser.get("/metrics").status_code == 200
        assert browser.get("/metrics", REMOTE_ADDR="::1").status_code == 200

    @pytest.mark.parametrize("stranger", ["203.0.113.7", "10.0.0.8", "::ffff:10.0.0.8", ""])
    def test_no_other_machine_may(self, browser: Client, stranger: str) -> None:
        answer = browser.get("/metrics", REMOTE_ADDR=stranger)
        assert answer.status_code == 404
        assert answer["Content-Type"] == "application/problem+json"

    def test_a_proxy_on_this_machine_does_not_make_strangers_local(
        self, browser: Client, settings: Any
    ) -> None:
        settings.TRUSTED_PROXIES = 1
        assert browser.get("/metrics").status_code == 404

    def test_with_a_token_its_bearer_may_from_anywhere(
        self, browser: Client, db: None, settings: Any
    ) -> None:
        settings.METRICS_TOKEN = "scrape-me-4711"
        answer = browser.get(
            "/metrics",
            headers={"Authorization": "Bearer scrape-me-4711"},
            REMOTE_ADDR="203.0.113.7",
        )
        assert answer.status_code == 200

    @pytest.mark.parametrize(
        "sent", ["", "Bearer ", "Bearer scrape-me", "scrape-me-4711", "Bearer ÿ"]
    )
    def test_with_a_token_nobody_else_may_not_even_this_machine(
        self, browser: Client, settings: Any, sent: str
    ) -> None:
        settings.METRICS_TOKEN = "scrape-me-4711"
        assert browser.get("/metrics", headers={"Authorization": sent}).status_code == 404


def test_a_request_is_timed_by_route_and_counted_by_client(browser: Client, db: None) -> None:
    phone = {"X-Client-Platform": "ios", "X-Client-Version": "7.1.3+45"}
    timed = {"method": "GET", "route": "livez", "version": "", "status": "2xx"}
    counted = {"platform": "ios", "app_version": "7.1.3"}
    before = read(browser)

    browser.get("/livez", headers=phone)

    after = read(browser)
    name = "http_request_duration_seconds_count"
    assert sample(after, name, **timed) == sample(before, name, **timed) + 1
    name = "http_requests_total"
    assert sample(after, name, **counted) == sample(before, name, **counted) + 1


def test_problems_refusals_replays_and_deprecations_are_counted(browser: Client, db: None) -> None:
    before = read(browser)

    browser.get("/api/refuses")
    metrics.count_limited("auth")
    metrics.count_replay()
    metrics.count_deprecated("api/v1/posts", "android", "6.0")

    after = read(browser)
    for name, labels in (
        ("http_errors_total", {"code": "internal_error"}),
        ("rate_limited_total", {"policy": "auth"}),
        ("idempotency_replays_total", {}),
        (
            "deprecated_requests_total",
            {"route": "api/v1/posts", "platform": "android", "app_version": "6.0"},
        ),
    ):
        assert sample(after, name, **labels) == sample(before, name, **labels) + 1, name


def test_what_clients_invent_does_not_grow_the_page(
    browser: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "_versions", set())
    for number in range(500):
        metrics.observe_request("BREW", "livez", "", 200, 0.01, f"toaster{number}", f"9.{number}")
        metrics.observe_request("GET", "livez", "", 200, 0.01, "ios", f"x{number}")

    page = read(browser)
    versions = set(re.findall(r'http_requests_total\{app_version="9\.([^"]*)"', page))
    assert len(versions) <= 100
    assert sample(page, "http_requests_total", platform="other", app_version="other") >= 400
    assert "toaster" not in page
    assert "BREW" not in page


@pytest.mark.django_db
def test_queues_are_counted_in_the_database_itself(browser: Client) -> None:
    Job.objects.create(name="t.waits", queue="urgent", available_at=Now() - timedelta(minutes=5))
    Job.objects.create(name="t.later", queue="urgent", available_at=Now() + timedelta(hours=1))
    Job.objects.create(name="t.dead", queue="bulk", state=Job.State.DEAD, finished_at=Now())

    page = read(browser)
    assert sample(page, "jobs_due", queue="urgent") == 1
    assert 300 <= sample(page, "jobs_oldest_age_seconds", queue="urgent") < 310
    assert sample(page, "jobs_dead", queue="bulk") == 1
    assert sample(page, "jobs_due", queue="default") == 0


def test_a_job_is_counted_by_outcome_and_timed(browser: Client, db: None) -> None:
    before = read(browser)
    metrics.observe_job("content.publish", "done", 0.25)
    after = read(browser)
    for name, labels in (
        ("job_runs_total", {"name": "content.publish", "outcome": "done"}),
        ("job_duration_seconds_sum", {"name": "content.publish"}),
    ):
        assert sample(after, name, **labels) > sample(before, name, **labels)


@pytest.mark.django_db
def test_the_pool_of_connections_is_seen(
    browser: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "_pool_sampled_at", float("-inf"))
    page = read(browser)
    most = settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"]
    assert sample(page, "db_pool", state="most") == most
    assert 1 <= sample(page, "db_pool", state="open") <= most


TWO_WORKERS_AND_A_READER = """
import os, django
django.setup()
from django.test import RequestFactory
from apps.core.observability import metrics
for _ in range(2):
    if not os.fork():
        metrics.count_limited("write")
        metrics.observe_job("content.publish", "done", 0.5)
        os._exit(0)
    os.wait()
print(metrics.metrics_page(RequestFactory().get("/metrics")).content.decode())
"""

HOW_COUNTERS_ARE_KEPT = """
import config.settings.observability
import prometheus_client.values
print(prometheus_client.values.ValueClass.__name__)
"""


def run(script: str, **variables: str) -> str:
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, env={**os.environ, **variables}, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_several_processes_share_one_page_even_without_postgres(tmp_path: Path) -> None:
    with absent() as address:
        page = run(
            TWO_WORKERS_AND_A_READER,
            PROMETHEUS_MULTIPROC_DIR=str(tmp_path / "not-made-yet"),
            DATABASE_URL=f"postgres://app@{address}/app",
        )

    assert sample(page, "rate_limited_total", policy="write") == 2
    assert sample(page, "job_duration_seconds_sum", name="content.publish") == 1
    assert "jobs_due" not in page


def test_an_empty_folder_name_means_none(tmp_path: Path) -> None:
    shared = run(HOW_COUNTERS_ARE_KEPT, PROMETHEUS_MULTIPROC_DIR=str(tmp_path))
    alone = run(HOW_COUNTERS_ARE_KEPT, PROMETHEUS_MULTIPROC_DIR="")
    assert (shared.strip(), alone.strip()) == ("MmapedValue", "MutexValue")
