"""What staff do with campaigns: write, try, release, pause, resume, stop."""

from apps.notifications.services.campaigns.composing import compose, discard
from apps.notifications.services.campaigns.control import pause, resume, stop
from apps.notifications.services.campaigns.counting import keep_outcomes, outcomes_of
from apps.notifications.services.campaigns.releasing import release, submit, take_back
from apps.notifications.services.campaigns.trying import send_test

__all__ = [
    "compose",
    "discard",
    "keep_outcomes",
    "outcomes_of",
    "pause",
    "release",
    "resume",
    "send_test",
    "stop",
    "submit",
    "take_back",
]
