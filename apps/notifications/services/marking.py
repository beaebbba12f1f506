"""Somebody has seen, read or put away what they were told."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from django.db import transaction
from django.db.models import F

from apps.core.actors import Actor
from apps.core.errors import NotFound
from apps.notifications.models import Inbox, Notification
from apps.notifications.querysets import NotificationQuerySet
from apps.notifications.streaming import bell

type Mark = Callable[[NotificationQuerySet], int]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one item."""

    id: uuid.UUID
    status: Literal["applied", "refused"]
    code: str = ""


@dataclass(frozen=True, slots=True)
class Marking:
    results: Sequence[Result]
    unread: int


def mark_seen(
    *, actor: Actor, ids: Sequence[uuid.UUID] = (), up_to: uuid.UUID | None = None
) -> Marking:
    """Note what the actor had on the screen. Commits; answers as `mark_read`."""
    return _mark(actor, ids, up_to, NotificationQuerySet.mark_seen)


def mark_read(
    *, actor: Actor, ids: Sequence[uuid.UUID] = (), up_to: uuid.UUID | None = None
) -> Marking:
    """Note what the actor has read: some notifications, or one and all older ones. Commits.

    Answers item by item; what is not the actor's is refused as `not_found` and keeps nothing else from being applied.
    """
    return _mark(actor, ids, up_to, NotificationQuerySet.mark_read)


def archive(
    *, actor: Actor, ids: Sequence[uuid.UUID] = (), up_to: uuid.UUID | None = None
) -> Marking:
    """Put away what the actor does not want to see any more. Commits; answers as `mark_read`."""
    return _mark(actor, ids, up_to, NotificationQuerySet.archive)


def _mark(actor: Actor, ids: Sequence[uuid.UUID], up_to: uuid.UUID | None, mark: Mark) -> Marking:
    mine = Notification.objects.of(actor.id)
    with transaction.atomic():
        inbox = locked_inbox(actor=actor)
        if up_to is not None:
            ids = [up_to]
            known = {one.pk: one for one in mine.filter(pk=up_to).only("created_at")}
            marked = mine.none()
            for last in known.values():
                marked = mine.in_inbox().up_to(last.created_at, last.pk)
        else:
            known = {one.pk: one for one in mine.filter(pk__in=ids).only("pk")}
            marked = mine.filter(pk__in=known)
        # Under the lock nobody adds to what is counted here; read or put away, it is unread no more.
        unread = 0 if mark is NotificationQuerySet.mark_seen else marked.unread().count()
        if mark(marked):
            # Their other devices show it, too.
            bell.ring_for([inbox.pk])
        if unread:
            Inbox.objects.filter(pk=inbox.pk).update(unread=F("unread") - unread)
        return Marking([result(one, known=one in known) for one in ids], inbox.unread - unread)


def locked_inbox(*, actor: Actor) -> Inbox:
    """Hold the inbox in the caller's transaction, before what is in it: one request of a person at a time."""
    assert actor.id  # noqa: S101 - the route lets in nobody else
    locked = Inbox.objects.select_for_update(of=("self",)).filter(user=actor.id)
    inbox = locked.first()
    if inbox is None:
        # Whoever tells this person something for the first time, right now, must find it locked.
        Inbox.objects.bulk_create([Inbox(user_id=actor.id)], ignore_conflicts=True)
        inbox = locked.get()
    return inbox


def result(id: uuid.UUID, *, known: bool) -> Result:
    """Say what became of one item."""
    return Result(id, "applied") if known else Result(id, "refused", NotFound.code)
