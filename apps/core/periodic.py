"""What the clock asks of the ground floor: tables that only grow are cut back."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from apps.core import jobs
from apps.core.ids import first_id
from apps.core.models import AUDIT_KEPT_DAYS, AuditEvent, IdempotencyRecord, Job

# A dead letter is somebody's loss until it is looked into; a finished job is only history.
KEPT = {Job.State.DONE: timedelta(days=7), Job.State.DEAD: timedelta(days=90)}
BATCH = 1000


@jobs.periodic(every=timedelta(hours=1), lease=timedelta(seconds=200), atomic=False)
def prune_jobs(**_: Any) -> None:
    """Forget finished jobs that nobody will ask about."""
    for state, kept in KEPT.items():
        _delete(Job.objects.filter(state=state, finished_at__lt=Now() - kept))


@jobs.periodic(every=timedelta(hours=1), lease=timedelta(seconds=200), atomic=False)
def prune_idempotency_records(**_: Any) -> None:
    """Forget answers that no client will ask for again."""
    _delete(IdempotencyRecord.objects.filter(expires_at__lt=Now()))


@jobs.periodic(at="03:30", lease=timedelta(seconds=200), atomic=False)
def prune_audit_events(**_: Any) -> None:
    """Forget what staff did longer ago than the log is kept."""
    # A day late, so that no clock of ours is ahead of the trigger that guards the rows.
    before = first_id(timezone.now() - timedelta(days=AUDIT_KEPT_DAYS + 1))
    _delete(AuditEvent.objects.filter(pk__lt=before))


def _delete(expired: QuerySet[Any]) -> None:
    # Batches that commit one by one: a long transaction would hold back vacuum and every reader of the sync cursor.
    batch = expired.model.objects.filter(pk__in=expired.values("pk")[:BATCH])
    while batch.delete()[0]:
        pass
