"""The rules between a notification and its reader: what they do not want, on which way.

Asked when somebody is told, and again just before it is sent (`delivery/verdicts.py`). Each answer is a word for the
delivery's row.
"""

from datetime import datetime

from apps.accounts.models import User
from apps.notifications.kinds import Channel, Kind, Priority
from apps.notifications.models import Preference


def preference_of(user: User) -> Preference:
    """Return what somebody chose, the defaults if they never did; loaded with the user or not at all."""
    return getattr(user, "notification_preference", None) or Preference(user=user)


def unwanted(kind: Kind, preference: Preference, channel: str, now: datetime) -> str:
    """Return why its reader does not want a kind by a channel, "" when they do."""
    if channel not in kind.channels or not preference.allows(kind.category, channel):
        return "preference"
    if channel != Channel.IN_APP and preference.is_muted(now) and not passes(kind):
        return "muted"
    return ""


def is_no_way(kind: Kind, preference: Preference, channel: str, reason: str) -> bool:
    """Tell whether a channel is off for everybody until they ask for it, and somebody never did."""
    return reason == "preference" and not preference.has_chosen(kind.category, channel)


def passes(kind: Kind) -> bool:
    """Tell whether a kind is shown at any hour, however many there were."""
    return kind.is_mandatory or kind.priority is Priority.URGENT
