"""Complaining about a post, a comment or a person: one case for each of them, whoever else complains."""

import uuid
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from apps.accounts.models import User
from apps.content.errors import OwnTarget, TargetNotFound, TooManyReports
from apps.content.models import Case, Comment, Post, Report
from apps.core.actors import Actor

MOST_A_DAY = 50
_DAY = timedelta(days=1)


def report(
    *, actor: Actor, target_type: str, target_id: uuid.UUID, reason: str, note: str = ""
) -> tuple[Report, bool]:
    """Complain about something that the actor sees, and return the complaint and whether it is new.

    Complaining twice is complaining once. A case that was dismissed is opened again. Raises TargetNotFound,
    OwnTarget and TooManyReports.
    """
    assert actor.id  # noqa: S101 - the route lets in nobody else
    with transaction.atomic():
        # One complaint of an account at a time, so that the bound is one.
        reporter = User.objects.held().only("pk").get(pk=actor.id)
        author_id = _author_of(actor, target_type, target_id)
        if author_id == actor.id:
            raise OwnTarget
        earlier = _earlier(reporter, target_type, target_id)
        if earlier:
            return earlier, False
        recent = Report.objects.by(actor.id).filter(created_at__gt=Now() - _DAY)
        if recent.count() >= MOST_A_DAY:
            raise TooManyReports(retry_after=_DAY.total_seconds() / MOST_A_DAY)
        case = _case_of(author_id, target_type, target_id)
        made = Report.objects.create(case=case, reporter=reporter, reason=reason, note=note)
    return made, True


def _author_of(actor: Actor, target_type: str, target_id: uuid.UUID) -> uuid.UUID:
    """Return whose words the actor sees there. Raises TargetNotFound."""
    people: Any = User.objects.live().filter(pk=target_id).values_list("pk", flat=True)
    seen = {
        "post": Post.objects.visible_to(actor)
        .filter(pk=target_id)
        .values_list("author", flat=True),
        "comment": Comment.objects.visible_to(actor)
        .filter(pk=target_id)
        .values_list("author", flat=True),
        "person": people,
    }[target_type]
    author_id: uuid.UUID | None = seen.first()
    if author_id is None:
        raise TargetNotFound
    return author_id


def _earlier(reporter: User, target_type: str, target_id: uuid.UUID) -> Report | None:
    about = {f"case__{target_type}": target_id}
    earlier: Report | None = Report.objects.by(reporter.pk).filter(**about).first()
    return earlier


def _case_of(author_id: uuid.UUID, target_type: str, target_id: uuid.UUID) -> Case:
    """Return the open case about the target under lock, counted up for one report more."""
    about = {f"{target_type}_id": target_id}
    now = Now()
    case, is_new = Case.objects.select_for_update(no_key=True).get_or_create(
        **about, defaults={"author_id": author_id, "report_count": 1, "reported_at": now}
    )
    if not is_new:
        case.report_count += 1
        case.reported_at = now
        if case.state == Case.State.DISMISSED:
            case.state, case.closed_at, case.closed_by_id = Case.State.OPEN, None, None
        case.save(update_fields=["report_count", "reported_at", "state", "closed_at", "closed_by"])
    return case
