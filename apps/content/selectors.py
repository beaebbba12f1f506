"""Questions outsiders ask about posts and comments; what the actor may not see does not exist."""

import uuid
from typing import Any

from django.db.models import Exists

from apps.content.errors import PostNotFound
from apps.content.models import Comment, Post
from apps.content.querysets import CommentQuerySet, PostQuerySet
from apps.core.actors import Actor


def post_for(actor: Actor, post_id: uuid.UUID) -> PostQuerySet:
    """Return the one post, if the actor may see it."""
    return Post.objects.visible_to(actor).with_author().filter(pk=post_id)


def require_post(actor: Actor, post_id: uuid.UUID) -> None:
    """Raise PostNotFound unless the actor may see the post."""
    if not Post.objects.visible_to(actor).filter(pk=post_id).exists():
        raise PostNotFound


def require_own_post(actor: Actor, post_id: uuid.UUID) -> None:
    """Raise PostNotFound unless the post is the actor's own."""
    if not Post.objects.owned_by(actor).filter(pk=post_id).exists():
        raise PostNotFound


def own_posts(actor: Actor, *, status: str | None = None) -> PostQuerySet:
    """Return the actor's own posts, of one status or of all."""
    chosen: dict[str, Any] = {} if status is None else {"status": status}
    return Post.objects.owned_by(actor).with_author().filter(**chosen)


def feed_for(actor: Actor) -> PostQuerySet:
    """Return what everybody may read, without those whom the actor is not to meet."""
    return Post.objects.listed_for(actor).with_author()


def posts_found(actor: Actor, *, q: str) -> PostQuerySet:
    """Return what everybody may read and has these words, or is titled almost so, with `rank` and `snippet`."""
    return Post.objects.listed_for(actor).found_by(q).with_rank(q).with_author()


def comments_on(actor: Actor, post_id: uuid.UUID) -> CommentQuerySet:
    """Return what was said to a post: nothing where the actor may not see it, so ask `require_post` as well."""
    seen = Post.objects.visible_to(actor).filter(pk=post_id)
    roots = Comment.objects.shown_to(actor).filter(post=post_id, parent=None)
    return roots.filter(Exists(seen)).with_author()
