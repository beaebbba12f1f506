"""What staff decide: flags, values, versions, maintenance. Every web process knows it on its next request."""

import uuid

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from apps.core import cache
from apps.core.audit import name_of
from apps.core.errors import NotFound
from apps.core.models import AuditEvent
from apps.devices.models import Decision


def decide(*, decision: Decision) -> None:
    """Save what staff decided, which is valid; every web process hears of it after the commit."""
    with transaction.atomic():
        if not decision._state.adding:
            decision.rev = F("rev") + 1
            decision.updated_at = Now()
        decision.save()
        decision.refresh_from_db(fields=["rev", "updated_at"])
        cache.announce_change()


def withdraw(*, decision: Decision) -> None:
    """Decide nothing about it any more; every web process hears of it after the commit."""
    with transaction.atomic():
        decision.delete()
        cache.announce_change()


def revert(*, decision: Decision, event_id: uuid.UUID) -> None:
    """Decide again what was decided before a change, and take back all that came after it. Commits.

    Raises NotFound when the audit log knows no such change, and ValidationError when what was decided then would be
    refused today.
    """
    with transaction.atomic():
        current = type(decision).objects.select_for_update().get(pk=decision.pk)  # type: ignore[attr-defined]
        changes = AuditEvent.objects.filter(
            model=name_of(type(current)), object_id=str(current.pk), action=AuditEvent.Action.UPDATE
        )
        undone = list(changes.filter(id__gte=event_id).order_by("-id"))
        if not undone or undone[-1].pk != event_id:
            raise NotFound
        for event in undone:
            current.recall(event.before)
        current.full_clean()
        decide(decision=current)


def tell_everybody() -> None:
    """Let every web process read its copies again after the running transaction: people moved between groups."""
    cache.announce_change()
