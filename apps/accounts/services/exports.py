"""Taking one's data along: an archive of all that is kept about a person, made in a worker."""

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.accounts import storage, tasks
from apps.accounts.models import Export
from apps.core import jobs
from apps.core.actors import Actor

security = structlog.stdlib.get_logger("security")

_AT_ONCE = 100


def request_export(*, actor: Actor) -> Export:
    """Have an archive made; while one is being made, that one is returned. Commits; enqueues the work."""
    assert actor.id  # noqa: S101 - the route lets in nobody else
    with transaction.atomic():
        export = Export(user_id=actor.id, expires_at=timezone.now() + settings.EXPORT_MADE_WITHIN)
        Export.objects.bulk_create([export], ignore_conflicts=True)
        kept = Export.objects.of(actor.id).get(state=Export.State.PENDING)
        if kept.pk == export.pk:
            jobs.enqueue(tasks.build_export, export_id=export.pk)
            security.warning("export requested", user=str(actor.id), export=str(export.pk))
    return kept


def forget_expired() -> int:
    """Delete archives whose time is over, and requests that nobody could fulfil; return how many.

    The file goes first: a row without a file is found again, a file without a row is not.
    """
    expired = Export.objects.filter(expires_at__lte=timezone.now()).order_by("expires_at")
    ids = list(expired.values_list("pk", flat=True)[:_AT_ONCE])
    for export_id in ids:
        storage.forget(export_id)
        Export.objects.filter(pk=export_id).delete()
    return len(ids)
