"""The devices' panel on the first page of the admin: which versions of the app are in people's hands?"""

from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from apps.core import dashboard
from apps.core.dashboard import Row
from apps.devices import selectors

DAYS = timedelta(days=7)
MOST = 6


@dashboard.panel("Active devices, last 7 days")
def active_devices() -> Sequence[Row]:
    """Return the most common versions; a phone is heard of when its app starts."""
    found = selectors.active_by_version(timezone.now() - DAYS, MOST)
    return [Row(f"{platform} {version}".strip(), devices) for platform, version, devices in found]
