"""One step of each of many deliveries, written in one statement and only where nobody else has been since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from apps.core import statements
from apps.notifications.delivery.due import Due
from apps.notifications.models import Delivery
from apps.notifications.models.delivery import State

_WRITE = """
    UPDATE notifications_delivery AS delivery SET
        state = step.state,
        reason = COALESCE(step.reason, delivery.reason),
        failure = COALESCE(step.failure, delivery.failure),
        provider = COALESCE(step.provider, delivery.provider),
        provider_message_id = COALESCE(step.provider_message_id, delivery.provider_message_id),
        next_attempt_at = step.next_attempt_at,
        speaks_for = delivery.speaks_for + step.speaks_for,
        attempts = delivery.attempts + step.tries,
        sent_at = CASE WHEN step.tries > 0 THEN STATEMENT_TIMESTAMP() ELSE delivery.sent_at END,
        accepted_at = CASE
            WHEN step.state = 'accepted' THEN STATEMENT_TIMESTAMP() ELSE delivery.accepted_at END,
        updated_at = STATEMENT_TIMESTAMP()
    FROM JSON_TO_RECORDSET(%s::json) AS step (
        notification_id uuid, id uuid, before text, attempts int, state text, reason text, failure text,
        provider text, provider_message_id text, next_attempt_at timestamptz, speaks_for int, tries int
    )
    WHERE delivery.notification_id = step.notification_id AND delivery.id = step.id
        AND delivery.state = step.before AND delivery.attempts = step.attempts
    RETURNING delivery.id::text
"""


@dataclass(slots=True)
class Step:
    """Where a delivery goes from where it was found; what is None stays, but for when it is due again."""

    notification_id: str
    id: str
    before: str
    attempts: int
    state: str
    reason: str | None = None
    failure: str | None = None
    provider: str | None = None
    provider_message_id: str | None = None
    next_attempt_at: datetime | None = None
    speaks_for: int = 0
    tries: int = 0


def step(due: Due, state: State, **changes: Any) -> Step:
    """Move a delivery as it was loaded; raises ValueError for a state that can't follow."""
    if due.state not in Delivery.BEFORE[state]:
        raise ValueError(f"{due.state} is not followed by {state}.")
    return Step(due.notification_id, due.id, due.state, due.attempts, state, **changes)


def write(steps: Sequence[Step]) -> set[str]:
    """Write the steps, and return the ids of the deliveries that were still where they were found."""
    if not steps:
        return set()
    found = statements.rows(_WRITE, [orjson.dumps(steps).decode()])
    return {written for (written,) in found}
