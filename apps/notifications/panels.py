"""The notifications' panel on the first page of the admin: does push arrive?"""

from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from apps.core import dashboard
from apps.core.dashboard import Row, Tone
from apps.notifications import selectors
from apps.notifications.models import Delivery

PERIOD = timedelta(days=1)
MOST = 6

_TONES: dict[str, Tone] = {Delivery.State.FAILED: "bad", Delivery.State.EXPIRED: "warn"}


@dashboard.panel("Push, last 24 hours")
def push_outcomes() -> Sequence[Row]:
    """Return what became of deliveries, the most common first."""
    return [
        Row(f"{state}: {reason}".rstrip(": ").replace("_", " "), deliveries, _TONES.get(state, ""))
        for state, reason, deliveries in selectors.outcomes_since(timezone.now() - PERIOD, MOST)
    ]
