"""The worker room: what is due at a service is taken in batches, looked at again, sent, and its outcome recorded.

No transaction is held while a service answers. A worker may die between the service's yes and our record of it: when
its lease ends, the next one sends again with the same ids, and the app drops the repeat.
"""

from apps.notifications.delivery.pump import send_due

__all__ = ["send_due"]
