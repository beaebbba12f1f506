"""Metrics: every number that operators see, named once, and the page that Prometheus reads."""

import hmac
import re
import threading
import time
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import ip_address

import prometheus_client
import structlog
from celery.signals import worker_process_shutdown, worker_ready
from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, multiprocess
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

logger = structlog.get_logger(__name__)

# A second series for each counter, saying when it was made: nobody asks.
prometheus_client.disable_created_metrics()

HTTP_DURATION = Histogram(
    "http_request_duration_seconds",
    "Time from the first middleware to the answer.",
    ["method", "route", "version", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
HTTP_REQUESTS = Counter(
    "http_requests", "Requests by the client that sent them.", ["platform", "app_version"]
)
HTTP_ERRORS = Counter("http_errors", "Problem documents by their code.", ["code"])
DEPRECATED = Counter(
    "deprecated_requests",
    "Requests to operations that will go away.",
    ["route", "platform", "app_version"],
)
LIMITED = Counter("rate_limited", "Requests refused by a rate limit.", ["policy"])
REPLAYS = Counter("idempotency_replays", "Answers replayed to a repeated key.")
STREAMS = Gauge("event_streams", "Apps that follow their events now.", multiprocess_mode="livesum")
STREAM_EVENTS = Counter("stream_events", "Events told to them, by name.", ["event"])
STREAM_ENDS = Counter("event_streams_ended", "Streams that ended, by why.", ["reason"])
JOBS = Counter("job_runs", "Finished attempts of jobs.", ["name", "outcome"])
JOB_DURATION = Histogram(
    "job_duration_seconds",
    "Time one attempt of a job took.",
    ["name"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120),
)

# Summed over the processes that live: together they must stay below what Postgres allows.
DB_POOL = Gauge(
    "db_pool",
    "Connections of the pools, and threads that wait for one.",
    ["state"],
    multiprocess_mode="livesum",
)
DB_POOL_WAIT = Counter("db_pool_wait_seconds", "Time spent waiting for a connection.")
DB_POOL_REFUSED = Counter("db_pool_refused", "Waits for a connection that ended without one.")

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_PLATFORMS = frozenset({"ios", "android", "web"})
_VERSION = re.compile(r"\d{1,5}(\.\d{1,5}){0,3}", re.ASCII)
# Labels that clients choose must not grow without bound: each series costs memory in every process
# and in Prometheus.
_MOST_VERSIONS = 100
_versions: set[str] = set()
_lock = threading.Lock()

_POOL_SECONDS = 1
_pool_sampled_at = 0.0


def observe_request(
    method: str,
    route: str,
    version: str,
    status: int,
    duration: float,
    platform: str,
    app_version: str,
) -> None:
    """Count one answered request; `route` is the template, `duration` is in seconds."""
    _duration(
        method if method in _METHODS else "other", route, version, f"{status // 100}xx"
    ).observe(duration)
    _requests(_platform(platform), _app_version(app_version)).inc()
    _sample_pool()


def count_error(code: str) -> None:
    """Count one problem document."""
    HTTP_ERRORS.labels(code).inc()


def count_limited(policy: str) -> None:
    """Count one request that a rate limit refused."""
    LIMITED.labels(policy).inc()


def count_deprecated(route: str, platform: str, app_version: str) -> None:
    """Count one request to a deprecated operation, by who still sends it."""
    DEPRECATED.labels(route, _platform(platform), _app_version(app_version)).inc()


def count_replay() -> None:
    """Count one stored answer that was given again."""
    REPLAYS.inc()


def count_stream_event(name: str) -> None:
    """Count one event that was told to an app."""
    STREAM_EVENTS.labels(name).inc()


def count_stream_end(reason: str) -> None:
    """Count one stream that ended."""
    STREAM_ENDS.labels(reason).inc()


def observe_job(name: str, outcome: str, duration: float) -> None:
    """Count one finished attempt of a job; `duration` is in seconds."""
    JOBS.labels(name, outcome).inc()
    JOB_DURATION.labels(name).observe(duration)
    _sample_pool()


def metrics_page(request: HttpRequest) -> HttpResponse:
    """Answer the bearer of METRICS_TOKEN, or without a token this machine; others get 404."""
    if not _may_read(request):
        return HttpResponseNotFound()
    _sample_pool()
    registry = _registry()
    registry.register(JobsCollector())
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(registry), content_type=content_type)


class JobsCollector(Collector):
    """Reads the queue of record when the page is read: right even with no worker alive."""

    def collect(self) -> Iterator[Metric]:
        # Not at the top: models can't be imported before the apps are ready, and views can.
        from apps.core import outbox

        try:
            backlogs = outbox.stats()
        except Error as failure:
            # The page still says everything that this machine knows by itself.
            logger.warning("queues not counted", error=type(failure).__name__)
            return
        due = GaugeMetricFamily("jobs_due", "Jobs that could run now.", labels=["queue"])
        age = GaugeMetricFamily(
            "jobs_oldest_age_seconds", "How long the oldest of them has waited.", labels=["queue"]
        )
        dead = GaugeMetricFamily("jobs_dead", "Dead letters.", labels=["queue"])
        for queue, backlog in backlogs.items():
            due.add_metric([queue], backlog.due)
            age.add_metric([queue], backlog.oldest_age)
            dead.add_metric([queue], backlog.dead)
        yield from (due, age, dead)


def _may_read(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        expected = f"Bearer {settings.METRICS_TOKEN}"
        return hmac.compare_digest(
            request.headers.get("Authorization", "").encode(), expected.encode()
        )
    peer = request.META.get("REMOTE_ADDR", "")
    return not settings.TRUSTED_PROXIES and bool(peer) and ip_address(peer).is_loopback


def _platform(platform: str) -> str:
    return platform if platform in _PLATFORMS else "other"


def _app_version(app_version: str) -> str:
    found = _VERSION.match(app_version)
    if not found:
        return "other"
    version = found[0]
    if version not in _versions:
        with _lock:
            if len(_versions) >= _MOST_VERSIONS:
                return "other"
            _versions.add(version)
    return version


def _registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    if settings.METRICS_FOLDER:
        multiprocess.MultiProcessCollector(registry)
    else:
        registry.register(prometheus_client.REGISTRY)
    return registry


def _sample_pool() -> None:
    global _pool_sampled_at
    now = time.monotonic()
    if now - _pool_sampled_at < _POOL_SECONDS:
        return
    _pool_sampled_at = now
    pool = connection.pool  # type: ignore[attr-defined]
    if pool is None:
        return
    # Counted since the last call; a second reader would take from this one.
    stats = pool.pop_stats()
    DB_POOL.labels("open").set(stats["pool_size"])
    DB_POOL.labels("idle").set(stats["pool_available"])
    DB_POOL.labels("waiting").set(stats["requests_waiting"])
    DB_POOL.labels("most").set(stats["pool_max"])
    DB_POOL_WAIT.inc(stats.get("requests_wait_ms", 0) / 1000)
    DB_POOL_REFUSED.inc(stats.get("requests_errors", 0))


@lru_cache(maxsize=4096)
def _duration(method: str, route: str, version: str, status: str) -> Histogram:
    return HTTP_DURATION.labels(method, route, version, status)


@lru_cache(maxsize=1024)
def _requests(platform: str, app_version: str) -> Counter:
    return HTTP_REQUESTS.labels(platform, app_version)


@worker_ready.connect(weak=False)
def _serve_worker_metrics(**_: object) -> None:
    """Let one thread answer Prometheus: a worker has no web server that could."""
    if settings.WORKER_METRICS_PORT and settings.METRICS_FOLDER:
        prometheus_client.start_http_server(settings.WORKER_METRICS_PORT, registry=_registry())


@worker_process_shutdown.connect(weak=False)
def _forget_worker_process(pid: int, **_: object) -> None:
    if settings.METRICS_FOLDER:
        multiprocess.mark_process_dead(pid)
