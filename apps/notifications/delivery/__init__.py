"""The worker room: what is due at a service is taken in batches, looked at again, sent, and its outcome recorded.

No transaction is held while a service answers. A sender may die between the service's yes and our record of it: what it
has heard is in its journal, and what it has not is sent again with the same ids when its lease ends.
"""

from apps.notifications.delivery.pump import send_due

__all__ = ["send_due"]
