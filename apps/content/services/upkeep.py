"""What nobody asks for: counts are put right, tombstones are forgotten."""

import uuid
from datetime import timedelta

import structlog
from django.db import connection, transaction
from django.db.models.functions import Now

from apps.content.models import Comment, Post

logger = structlog.get_logger(__name__)

TOMBSTONES_KEPT = timedelta(days=90)

# Counted is what is shown: neither deleted nor hidden, and of replies what hangs on a comment that is neither.
_WRONG = """
    WITH batch AS MATERIALIZED (
        SELECT id, comment_count, reaction_count FROM content_post
        WHERE id > %(after)s AND deleted_at IS NULL ORDER BY id LIMIT %(batch)s
    )
    SELECT (SELECT id FROM batch ORDER BY id DESC LIMIT 1), array_agg(batch.id) FILTER (
        WHERE batch.comment_count <> (
            SELECT count(*) FROM content_comment AS said LEFT JOIN content_comment AS root ON root.id = said.parent_id
            WHERE said.post_id = batch.id AND said.deleted_at IS NULL AND said.hidden_at IS NULL
                AND root.deleted_at IS NULL AND root.hidden_at IS NULL
        )
        OR batch.reaction_count <> (SELECT count(*) FROM content_reaction WHERE post_id = batch.id)
        OR EXISTS (
            SELECT FROM content_comment AS root WHERE root.post_id = batch.id AND root.reply_count <> (
                SELECT count(*) FROM content_comment
                WHERE parent_id = root.id AND deleted_at IS NULL AND hidden_at IS NULL
            )
        )
    ) FROM batch
"""
_COUNT_REPLIES = """
    UPDATE content_comment AS root SET reply_count = shown.number
    FROM (
        SELECT root.id, count(reply.id) AS number FROM content_comment AS root
        LEFT JOIN content_comment AS reply
            ON reply.parent_id = root.id AND reply.deleted_at IS NULL AND reply.hidden_at IS NULL
        WHERE root.post_id = %(post)s GROUP BY root.id
    ) AS shown
    WHERE shown.id = root.id AND root.reply_count <> shown.number
"""
_COUNT = """
    UPDATE content_post SET
        comment_count = (
            SELECT count(*) FROM content_comment AS said LEFT JOIN content_comment AS root ON root.id = said.parent_id
            WHERE said.post_id = %(post)s AND said.deleted_at IS NULL AND said.hidden_at IS NULL
                AND root.deleted_at IS NULL AND root.hidden_at IS NULL
        ),
        reaction_count = (SELECT count(*) FROM content_reaction WHERE post_id = %(post)s)
    WHERE id = %(post)s
"""


def reconcile_counts(*, batch: int = 1_000) -> int:
    """Put every count right that is wrong; return of how many posts. Commits one by one.

    Whoever counts holds the lock of the post, so that what is counted here is neither missing a comment that is being
    written nor counting one twice.
    """
    repaired, last = 0, uuid.UUID(int=0)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_WRONG, {"after": last, "batch": batch})
            last, wrong = cursor.fetchone()
        if last is None:
            break
        for post_id in wrong or ():
            _recount(post_id)
            repaired += 1
    if repaired:
        logger.warning("counts were wrong", posts=repaired)
    return repaired


def _recount(post_id: uuid.UUID) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        Post.objects.select_for_update(no_key=True).only("pk").filter(pk=post_id).first()
        cursor.execute(_COUNT_REPLIES, {"post": post_id})
        cursor.execute(_COUNT, {"post": post_id})


def forget_tombstones(*, batch: int = 500) -> int:
    """Delete what was deleted so long ago that no device can have missed it; return how many rows. Commits batches.

    A post takes all that hangs on it along.
    """
    forgotten = 0
    for model in (Comment, Post):
        old = model.objects.filter(deleted_at__lt=Now() - TOMBSTONES_KEPT).order_by("deleted_at")
        while ids := list(old.values_list("pk", flat=True)[:batch]):
            forgotten += model.objects.filter(pk__in=ids).delete()[0]
    return forgotten
