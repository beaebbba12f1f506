"""Questions outsiders ask about posts and what hangs on them; what the actor may not see does not exist."""

import uuid
from datetime import datetime

from django.db.models import Exists, Q

from apps.content.errors import PostNotFound
from apps.content.models import Bookmark, Case, Collaborator, Comment, Media, Post, Reaction
from apps.content.querysets import (
    BookmarkQuerySet,
    CollaboratorQuerySet,
    CommentQuerySet,
    MediaQuerySet,
    PostQuerySet,
    ReactionQuerySet,
)
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
    own = Post.objects.with_author()
    if status is None:
        return own.written_by(actor)
    return own.owned_by(actor).filter(status=status)


def feed_for(actor: Actor) -> PostQuerySet:
    """Return what everybody may read, without those whom the actor is not to meet."""
    return Post.objects.with_author().listed_for(actor)


def posts_found(actor: Actor, *, q: str) -> PostQuerySet:
    """Return what everybody may read and has these words, or is titled almost so, with `rank` and `snippet`."""
    return Post.objects.found_by(q, actor).with_rank(q).with_author()


def shared_with(actor: Actor) -> CollaboratorQuerySet:
    """Return the actor's shares in posts of others, each with its post."""
    return Collaborator.objects.with_post().of(actor)


def collaborators_on(actor: Actor, post_id: uuid.UUID) -> CollaboratorQuerySet:
    """Return who works on a post, for those who do: nothing for others, so ask `require_joint_post` as well."""
    joint = Post.objects.visible_to(actor).worked_on_by(actor).filter(pk=post_id)
    return Collaborator.objects.present().filter(Exists(joint), post=post_id).with_person()


def require_joint_post(actor: Actor, post_id: uuid.UUID) -> None:
    """Raise PostNotFound unless the actor works on the post."""
    if not Post.objects.visible_to(actor).worked_on_by(actor).filter(pk=post_id).exists():
        raise PostNotFound


def comments_on(
    actor: Actor, post_id: uuid.UUID, *, reply_to: uuid.UUID | None = None
) -> CommentQuerySet:
    """Return what was said to a post, or in reply to one such comment.

    Nothing where the actor may not see post or comment, so ask `require_thread` as well.
    """
    seen = Q(Exists(Post.objects.visible_to(actor).filter(pk=post_id)))
    if reply_to is not None:
        seen &= Q(Exists(_roots(actor, post_id).filter(pk=reply_to)))
    said = Comment.objects.with_author().filter(seen, post=post_id, parent=reply_to)
    return said.listed_for(actor)


def require_thread(actor: Actor, post_id: uuid.UUID, reply_to: uuid.UUID | None) -> None:
    """Raise PostNotFound unless the actor may see the post, and the comment that is replied to if there is one."""
    seen = Post.objects.visible_to(actor).filter(pk=post_id)
    under = Q() if reply_to is None else Q(Exists(_roots(actor, post_id).filter(pk=reply_to)))
    if not seen.filter(under).exists():
        raise PostNotFound


def _roots(actor: Actor, post_id: uuid.UUID) -> CommentQuerySet:
    return Comment.objects.shown_to(actor).filter(post=post_id, parent=None)


def comment_for(actor: Actor, post_id: uuid.UUID, comment_id: uuid.UUID) -> CommentQuerySet:
    """Return the one comment, if the actor may see it."""
    return Comment.objects.visible_to(actor).with_author().filter(post=post_id, pk=comment_id)


def reaction_to(actor: Actor, post_id: uuid.UUID) -> ReactionQuerySet:
    """Return the actor's own reaction to a post, whether or not they still see it."""
    return Reaction.objects.of(actor).filter(post=post_id)


def bookmarks_of(actor: Actor) -> BookmarkQuerySet:
    """Return what the actor keeps and still sees, each with its post."""
    return Bookmark.objects.with_post().of(actor)


def open_cases(*, most: int) -> list[datetime]:
    """Return when each case that waits for a judgement was last reported, the latest first; for staff."""
    waiting = Case.objects.open().order_by("-reported_at", "-id")
    return list(waiting.values_list("reported_at", flat=True)[:most])


def media_for(actor: Actor, media_id: uuid.UUID) -> MediaQuerySet:
    """Return the one picture, if the actor may see it."""
    return Media.objects.visible_to(actor).filter(pk=media_id)


def awaits_upload(media_id: uuid.UUID) -> bool:
    """Tell whether the file of a picture may still arrive; asked on behalf of whoever holds the grant."""
    return Media.objects.filter(pk=media_id, state=Media.State.PENDING).exists()
