"""Metrics: every number that operators see, named once, and the page that Prometheus reads."""

import hmac
import re
import threading
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import ip_address

import prometheus_client
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from prometheus_client import CollectorRegistry, Counter, Histogram, multiprocess
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

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
JOBS = Counter("job_runs", "Finished attempts of jobs.", ["name", "outcome"])
JOB_DURATION = Histogram(
    "job_duration_seconds",
    "Time one attempt of a job took.",
    ["name"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120),
)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_PLATFORMS = frozenset({"ios", "android", "web"})
_VERSION = re.compile(r"\d{1,5}(\.\d{1,5}){0,3}", re.ASCII)
# Labels that clients choose must not grow without bound: one series costs memory in every process and in Prometheus.
_MOST_VERSIONS = 100
_versions: set[str] = set()
_versions_lock = threading.Lock()


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


def observe_job(name: str, outcome: str, duration: float) -> None:
    """Count one finished attempt of a job; `duration` is in seconds."""
    JOBS.labels(name, outcome).inc()
    JOB_DURATION.labels(name).observe(duration)


def metrics_page(request: HttpRequest) -> HttpResponse:
    """Answer Prometheus: with METRICS_TOKEN its bearer, without one only this machine; 404 for everybody else."""
    if not _may_read(request):
        return HttpResponseNotFound()
    registry = CollectorRegistry()
    if settings.METRICS_FOLDER:
        multiprocess.MultiProcessCollector(registry)
    else:
        registry.register(prometheus_client.REGISTRY)
    registry.register(JobsCollector())
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(registry), content_type=content_type)


class JobsCollector(Collector):
    """Reads the queue of record when the page is read, so that the numbers are right with no worker alive."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from ()


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
    if app_version in _versions:
        return app_version
    with _versions_lock:
        if len(_versions) >= _MOST_VERSIONS or not _VERSION.fullmatch(app_version):
            return "other"
        _versions.add(app_version)
    return app_version


@lru_cache(maxsize=4096)
def _duration(method: str, route: str, version: str, status: str) -> Histogram:
    return HTTP_DURATION.labels(method, route, version, status)


@lru_cache(maxsize=1024)
def _requests(platform: str, app_version: str) -> Counter:
    return HTTP_REQUESTS.labels(platform, app_version)
