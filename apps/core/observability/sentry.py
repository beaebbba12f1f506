"""Error reports: unexpected failures only, without bodies, locals, query strings or persons."""

from collections.abc import Mapping
from typing import Any

import sentry_sdk
from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.types import Event, Hint

from apps.core.errors import DomainError
from apps.core.observability.logging import current_context
from apps.core.observability.scrubbing import scrub, scrub_text

_EXPECTED = (DomainError, Http404, PermissionDenied, SuspiciousOperation)
# Everything that the SDK would collect on its own and that is a person's or a secret.
_NOTHING_PRIVATE: Any = {
    "user_info": False,
    "cookies": {"mode": "off"},
    "http_bodies": [],
    "url_query_params": {"mode": "off"},
    "database_query_data": False,
    "queues": False,
    "stack_frame_variables": False,
}
_SHOWN_HEADERS = frozenset(
    {"content-type", "user-agent", "x-client-platform", "x-client-version", "x-request-id"}
)


def start() -> None:
    """Begin to report, if there is a SENTRY_DSN.

    Reports leave from a thread with a bounded queue: a Sentry that is away costs reports, not time.
    """
    if not settings.SENTRY_DSN:
        return
    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        release=settings.RELEASE,
        environment=settings.SENTRY_ENVIRONMENT,
        traces_sample_rate=settings.SENTRY_TRACES_SAMPLE_RATE or None,
        # Whatever is not listed is not collected; the SDK's own list grows with its releases.
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            DjangoIntegration(middleware_spans=False, signals_spans=False, cache_spans=False),
            LoggingIntegration(level=None, sentry_logs_level=None),
            ExcepthookIntegration(),
            DedupeIntegration(),
            AtexitIntegration(callback=lambda pending, timeout: None),
        ],
        before_send=_report,
        before_send_transaction=_trace,
        data_collection=_NOTHING_PRIVATE,
        max_breadcrumbs=0,
        auto_session_tracking=False,
        # Providers of push and sign-in are told nothing about our traces.
        trace_propagation_targets=[],
    )


def is_expected(error: BaseException | None) -> bool:
    """Tell whether an exception is an answer to the caller and no fault of ours."""
    # APIException of DRF, which this floor does not import, carries its status.
    return isinstance(error, _EXPECTED) or getattr(error, "status_code", 500) < 500


def _report(event: Event, hint: Hint) -> Event | None:
    if "exc_info" in hint and is_expected(hint["exc_info"][1]):
        return None
    record = hint.get("log_record")
    if record is not None and isinstance(record.msg, Mapping):
        _unfold(event, record.msg)
    return _cleaned(event)


def _trace(event: Event, hint: Hint) -> Event | None:
    return _cleaned(event)


def _unfold(event: Event, line: Mapping[str, Any]) -> None:
    """Replace a structured line, printed as one text by the SDK, by its sentence and its values."""
    event["logentry"] = {"message": str(line.get("event", ""))}
    event["extra"] = {key: value for key, value in line.items() if not key.startswith("_")}


def _cleaned(event: Event) -> Event:
    context = current_context()
    request: Mapping[str, Any] = event.pop("request", {}) or {}
    cleaned: Any = scrub(event)
    if request:
        cleaned["request"] = _request(request)
    cleaned["user"] = {"id": context["actor"]} if "actor" in context else {}
    cleaned["tags"] = {**cleaned.get("tags", {}), "request_id": context.get("request_id", "")}
    return cleaned


def _request(request: Mapping[str, Any]) -> dict[str, Any]:
    headers = request.get("headers") or {}
    return {
        "method": request.get("method", ""),
        "url": scrub_text(str(request.get("url", "")).partition("?")[0]),
        "headers": {
            name: scrub_text(str(value))
            for name, value in headers.items()
            if name.lower() in _SHOWN_HEADERS
        },
    }
