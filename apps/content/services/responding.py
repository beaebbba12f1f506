"""What readers do with a post without a word."""

import uuid

from django.db import transaction

from apps.accounts.models import User
from apps.content import selectors
from apps.content.errors import TooManyBookmarks
from apps.content.models import MAX_BOOKMARKS, Bookmark, Post, Reaction
from apps.content.services.rows import count, locked, verified
from apps.core.actors import Actor


def react(*, actor: Actor, post_id: uuid.UUID, kind: str) -> Reaction:
    """Say how one finds a post; saying it again changes at most the kind.

    Raises PostNotFound and EmailUnverified.
    """
    with transaction.atomic():
        user = verified(actor=actor)
        # Reactions change under the lock of their post, so that they are counted exactly.
        post = locked(Post.objects.visible_to(actor).only("pk"), post_id)
        reaction: Reaction | None = Reaction.objects.of(actor).filter(post=post).first()
        if reaction is None:
            reaction = Reaction.objects.create(post=post, user=user, kind=kind)
            count(post, reaction_count=1)
        elif reaction.kind != kind:
            reaction.kind = kind
            reaction.save(update_fields=["kind"])
    return reaction


def take_reaction_back(*, actor: Actor, post_id: uuid.UUID) -> None:
    """Leave no reaction of the actor's on the post, also where there is none, or the post is out of sight by now.

    Raises PostNotFound where neither is.
    """
    with transaction.atomic():
        own = Reaction.objects.of(actor).filter(post=post_id)
        if not own.exists():
            selectors.require_post(actor, post_id)
            return
        post = locked(Post.objects.only("pk"), post_id)
        if own.delete()[0]:
            count(post, reaction_count=-1)


def bookmark(*, actor: Actor, post_id: uuid.UUID) -> None:
    """Keep a post for later; keeping it twice is keeping it once. Raises PostNotFound and TooManyBookmarks."""
    assert actor.id  # noqa: S101 - the route lets in nobody else
    with transaction.atomic():
        selectors.require_post(actor, post_id)
        # One bookmark of an account at a time, so that the bound is one.
        User.objects.held().only("pk").get(pk=actor.id)
        own = Bookmark.objects.filter(user=actor.id)
        if own.filter(post=post_id).exists():
            return
        if own.count() >= MAX_BOOKMARKS:
            raise TooManyBookmarks
        Bookmark.objects.create(user_id=actor.id, post_id=post_id)


def forget_bookmark(*, actor: Actor, post_id: uuid.UUID) -> None:
    """Keep a post no more, also where it is not kept. Raises PostNotFound where it can't be seen either."""
    with transaction.atomic():
        if not Bookmark.objects.filter(user=actor.id, post=post_id).delete()[0]:
            selectors.require_post(actor, post_id)
