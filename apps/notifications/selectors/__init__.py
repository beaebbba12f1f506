"""The pantry: what others may ask of notifications."""

from apps.notifications.selectors.inbox import (
    inbox_of,
    outcomes_since,
    preference_of,
    unread_count,
)

__all__ = ["inbox_of", "outcomes_since", "preference_of", "unread_count"]
