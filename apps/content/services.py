"""What people do with posts and comments; each verb checks, locks and counts in one transaction of its own."""

import unicodedata
import uuid
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now

from apps.accounts.errors import EmailUnverified
from apps.accounts.models import User
from apps.content.errors import CommentNotFound, IdTaken, PostDeleted, PostNotFound, TagTooLong
from apps.content.models import MAX_TAG, Comment, Post, Reaction, Report
from apps.core import statements
from apps.core.actors import Actor
from apps.core.errors import Stale
from apps.core.ids import new_id
from apps.notifications.services import notify, withdraw

_COMMENTED = "comment_created"
_WORDLESS: dict[str, Any] = {"title": "", "summary": "", "body": "", "tags": [], "cover": None}


def create_post(
    *,
    actor: Actor,
    title: str,
    summary: str = "",
    body: str = "",
    visibility: str = Post.Visibility.PUBLIC,
    language: str = "",
    tags: Iterable[str] = (),
    id: uuid.UUID | None = None,
) -> tuple[Post, bool]:
    """Write a draft and return it, with whether it is new: repeating an own id repeats nothing.

    Raises IdTaken, PostDeleted and TagTooLong.
    """
    assert actor.id  # noqa: S101 - the route lets in nobody else
    post = Post(
        id=id or new_id(),
        author_id=actor.id,
        title=title,
        summary=summary,
        body=body,
        visibility=visibility,
        language=language,
        tags=_normal(tags),
    )
    if statements.insert(post):
        return post, True
    return _repeated(actor, post.id), False


def _repeated(actor: Actor, post_id: uuid.UUID) -> Post:
    post = Post.objects.get(pk=post_id)
    if post.author_id != actor.id:
        raise IdTaken
    if post.deleted_at:
        raise PostDeleted
    return post


def change_post(
    *, actor: Actor, post_id: uuid.UUID, expected_rev: int | None, **changes: Any
) -> Post:
    """Change an own post; changing nothing makes no new version.

    Raises PostNotFound, TagTooLong, and Stale unless `expected_rev` is current (None stands for any).
    """
    if "tags" in changes:
        changes["tags"] = _normal(changes["tags"])
    with transaction.atomic():
        post = _own_locked(actor, post_id, expected_rev)
        different = {name: new for name, new in changes.items() if getattr(post, name) != new}
        if different:
            _write(post, **different)
    return post


def delete_post(*, actor: Actor, post_id: uuid.UUID, expected_rev: int | None) -> None:
    """Delete an own post; a tombstone without words stays, so that other devices learn of it.

    Raises PostNotFound, and Stale unless `expected_rev` is current (None stands for any).
    """
    with transaction.atomic():
        post = _own_locked(actor, post_id, expected_rev)
        _write(post, deleted_at=Now(), **_WORDLESS)


def publish_post(*, actor: Actor, post_id: uuid.UUID) -> Post:
    """Show an own post to whom its visibility names; it keeps the moment at which it first was.

    Publishing what is published changes nothing. Raises PostNotFound and EmailUnverified.
    """
    with transaction.atomic():
        _verified(actor)
        post = _own_locked(actor, post_id)
        if post.status != Post.Status.PUBLISHED:
            first = Coalesce(F("published_at"), Now())
            _write(post, status=Post.Status.PUBLISHED, published_at=first, scheduled_for=None)
    return post


def archive_post(*, actor: Actor, post_id: uuid.UUID) -> Post:
    """Put an own post away: only its author still sees it. Archiving it again changes nothing.

    Raises PostNotFound.
    """
    with transaction.atomic():
        post = _own_locked(actor, post_id)
        if post.status != Post.Status.ARCHIVED:
            _write(post, status=Post.Status.ARCHIVED, scheduled_for=None)
    return post


def add_comment(*, actor: Actor, post_id: uuid.UUID, body: str) -> Comment:
    """Say something to a post; its author is notified in the same transaction, unless it is the one who speaks.

    Raises PostNotFound and EmailUnverified.
    """
    with transaction.atomic():
        author = _verified(actor)
        # The lock makes seeing the post and counting the comment one act: it can't be hidden in between.
        post = _locked(Post.objects.visible_to(actor).only("author", "title"), post_id)
        comment = Comment.objects.create(post=post, author=author, body=body)
        Post.objects.filter(pk=post.id).update(comment_count=F("comment_count") + 1)
        if post.author_id != author.id:
            _tell_author(post, comment)
    return comment


def _tell_author(post: Post, comment: Comment) -> None:
    notify(
        kind=_COMMENTED,
        recipient_id=post.author_id,
        data={"name": comment.author.display_name, "title": post.title},
        target=("post", post.id),
        key=str(comment.id),
    )


def delete_comment(*, actor: Actor, post_id: uuid.UUID, comment_id: uuid.UUID) -> None:
    """Delete an own comment, or any on an own post. Raises CommentNotFound."""
    with transaction.atomic():
        found = Comment.objects.deletable_by(actor).filter(pk=comment_id, post=post_id)
        comment = found.select_for_update(of=("self",), no_key=True).first()
        if comment is None:
            raise CommentNotFound
        _bury(comment)


def take_down_post(*, post_id: uuid.UUID) -> None:
    """Delete anybody's post for staff. Raises PostNotFound."""
    with transaction.atomic():
        _write(_locked(Post.objects.alive(), post_id), deleted_at=Now(), **_WORDLESS)


def take_down_comment(*, comment_id: uuid.UUID) -> None:
    """Delete anybody's comment for staff. Raises CommentNotFound."""
    with transaction.atomic():
        found = Comment.objects.alive().filter(pk=comment_id)
        comment = found.select_for_update(no_key=True).first()
        if comment is None:
            raise CommentNotFound
        _bury(comment)


def bury_comments_of(*, author_id: uuid.UUID, most: int) -> int:
    """Delete some comments of a person who leaves, and what was told of them; return how many. Commits."""
    with transaction.atomic():
        own = Comment.objects.alive().filter(author=author_id).select_related("post")
        comments = list(own.select_for_update(of=("self",), no_key=True)[:most])
        for comment in comments:
            withdraw(recipient_id=comment.post.author_id, kind=_COMMENTED, key=str(comment.id))
            _bury(comment)
    return len(comments)


def take_back_reactions_of(*, user_id: uuid.UUID, most: int) -> int:
    """Take back some reactions of a person who leaves; return how many. Commits."""
    with transaction.atomic():
        own = Reaction.objects.filter(user=user_id)[:most]
        reactions = dict(own.values_list("pk", "post_id"))
        for reaction_id, post_id in reactions.items():
            taken, _ = Reaction.objects.filter(pk=reaction_id).delete()
            posts = Post.objects.filter(pk=post_id)
            posts.update(reaction_count=F("reaction_count") - taken)
    return len(reactions)


def forget_notes_of(*, reporter_id: uuid.UUID) -> int:
    """Forget what a person who leaves wrote in reports; that something was reported stays. Commits."""
    return Report.objects.filter(reporter=reporter_id).exclude(note="").update(note="")


def bury_posts_of(*, author_id: uuid.UUID, most: int) -> int:
    """Delete some posts of a person who leaves; return how many. Commits."""
    with transaction.atomic():
        own = Post.objects.alive().filter(author=author_id)
        posts = list(own.select_for_update(of=("self",), no_key=True)[:most])
        for post in posts:
            _write(post, deleted_at=Now(), **_WORDLESS)
    return len(posts)


def _bury(comment: Comment) -> None:
    _write(comment, deleted_at=Now(), body="")
    Post.objects.filter(pk=comment.post_id).update(comment_count=F("comment_count") - 1)


def _own_locked(actor: Actor, post_id: uuid.UUID, expected_rev: int | None = None) -> Post:
    post = _locked(Post.objects.owned_by(actor).with_author(), post_id)
    if expected_rev is not None and post.rev != expected_rev:
        raise Stale(extra={"current_rev": post.rev})
    return post


def _locked(posts: Any, post_id: uuid.UUID) -> Post:
    # No key update: comments that point here may be written meanwhile.
    locked = posts.select_for_update(of=("self",), no_key=True)
    post: Post | None = locked.filter(pk=post_id).first()
    if post is None:
        raise PostNotFound
    return post


def _verified(actor: Actor) -> User:
    """Return who speaks in public; the access token can't say whether their address is proven by now."""
    user = User.objects.live().only("display_name", "email").filter(pk=actor.id).first()
    if user is None or not user.email_verified:
        raise EmailUnverified
    return user


def _write(row: Post | Comment, **values: Any) -> None:
    """Store the row's next version; Postgres's times and count come back with the same statement."""
    for name, value in (values | {"rev": F("rev") + 1, "updated_at": Now()}).items():
        setattr(row, name, value)
    row.save(update_fields=[*values, "rev", "updated_at"])


def _normal(tags: Iterable[str]) -> list[str]:
    """Return the tags in lower case, with single spaces, each once, in the order given."""
    composed = (unicodedata.normalize("NFC", tag.lower()) for tag in tags)
    normal = dict.fromkeys(" ".join(tag.split()) for tag in composed)
    if any(len(tag) > MAX_TAG for tag in normal):
        raise TagTooLong(f"A tag has at most {MAX_TAG} characters.")
    return [tag for tag in normal if tag]
