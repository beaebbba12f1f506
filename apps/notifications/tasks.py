"""The back door of notifications: what is sent after the transaction that caused it."""

from django.conf import settings

from apps.core import streams
from apps.notifications import delivery, selectors

# A queue for each service.
streams.stream(*settings.STREAM_QUEUES, backlog=selectors.due_by_provider)(delivery.send_due)
