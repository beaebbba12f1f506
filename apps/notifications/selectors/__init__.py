"""The pantry: what others may ask of notifications."""

from apps.notifications.selectors.inbox import inbox_of, preference_of, unread_count
from apps.notifications.selectors.ledger import due_by_provider, outcomes_since

__all__ = ["due_by_provider", "inbox_of", "outcomes_since", "preference_of", "unread_count"]
