"""What somebody was told, what they want to hear, and what became of it."""

from datetime import datetime

from django.db.models import Count

from apps.core.actors import Actor
from apps.core.ids import first_id
from apps.notifications.models import Delivery, Inbox, Notification, Preference
from apps.notifications.querysets import NotificationQuerySet


def inbox_of(actor: Actor) -> NotificationQuerySet:
    """What the actor was told and has not put away."""
    return Notification.objects.of(actor.id).in_inbox().with_language()


def unread_count(actor: Actor) -> int:
    """Return how many notifications the actor has not read; one row, however many they are."""
    counted = Inbox.objects.filter(user=actor.id).values_list("unread", flat=True)
    return counted.first() or 0


def preference_of(actor: Actor) -> Preference:
    """Return what the actor wants to hear; the defaults for somebody who never said."""
    assert actor.id  # noqa: S101 - the route lets in nobody else
    chosen = Preference.objects.filter(user=actor.id).first()
    return chosen or Preference(user_id=actor.id)


def outcomes_since(moment: datetime, most: int) -> list[tuple[str, str, int]]:
    """Count what became of deliveries told since a moment: state, reason, deliveries; the `most` common only."""
    begun = Delivery.objects.filter(notification__gte=first_id(moment)).values_list(
        "state", "reason"
    )
    return list(begun.annotate(deliveries=Count("*")).order_by("-deliveries", "state")[:most])
