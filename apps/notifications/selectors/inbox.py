"""What somebody was told, what they want to hear, and what became of it."""

from apps.core.actors import Actor
from apps.notifications.models import Inbox, Notification, Preference
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
