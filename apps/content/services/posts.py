"""Writing: drafts are made, put into other words, and deleted."""

import unicodedata
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from apps.content.errors import IdTaken, OwnerOnly, PostDeleted, TagTooLong
from apps.content.models import MAX_TAG, Post
from apps.content.services import covers
from apps.content.services.rows import locked, own_locked, require_rev, write_post
from apps.core import statements
from apps.core.actors import Actor
from apps.core.ids import new_id

_WORDLESS: dict[str, Any] = {"title": "", "summary": "", "body": "", "tags": [], "cover": None}
# Who may read a post is not for editors to say.
_FOR_ITS_OWNER = {"visibility"}


def create_post(
    *,
    actor: Actor,
    title: str,
    summary: str = "",
    body: str = "",
    visibility: str = Post.Visibility.PUBLIC,
    language: str = "",
    tags: Iterable[str] = (),
    cover: uuid.UUID | None = None,
    id: uuid.UUID | None = None,
    insert: Callable[[Post], bool] = statements.insert,
) -> tuple[Post, bool]:
    """Write a draft and return it, with whether it is new: repeating an own id repeats nothing.

    `insert` writes the row unless its key is taken, and says whether it did. Raises IdTaken, PostDeleted, TagTooLong
    and CoverUnusable.
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
        cover=covers.showable(actor=actor, media_id=cover),
    )
    if insert(post):
        return post, True
    return _repeated(actor, post.id), False


def _repeated(actor: Actor, post_id: uuid.UUID) -> Post:
    post: Post = Post.objects.get(pk=post_id)
    if post.author_id != actor.id:
        raise IdTaken
    if post.deleted_at:
        raise PostDeleted
    return post


def change_post(
    *, actor: Actor, post_id: uuid.UUID, expected_rev: int | None, **changes: Any
) -> Post:
    """Put an own post, or one that is shared with an editor, into other words; changing nothing makes no new version.

    Raises PostNotFound, OwnerOnly, TagTooLong, CoverUnusable, and Stale unless `expected_rev` is current (None stands
    for any).
    """
    with transaction.atomic():
        post = locked(Post.objects.editable_by(actor).with_author(), post_id)
        require_rev(post, expected_rev)
        theirs = {n for n in _FOR_ITS_OWNER & changes.keys() if changes[n] != getattr(post, n)}
        if theirs and post.author_id != actor.id:
            raise OwnerOnly
        # The picture that is there may be that of somebody else who works on the post.
        if "cover" in changes and (wanted := changes.pop("cover")) != post.cover_id:
            changes["cover"] = covers.showable(actor=actor, media_id=wanted)
        return _changed(post, changes)


def _changed(post: Post, changes: dict[str, Any]) -> Post:
    if "tags" in changes:
        changes["tags"] = _normal(changes["tags"])
    different = {name: new for name, new in changes.items() if getattr(post, name) != new}
    if different:
        write_post(post, **different)
    return post


def delete_post(*, actor: Actor, post_id: uuid.UUID, expected_rev: int | None) -> None:
    """Delete an own post; a tombstone without words stays, so that other devices learn of it.

    Raises PostNotFound, and Stale unless `expected_rev` is current (None stands for any).
    """
    with transaction.atomic():
        post = own_locked(actor=actor, post_id=post_id)
        require_rev(post, expected_rev)
        bury(post)


def correct_post(*, post_id: uuid.UUID, **changes: Any) -> Post:
    """Put anybody's post into other words for staff; changing nothing makes no new version.

    Raises PostNotFound and TagTooLong.
    """
    with transaction.atomic():
        return _changed(locked(Post.objects.alive(), post_id), changes)


def take_down_post(*, post_id: uuid.UUID) -> None:
    """Delete anybody's post for staff. Raises PostNotFound."""
    with transaction.atomic():
        bury(locked(Post.objects.alive(), post_id))


def bury(post: Post) -> None:
    """Leave a tombstone without words."""
    write_post(post, deleted_at=Now(), **_WORDLESS)


def _normal(tags: Iterable[str]) -> list[str]:
    """Return the tags in lower case, with single spaces, each once, in the order given."""
    composed = (unicodedata.normalize("NFC", tag.lower()) for tag in tags)
    normal = dict.fromkeys(" ".join(tag.split()) for tag in composed)
    if any(len(tag) > MAX_TAG for tag in normal):
        raise TagTooLong(f"A tag has at most {MAX_TAG} characters.")
    return [tag for tag in normal if tag]
