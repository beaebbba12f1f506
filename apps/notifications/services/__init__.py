"""What is done with notifications; others call `notify` and `withdraw`."""

from apps.notifications.services.forgetting import withdraw
from apps.notifications.services.notifying import notify

__all__ = ["notify", "withdraw"]
