"""What the verbs share: a row under lock, its next version, somebody who may speak in public.

Locks are taken in one order everywhere: the post first, then what hangs on it. So two verbs wait for each other and
never in a circle, and whoever holds the post's lock may count what hangs on it.
"""

import uuid
from collections.abc import Collection
from typing import Any

from django.db.models import F
from django.db.models.functions import Now

from apps.accounts.errors import EmailUnverified
from apps.accounts.models import User
from apps.content.errors import PostNotFound
from apps.content.models import Collaborator, Post
from apps.core.actors import Actor
from apps.core.errors import Stale
from apps.core.models import Versioned
from apps.notifications.kinds import Topic
from apps.notifications.services import hint


def locked(posts: Any, post_id: uuid.UUID) -> Post:
    """Return one of the posts under lock. Raises PostNotFound."""
    # No key update: comments that point here may be written meanwhile.
    rows = posts.select_for_update(of=("self",), no_key=True)
    post: Post | None = rows.filter(pk=post_id).first()
    if post is None:
        raise PostNotFound
    return post


def own_locked(*, actor: Actor, post_id: uuid.UUID) -> Post:
    """Return an own post under lock. Raises PostNotFound."""
    return locked(Post.objects.owned_by(actor).with_author(), post_id)


def require_rev(row: Versioned, expected_rev: int | None) -> None:
    """Raise Stale unless the caller changes the version that is current (None stands for any)."""
    if expected_rev is not None and row.rev != expected_rev:
        raise Stale(extra={"current_rev": row.rev})


def write(row: Versioned, **values: Any) -> None:
    """Store the row's next version; Postgres's times and count come back with the same statement."""
    for name, value in (values | {"rev": F("rev") + 1, "updated_at": Now()}).items():
        setattr(row, name, value)
    row.save(update_fields=[*values, "rev", "updated_at"])


def write_post(post: Post, **values: Any) -> None:
    """Store a post's next version, and have the open apps of those who work on it ask for it again."""
    write(post, **values)
    hint_at([post.pk])


def hint_at(post_ids: Collection[uuid.UUID]) -> None:
    """Have the open apps of those who work on these posts ask for them again."""
    authors = Post.objects.filter(pk__in=post_ids).values_list("author_id", flat=True)
    others = Collaborator.objects.alive().filter(post__in=post_ids)
    hint(topic=Topic.POSTS, people=authors.union(others.values_list("user_id", flat=True)))


def count(post: Post, **changes: int) -> None:
    """Add to the counts of a post, which are no part of its version."""
    Post.objects.filter(pk=post.pk).update(
        **{name: F(name) + change for name, change in changes.items()}
    )


def verified(*, actor: Actor) -> User:
    """Return who speaks in public; the access token can't say whether their address is proven by now.

    Raises EmailUnverified.
    """
    user: User | None = (
        User.objects.live().only("display_name", "email").filter(pk=actor.id).first()
    )
    if user is None or not user.email_verified:
        raise EmailUnverified
    return user
