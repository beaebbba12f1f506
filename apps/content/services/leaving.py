"""What becomes of the words of somebody who leaves; each verb does some of it, and is asked until none is left."""

import uuid

from django.db import transaction

from apps.content.errors import CommentNotFound
from apps.content.models import Collaborator, Comment, Post, Reaction, Report
from apps.content.services import commenting, posts
from apps.content.services.rows import count, locked
from apps.notifications.services import withdraw


def bury_comments_of(*, author_id: uuid.UUID, most: int) -> int:
    """Delete some comments of a person, and what was told of them; return how many. Commits one by one."""
    own = Comment.objects.alive().filter(author=author_id).order_by("id")
    ids = list(own.values_list("pk", flat=True)[:most])
    for comment_id in ids:
        try:
            _bury_comment(comment_id)
        except CommentNotFound:
            # It went with its root.
            continue
    return len(ids)


def _bury_comment(comment_id: uuid.UUID) -> None:
    with transaction.atomic():
        comment = commenting.with_post_locked(Comment.objects.alive(), comment_id)
        told = {(comment.post.author_id, commenting.CREATED)}
        if comment.parent_id:
            root = Comment.objects.only("author").get(pk=comment.parent_id)
            told.add((root.author_id, commenting.REPLIED))
        for recipient_id, kind in told:
            withdraw(recipient_id=recipient_id, kind=kind, key=str(comment_id))
        commenting.bury(comment)


def take_back_reactions_of(*, user_id: uuid.UUID, most: int) -> int:
    """Take back some reactions of a person; return how many. Commits one by one."""
    own = Reaction.objects.filter(user=user_id).order_by("id")
    found = dict(own.values_list("pk", "post_id")[:most])
    for reaction_id, post_id in found.items():
        with transaction.atomic():
            post = locked(Post.objects.only("pk"), post_id)
            taken, _ = Reaction.objects.filter(pk=reaction_id).delete()
            count(post, reaction_count=-taken)
    return len(found)


def forget_notes_of(*, reporter_id: uuid.UUID) -> int:
    """Forget what a person wrote in reports; that something was reported stays. Commits."""
    return Report.objects.filter(reporter=reporter_id).exclude(note="").update(note="")


def bury_posts_of(*, author_id: uuid.UUID, most: int) -> int:
    """Delete some posts of a person, and what others were told of them; return how many. Commits one by one."""
    own = Post.objects.alive().filter(author=author_id).order_by("id")
    ids = list(own.values_list("pk", flat=True)[:most])
    for post_id in ids:
        with transaction.atomic():
            post = locked(Post.objects.all(), post_id)
            if post.deleted_at is None:
                _withdraw_all_about(post)
                posts.bury(post)
    return len(ids)


def _withdraw_all_about(post: Post) -> None:
    """Take back what names the post's title or its author to others."""
    for share in Collaborator.objects.filter(post=post):
        withdraw(recipient_id=share.user_id, kind="post_shared", key=str(share.id))
    replies = Comment.objects.filter(post=post, parent__isnull=False)
    for reply_id, recipient_id in replies.values_list("pk", "parent__author").iterator():
        withdraw(recipient_id=recipient_id, kind=commenting.REPLIED, key=str(reply_id))
