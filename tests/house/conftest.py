"""Every place where something is kept or sent, to look for what must not be there."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
import sentry_sdk
from django.conf import settings as configured
from django.db import connection

from apps.core.observability import logging, sentry
from tests.sentry_sink import Sink, envelopes

type Sinks = Callable[[], dict[str, bytes]]


@pytest.fixture
def reports(settings: Any) -> Iterator[Sink]:
    with envelopes() as sink:
        settings.SENTRY_DSN = sink.dsn
        sentry.start()
        yield sink
        sentry_sdk.get_client().close(timeout=0)
        sentry_sdk.get_global_scope().set_client(None)


@pytest.fixture
def sinks(db: None, capsys: pytest.CaptureFixture[str], reports: Sink) -> Iterator[Sinks]:
    """Return, by name, all that was kept or sent since the story began."""
    logging.configure({"level": "DEBUG", "format": "json"})
    broker = redis.Redis.from_url(configured.CELERY_BROKER_URL)

    def collect() -> dict[str, bytes]:
        sentry_sdk.flush(timeout=5)
        return {
            "log": capsys.readouterr().err.encode(),
            "error reports": reports.everything,
            "cache": _everything_in(redis.Redis.from_url(configured.CACHE_URL)),
            "broker": _everything_in(broker),
            "jobs": _every_job(),
        }

    yield collect
    logging.configure(configured.LOGGING)


def _everything_in(server: redis.Redis) -> bytes:
    keys: Any = server.keys()
    return b"\n".join(key + b" " + (server.dump(key) or b"") for key in keys)  # type: ignore[operator]


def _every_job() -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(core_job::text, '\n') FROM core_job")
        return (cursor.fetchone()[0] or "").encode()
