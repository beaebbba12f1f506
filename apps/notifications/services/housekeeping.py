"""What the clock has done: late deliveries are given up, old months and old notifications go."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from apps.core import partitions
from apps.core.ids import first_id
from apps.notifications.models import Delivery, Notification
from apps.notifications.services.forgetting import forget

# Months of deliveries that are ready before they begin.
MONTHS_AHEAD = 3

_DELIVERIES = Delivery._meta.db_table


def expire_deliveries() -> int:
    """Give up deliveries whose time has passed, whatever became of their jobs; return how many."""
    late = Delivery.objects.open().filter(expires_at__lt=timezone.now(), provider_message_id="")
    return late.move(Delivery.State.EXPIRED, next_attempt_at=None)


def keep_months() -> tuple[list[str], list[str]]:
    """Make the months of deliveries that come and drop those older than `settings.DELIVERY_DAYS`; return both."""
    now = timezone.now()
    made = partitions.make_ahead(_DELIVERIES, "notification_id", months=MONTHS_AHEAD, now=now)
    before = now - timedelta(days=settings.DELIVERY_DAYS)
    return made, partitions.drop_before(_DELIVERIES, before)


def forget_old(*, batch: int = 1_000) -> int:
    """Delete notifications older than `settings.NOTIFICATION_DAYS`; return how many. Commits each batch."""
    before = first_id(timezone.now() - timedelta(days=settings.NOTIFICATION_DAYS))
    forgotten = 0
    while old := list(
        Notification.objects.born_before(before).values_list("pk", flat=True)[:batch]
    ):
        forget(notification_ids=old)
        forgotten += len(old)
    return forgotten
