"""What others may ask of notifications."""

from datetime import datetime

from django.db.models import Count

from apps.core.actors import Actor
from apps.core.ids import first_id
from apps.notifications.models import Delivery, Notification
from apps.notifications.querysets import NotificationQuerySet

# Counting stops here: a badge says "999+" long before, and nobody's count may cost more than others'.
MOST_UNREAD = 1_000


def inbox_of(actor: Actor) -> NotificationQuerySet:
    """What the actor was told and has not put away."""
    return Notification.objects.of(actor.id).in_inbox().with_language()


def unread_count(actor: Actor) -> int:
    """Return how many notifications the actor has not read, counting to 1,000 at most."""
    return Notification.objects.of(actor.id).unread()[:MOST_UNREAD].count()


def outcomes_since(moment: datetime, most: int) -> list[tuple[str, str, int]]:
    """Count what became of the deliveries begun since a moment: state, reason, deliveries; the `most` common only."""
    begun = Delivery.objects.filter(pk__gte=first_id(moment)).values_list("state", "reason")
    return list(begun.annotate(deliveries=Count("*")).order_by("-deliveries", "state")[:most])
