"""How often somebody may try to sign in to the admin: the one place that knows django-ratelimit.

The API has limits of its own (`core/http/throttling.py`); pages with forms are counted here, by where the tries come
from and by whom they claim to be.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from django.http import HttpRequest
from django_ratelimit.core import get_usage

from apps.core import cache
from apps.core.http import throttling
from apps.core.http.client import address_of
from apps.core.http.throttling import Limit
from apps.core.observability import metrics

security = structlog.stdlib.get_logger("security")

# Seconds, and how many tries in them.
WINDOW = 15 * 60
TRIES: Mapping[str, int] = {"admin-address": 20, "admin-username": 10, "admin-code": 8}
# Without Redis each process counts alone, and tighter.
_CLOSED_SHARE = 4


def wait_before(request: HttpRequest) -> int:
    """Count one try to sign in; return the seconds to wait before the next, 0 when this one may go ahead."""
    return _longest(
        request,
        {
            "admin-address": address_of(request),
            "admin-username": request.POST.get("username", "").strip().lower(),
        },
    )


def wait_before_code(request: HttpRequest) -> int:
    """The same for a code typed in after the password."""
    return _longest(request, {"admin-code": str(request.user.pk)})


def _longest(request: HttpRequest, subjects: Mapping[str, str]) -> int:
    try:
        # Its own connection, our breaker: a hung Redis costs one wait here too.
        waits = cache.call(lambda _: [_wait(request, *subject) for subject in subjects.items()])
    except cache.CacheDown:
        waits = [_wait_alone(name, subject) for name, subject in subjects.items()]
    wait = max(waits)
    if wait:
        metrics.count_limited("admin-sign-in")
        security.warning("limit reached", limit="admin-sign-in")
    return wait


def _wait(request: HttpRequest, name: str, subject: str) -> int:
    usage: dict[str, Any] = get_usage(
        request,
        group=name,
        key=lambda group, request: subject,
        rate=(TRIES[name], WINDOW),
        increment=True,
    )
    return max(usage["time_left"], 1) if usage["should_limit"] else 0


def _wait_alone(name: str, subject: str) -> int:
    found = throttling.local.take(Limit(name, TRIES[name] // _CLOSED_SHARE, WINDOW), subject)
    return 0 if found.allowed else max(round(found.retry_after), 1)
