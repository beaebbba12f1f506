"""Words of accounts that are out, marked, so that lists skip them by index and not one by one.

A mark only saves looking: `visible_to` and its kin ask the account itself, so words disappear with the account and not
with their mark. They come back to lists when it is taken off. Marks are no part of a version.
"""

import uuid
from datetime import timedelta

from django.db import connection, transaction

from apps.accounts.models import User
from apps.content.models import Comment, Post
from apps.core import jobs

# What is there to do is looked up for so many rows at a time, and done for so many in a transaction.
_FOUND, _MARKED = 10_000, 500
_PAUSE = timedelta(seconds=5)


def mark_words_of(user_id: uuid.UUID) -> int:
    """Mark what an account has written as its standing is now; return how many rows. Commits batches.

    A worker that is killed in between leaves the rest to its successor. Raises jobs.Retry while others hold the rows.
    """
    return sum(_mark_all(model, user_id) for model in (Post, Comment))


def _mark_all(model: type[Post | Comment], user_id: uuid.UUID) -> int:
    marked = 0
    while wrong := _wrong(model, user_id):
        now_marked = sum(
            _mark(model, user_id, wrong[start : start + _MARKED])
            for start in range(0, len(wrong), _MARKED)
        )
        if not now_marked:
            raise jobs.Retry(after=_PAUSE, reason="rows_in_use")
        marked += now_marked
    return marked


def _wrong(model: type[Post | Comment], user_id: uuid.UUID) -> list[uuid.UUID]:
    user = User.objects.only("is_active", "deleted_at").filter(pk=user_id).first()
    if user is None:
        return []
    rows = model.objects.alive().filter(author=user_id, author_out=user.is_live)
    return list(rows.values_list("pk", flat=True)[:_FOUND])


def _mark(model: type[Post | Comment], user_id: uuid.UUID, ids: list[uuid.UUID]) -> int:
    with transaction.atomic():
        # It stands as it does until this is done.
        people = User.objects.held().only("is_active", "deleted_at")
        user = people.get(pk=user_id)
        # Whoever holds one may want the next: they are not waited for, and found again.
        rows = model.objects.filter(pk__in=ids).select_for_update(skip_locked=True, no_key=True)
        free = list(rows.values_list("pk", flat=True))
        return model.objects.filter(pk__in=free).update(author_out=not user.is_live)


# Both ways. Asked once a night: tables are read through.
_MISMARKED = """
    SELECT id FROM accounts_user AS person
    WHERE NOT (is_active AND deleted_at IS NULL) AND erased_at IS NULL AND (
        EXISTS (SELECT FROM content_post WHERE author_id = person.id AND deleted_at IS NULL AND NOT author_out)
        OR EXISTS (SELECT FROM content_comment WHERE author_id = person.id AND deleted_at IS NULL AND NOT author_out)
    )
    UNION SELECT author_id FROM content_post JOIN accounts_user AS person ON person.id = author_id
    WHERE author_out AND content_post.deleted_at IS NULL AND is_active AND person.deleted_at IS NULL
    UNION SELECT author_id FROM content_comment JOIN accounts_user AS person ON person.id = author_id
    WHERE author_out AND content_comment.deleted_at IS NULL AND is_active AND person.deleted_at IS NULL
"""


def mark_what_was_missed() -> int:
    """Mark what was written while its author went or came back; return how many rows. Commits batches."""
    with connection.cursor() as cursor:
        cursor.execute(_MISMARKED)
        people = [user_id for (user_id,) in cursor.fetchall()]
    return sum(mark_words_of(user_id) for user_id in people)
