"""What is done with notifications; others call `notify`, `withdraw` and `hint`."""

from apps.notifications.services.forgetting import withdraw
from apps.notifications.services.hinting import hint
from apps.notifications.services.notifying import notify

__all__ = ["hint", "notify", "withdraw"]
