"""What staff and the clock may ask of the ledger: what became of deliveries, and what waits at each service."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.db.models import Count

from apps.core.ids import first_id
from apps.notifications.models import Delivery

_DUE = """
    SELECT provider, due.deliveries,
        COALESCE(EXTRACT(EPOCH FROM STATEMENT_TIMESTAMP() - due.since), 0)::float8
    FROM UNNEST(%(queues)s::text[]) AS known (provider), LATERAL (
        SELECT COUNT(*) AS deliveries, MIN(next_attempt_at) AS since FROM (
            SELECT next_attempt_at FROM notifications_delivery AS delivery
            WHERE state IN ('queued', 'sent') AND delivery.provider = known.provider
                AND next_attempt_at <= STATEMENT_TIMESTAMP()
            LIMIT %(most)s
        ) AS waiting
    ) AS due
"""


def outcomes_since(moment: datetime, most: int) -> list[tuple[str, str, int]]:
    """Count what became of deliveries told since a moment: state, reason, deliveries; the `most` common only."""
    begun = Delivery.objects.filter(notification__gte=first_id(moment)).values_list(
        "state", "reason"
    )
    return list(begun.annotate(deliveries=Count("*")).order_by("-deliveries", "state")[:most])


def due_by_provider(
    queues: Sequence[str], *, most: int | None = None
) -> dict[str, tuple[int, float]]:
    """Count what is due at each service, up to `most`, and for how many seconds the oldest of it has been."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"queues": list(queues), "most": most})
        return {provider: (due, age) for provider, due, age in cursor.fetchall()}
