"""The devices' panels on the first page of the admin: which versions are in people's hands, and what do they call?"""

from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from apps.core import dashboard
from apps.core.dashboard import Row
from apps.core.documents import Document
from apps.devices import selectors

DAYS = timedelta(days=7)
CALL_DAYS = timedelta(days=30)
MOST = 6


def _active() -> list[tuple[str, str, int]]:
    return selectors.active_by_version(timezone.now() - DAYS, MOST)


# Counting millions of devices takes a second: once a minute for all of staff.
_active_document = Document("active-devices", seconds=60, compute=_active)


@dashboard.panel("Active devices, last 7 days")
def active_devices() -> Sequence[Row]:
    """Return the most common versions."""
    found = _active_document.get()
    return [Row(f"{platform} {version}".strip(), devices) for platform, version, devices in found]


@dashboard.panel("Requests by version, last 30 days")
def requests_by_version() -> Sequence[Row]:
    """Return the versions that call most."""
    since = (timezone.now() - CALL_DAYS).date()
    found = selectors.calls_by_version(since, MOST)
    return [Row(f"{platform} {version}", calls) for platform, version, calls in found]


@dashboard.panel("Requests to deprecated routes, last 30 days")
def deprecated_requests() -> Sequence[Row]:
    """Return who still calls what: while there are any, the route can't go."""
    since = (timezone.now() - CALL_DAYS).date()
    found = selectors.deprecated_calls(since, MOST)
    return [
        Row(f"{route} by {platform} {version}", calls) for route, platform, version, calls in found
    ]
