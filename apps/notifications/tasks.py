"""The back door of notifications: what is sent after the transaction that caused it."""

import uuid
from datetime import timedelta
from typing import Any

from apps.core import jobs
from apps.notifications import delivery


# Not `urgent`: a push service that hangs must not hold up codes by mail. The lease is longer than the longest exchange:
# two connections to Google for a token, two for the message.
@jobs.job(queue="default", lease=timedelta(seconds=90), atomic=False)
def deliver(*, notification_id: uuid.UUID, delivery_id: uuid.UUID, **_: Any) -> None:
    delivery.deliver(notification_id, delivery_id)
