"""Talking below a post, one level deep; counted exactly, and the people it is for are told."""

import uuid

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from apps.content.errors import (
    CommentDeleted,
    CommentNotFound,
    EditWindowClosed,
    IdTaken,
    ReplyTooDeep,
)
from apps.content.models import EDIT_WINDOW, Comment, Post
from apps.content.querysets import CommentQuerySet
from apps.content.services.rows import count, locked, require_rev, verified, write
from apps.core import statements
from apps.core.actors import Actor
from apps.core.ids import new_id
from apps.notifications.services import notify

# What people are told of.
CREATED, REPLIED = "comment_created", "comment_replied"


def add_comment(
    *,
    actor: Actor,
    post_id: uuid.UUID,
    body: str,
    reply_to: uuid.UUID | None = None,
    id: uuid.UUID | None = None,
) -> tuple[Comment, bool]:
    """Say something to a post or in reply to a comment, and return it with whether it is new.

    Repeating an own id repeats nothing. Tells the author of the post and of the comment, unless it is the one who
    speaks. Raises PostNotFound, EmailUnverified, CommentNotFound, ReplyTooDeep, IdTaken and CommentDeleted.
    """
    with transaction.atomic():
        author = verified(actor=actor)
        # The lock makes seeing the post and counting the comment one act: it can't be hidden in between.
        post = locked(Post.objects.visible_to(actor).only("author", "title"), post_id)
        earlier = _earlier(actor, post, id) if id else None
        if earlier:
            return earlier, False
        root = _root(actor, post, reply_to) if reply_to else None
        comment = Comment(id=id or new_id(), post=post, parent=root, author=author, body=body)
        if not statements.insert(comment):
            raise IdTaken
        count_in(comment, 1)
        _tell(comment, post, root)
    return comment, True


def _earlier(actor: Actor, post: Post, comment_id: uuid.UUID) -> Comment | None:
    earlier: Comment | None = Comment.objects.with_author().filter(pk=comment_id).first()
    if earlier and (earlier.author_id, earlier.post_id) != (actor.id, post.pk):
        raise IdTaken
    if earlier and earlier.deleted_at:
        raise CommentDeleted
    return earlier


def _root(actor: Actor, post: Post, comment_id: uuid.UUID) -> Comment:
    root: Comment | None = Comment.objects.shown_to(actor).filter(pk=comment_id, post=post).first()
    if root is None:
        raise CommentNotFound
    if root.parent_id:
        raise ReplyTooDeep
    return root


def _tell(comment: Comment, post: Post, root: Comment | None) -> None:
    """Tell whoever is replied to, else whose post it is; nobody hears twice of one comment, or of their own."""
    told = {comment.author_id}
    for kind, recipient_id in (
        (REPLIED, root.author_id if root else None),
        (CREATED, post.author_id),
    ):
        if recipient_id and recipient_id not in told:
            told.add(recipient_id)
            notify(
                recipient_id=recipient_id,
                kind=kind,
                data={"name": comment.author.display_name, "title": post.title},
                target=("post", post.id),
                key=str(comment.id),
            )


def change_comment(
    *,
    actor: Actor,
    post_id: uuid.UUID,
    comment_id: uuid.UUID,
    body: str,
    expected_rev: int | None,
) -> Comment:
    """Put an own comment into other words while it is new; the same words make no new version.

    Raises CommentNotFound, EditWindowClosed, and Stale unless `expected_rev` is current (None stands for any).
    """
    with transaction.atomic():
        own = Comment.objects.editable_by(actor).filter(post=post_id).with_author()
        comment = _locked(own, comment_id)
        if timezone.now() - comment.created_at >= EDIT_WINDOW:
            raise EditWindowClosed
        require_rev(comment, expected_rev)
        if comment.body != body:
            write(comment, body=body)
    return comment


def delete_comment(*, actor: Actor, post_id: uuid.UUID, comment_id: uuid.UUID) -> None:
    """Delete an own comment, or any on an own post; its replies go with it. Raises CommentNotFound."""
    with transaction.atomic():
        bury(with_post_locked(Comment.objects.deletable_by(actor).filter(post=post_id), comment_id))


def take_down_comment(*, comment_id: uuid.UUID) -> None:
    """Delete anybody's comment for staff. Raises CommentNotFound."""
    with transaction.atomic():
        bury(with_post_locked(Comment.objects.alive(), comment_id))


def _locked(comments: CommentQuerySet, comment_id: uuid.UUID) -> Comment:
    rows = comments.select_for_update(of=("self",), no_key=True)
    comment: Comment | None = rows.filter(pk=comment_id).first()
    if comment is None:
        raise CommentNotFound
    return comment


def with_post_locked(comments: CommentQuerySet, comment_id: uuid.UUID) -> Comment:
    """Return one of the comments, its post locked before it. Raises CommentNotFound."""
    rows = comments.select_related("post").select_for_update(of=("post", "self"), no_key=True)
    comment: Comment | None = rows.filter(pk=comment_id).first()
    if comment is None:
        raise CommentNotFound
    return comment


def bury(comment: Comment) -> None:
    """Leave a tombstone without words, of the replies as well; count off what was shown."""
    count_in(comment, -1)
    write(comment, deleted_at=Now(), body="", reply_count=0)
    if comment.parent_id is None:
        Comment.objects.alive().filter(parent=comment).update(
            deleted_at=Now(), body="", rev=F("rev") + 1, updated_at=Now()
        )


def count_in(comment: Comment, sign: int) -> None:
    """Count a comment in (+1) or out (-1), with its replies, wherever it is shown; the post is locked.

    A reply below a hidden root is counted by its root alone.
    """
    if comment.hidden_at:
        return
    if comment.parent_id:
        root = Comment.objects.filter(pk=comment.parent_id)
        root.update(reply_count=F("reply_count") + sign)
        if root.exclude(hidden_at=None).exists():
            return
    count(comment.post, comment_count=sign * (1 + comment.reply_count))
