"""Any failure, as one shape: RFC 9457 problem documents from every producer, Django's own included."""

import logging
import math
import sys
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import DataError, InterfaceError, InternalError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from psycopg_pool import PoolTimeout
from rest_framework import exceptions as drf

from apps.core import errors
from apps.core.http.rendering import json_response
from apps.core.observability import metrics
from apps.core.observability.logging import current_context

logger = logging.getLogger(__name__)
security = structlog.stdlib.get_logger("security")

STATUS_BY_FAMILY: dict[type[errors.DomainError], int] = {
    errors.Invalid: 400,
    errors.Unauthenticated: 401,
    errors.Denied: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.Stale: 412,
    errors.Mismatch: 422,
    errors.UpgradeRequired: 426,
    errors.PreconditionMissing: 428,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}
_CODE_BY_STATUS = {
    400: "bad_request",
    401: "unauthenticated",
    403: "denied",
    404: "not_found",
    405: "method_not_allowed",
    411: "length_required",
    413: "body_too_large",
    414: "url_too_long",
    415: "unsupported_media_type",
    421: "misdirected",
    431: "headers_too_large",
    500: "internal_error",
    503: "unavailable",
}
_RETRYABLE = {408, 425, 429, 500, 502, 503, 504}
_RETRY_SECONDS = 2


def problem_type(code: str) -> str:
    return f"{settings.PROBLEM_BASE}{code}"


def status_of(error: errors.DomainError | type[errors.DomainError]) -> int:
    kind = error if isinstance(error, type) else type(error)
    return next(STATUS_BY_FAMILY[parent] for parent in kind.__mro__ if parent in STATUS_BY_FAMILY)


def problem(
    status: int,
    code: str = "",
    detail: str = "",
    *,
    title: str = "",
    retry_after: float | None = None,
    retryable: bool | None = None,
    extra: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """Write one problem document; `retry_after` is in seconds."""
    code = code or _CODE_BY_STATUS.get(status, f"http_{status}")
    document = {
        "type": problem_type(code),
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or title or HTTPStatus(status).phrase,
        "code": code,
        "request_id": current_context().get("request_id", ""),
        "retryable": status in _RETRYABLE if retryable is None else retryable,
        **(extra or {}),
    }
    response = json_response(document, status=status, content_type="application/problem+json")
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    if retry_after is None and status in {429, 503}:
        retry_after = _RETRY_SECONDS
    if retry_after is not None:
        response["Retry-After"] = str(max(1, math.ceil(retry_after)))
    metrics.count_error(code)
    return response


def problem_response(error: Exception, context: Any) -> HttpResponse | None:
    """DRF's exception handler: a problem for whatever is expected, None (a 500 by Django) for the rest."""
    if isinstance(error, errors.DomainError):
        _tell_of_refusal(error)
        return domain_problem(error)
    if isinstance(error, drf.ValidationError):
        faults = list(faults_of(error.detail))
        return problem(
            400,
            "invalid",
            errors.Invalid.title,
            extra={"errors": faults},
            title=errors.Invalid.title,
        )
    if isinstance(error, drf.APIException):
        return _framework_problem(error)
    if isinstance(error, Http404):
        return domain_problem(errors.NotFound())
    if isinstance(error, PermissionDenied):
        return problem_response(errors.Denied(), context)
    return _database_problem(error)


def _tell_of_refusal(error: errors.DomainError) -> None:
    """Note that somebody who is signed in asked for what they may not; of the rest, whoever refuses tells."""
    if isinstance(error, errors.Denied) and current_context().get("actor"):
        security.warning("permission refused", code=error.code)


def domain_problem(error: errors.DomainError) -> HttpResponse:
    return problem(
        status_of(error),
        error.code,
        error.detail,
        title=error.title,
        retry_after=error.retry_after,
        retryable=error.retryable,
        extra=error.extra,
    )


def _framework_problem(error: drf.APIException) -> HttpResponse:
    code = str(error.get_codes()) if isinstance(error.get_codes(), str) else ""
    known = _CODE_BY_STATUS.get(error.status_code, "")
    generic = code in {
        "",
        "error",
        "parse_error",
        "not_authenticated",
        "authentication_failed",
        "permission_denied",
    }
    code = "malformed_body" if code == "parse_error" else known if generic else code
    return problem(error.status_code, code, str(error.detail))


def _database_problem(error: Exception) -> HttpResponse | None:
    """A database that is away, overloaded or too slow is a 503 that may be retried, never a 500."""
    if isinstance(error, (OperationalError, InterfaceError, InternalError, PoolTimeout)):
        logger.warning(
            "database unavailable", extra={"error": type(error.__cause__ or error).__name__}
        )
        return domain_problem(errors.Unavailable())
    if isinstance(error, DataError):
        # The shapes should have refused this value; Postgres did, and nothing was written.
        logger.error("value refused by the database", exc_info=error)
        return domain_problem(errors.Invalid())
    return None


def faults_of(detail: Any, pointer: str = "") -> Iterator[dict[str, str]]:
    """Flatten DRF's nested error detail into pointers (RFC 6901), codes and sentences."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            own = (
                ""
                if name == "non_field_errors"
                else "/" + str(name).replace("~", "~0").replace("/", "~1")
            )
            yield from faults_of(inner, pointer + own)
    elif isinstance(detail, list):
        nested = any(isinstance(inner, (Mapping, list)) for inner in detail)
        for index, inner in enumerate(detail):
            yield from faults_of(inner, f"{pointer}/{index}" if nested else pointer)
    else:
        yield {
            "pointer": pointer,
            "code": str(getattr(detail, "code", "invalid")),
            "detail": str(detail),
        }


# Asked from inside, by address and over plain HTTP.
PROBES = frozenset({"/livez", "/readyz", "/metrics"})


def is_api(request: HttpRequest) -> bool:
    """Tell whether whoever asks reads problem documents and not pages."""
    return request.path.startswith("/api/") or request.path in PROBES


def as_problem(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Replace an error page that some part of Django wrote for an API route by a problem document."""
    wrong = response.status_code >= 400 and is_api(request)
    if not wrong or response.get("Content-Type", "").startswith("application/problem+json"):
        return response
    return problem(
        response.status_code, retry_after=_RETRY_SECONDS if response.status_code == 503 else None
    )


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem(404) if is_api(request) else render(request, "404.html", status=404)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem(400) if is_api(request) else render(request, "400.html", status=400)


def denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    user = getattr(request, "user", None)
    security.warning("permission refused", code="denied", by=str(user.pk) if user else None)
    return problem(403) if is_api(request) else render(request, "403.html", status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Called while the exception is being handled: a database that is away is told from a fault of ours."""
    failure = sys.exc_info()[1]
    away = _database_problem(failure) if isinstance(failure, Exception) else None
    if is_api(request):
        return away or problem(
            500, detail="Something went wrong on our side. The request may be repeated."
        )
    return render(request, "500.html", status=503 if away else 500)
