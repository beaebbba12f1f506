"""Showing a post: at once, at its time, no more.

Each verb may be repeated: what is so already is answered as it is, whatever version the repeat names, for there is
nothing it could overwrite.
"""

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from apps.content.errors import AlreadyPublished, ScheduleOutOfRange
from apps.content.models import Post
from apps.content.services.rows import hint_at, own_locked, require_rev, verified, write_post
from apps.core.actors import Actor

FARTHEST = timedelta(days=366)


def publish_post(*, actor: Actor, post_id: uuid.UUID, expected_rev: int | None = None) -> Post:
    """Show an own post to whom its visibility names; it keeps the moment at which it first was.

    Raises PostNotFound, EmailUnverified, and Stale unless `expected_rev` is current (None stands for any).
    """
    with transaction.atomic():
        verified(actor=actor)
        post = own_locked(actor=actor, post_id=post_id)
        if post.status != Post.Status.PUBLISHED:
            require_rev(post, expected_rev)
            first = Coalesce(F("published_at"), Now())
            write_post(post, status=Post.Status.PUBLISHED, published_at=first, scheduled_for=None)
    return post


def schedule_post(
    *,
    actor: Actor,
    post_id: uuid.UUID,
    publish_at: datetime | None,
    expected_rev: int | None = None,
) -> Post:
    """Have an own post published at a time, or, with None, make it a draft again.

    Raises PostNotFound, EmailUnverified, AlreadyPublished, ScheduleOutOfRange, and Stale unless `expected_rev` is
    current (None stands for any).
    """
    status = Post.Status.SCHEDULED if publish_at else Post.Status.DRAFT
    with transaction.atomic():
        verified(actor=actor)
        post = own_locked(actor=actor, post_id=post_id)
        if (post.status, post.scheduled_for) == (status, publish_at):
            return post
        if post.published_at:
            raise AlreadyPublished
        now = timezone.now()
        if publish_at and not now < publish_at <= now + FARTHEST:
            raise ScheduleOutOfRange
        require_rev(post, expected_rev)
        write_post(post, status=status, scheduled_for=publish_at)
    return post


def archive_post(*, actor: Actor, post_id: uuid.UUID, expected_rev: int | None = None) -> Post:
    """Put an own post away: only those who work on it still see it.

    Raises PostNotFound, and Stale unless `expected_rev` is current (None stands for any).
    """
    with transaction.atomic():
        post = own_locked(actor=actor, post_id=post_id)
        if post.status != Post.Status.ARCHIVED:
            require_rev(post, expected_rev)
            write_post(post, status=Post.Status.ARCHIVED, scheduled_for=None)
    return post


def publish_due(*, batch: int = 500) -> int:
    """Publish the posts whose time has come; return how many. Commits each batch.

    They are new when readers see them, and not when they should have been: nobody looks for news below the top.
    """
    published = 0
    while count := _publish_batch(batch):
        published += count
    return published


def _publish_batch(batch: int) -> int:
    with transaction.atomic():
        # Whoever else publishes or changes these rows now will have done so: they are looked at again next time.
        due = Post.objects.due().select_for_update(of=("self",), no_key=True, skip_locked=True)
        ids = list(due.order_by("scheduled_for").values_list("pk", flat=True)[:batch])
        count = Post.objects.filter(pk__in=ids).update(
            status=Post.Status.PUBLISHED,
            published_at=Now(),
            scheduled_for=None,
            rev=F("rev") + 1,
            updated_at=Now(),
        )
        if ids:
            hint_at(ids)
        return count
