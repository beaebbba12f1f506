"""Working on a post together: its author gives shares and takes them back, others leave."""

import uuid

from django.db import transaction
from django.db.models.functions import Now

from apps.accounts.errors import UserNotFound
from apps.accounts.models import User
from apps.accounts.selectors import unblocked
from apps.content.errors import CollaboratorNotFound, OwnShare, TooManyCollaborators
from apps.content.models import MAX_COLLABORATORS, Collaborator, Post
from apps.content.services.rows import locked, own_locked, verified, write
from apps.core.actors import Actor
from apps.notifications.kinds import Topic
from apps.notifications.services import hint, notify, withdraw

_SHARED = "post_shared"


def share_post(*, actor: Actor, post_id: uuid.UUID, user_id: uuid.UUID, role: str) -> Collaborator:
    """Share an own post with somebody in a role, and return the share. Tells them of a new one.

    Raises PostNotFound, EmailUnverified, OwnShare, UserNotFound and TooManyCollaborators.
    """
    with transaction.atomic():
        author = verified(actor=actor)
        if user_id == actor.id:
            raise OwnShare
        # Shares of a post change under its lock, so that the bound is one.
        post = own_locked(actor=actor, post_id=post_id)
        person = _person(actor, user_id)
        share: Collaborator | None = Collaborator.objects.filter(post=post, user=person).first()
        if share is None or share.deleted_at:
            _require_room(post)
            share = _begin(share, post, person, role)
            _tell(share, post, author)
        elif share.role != role:
            write(share, role=role)
            hint(topic=Topic.POSTS, people=[user_id])
    share.user = person
    return share


def _person(actor: Actor, user_id: uuid.UUID) -> User:
    """Return who can be met. Raises UserNotFound."""
    met = User.objects.live().filter(unblocked(actor, "pk"), pk=user_id)
    person: User | None = met.only("display_name").first()
    if person is None:
        raise UserNotFound
    return person


def _require_room(post: Post) -> None:
    if Collaborator.objects.alive().filter(post=post).count() >= MAX_COLLABORATORS:
        raise TooManyCollaborators


def _begin(tombstone: Collaborator | None, post: Post, person: User, role: str) -> Collaborator:
    if tombstone is None:
        return Collaborator.objects.create(post=post, user=person, role=role)
    write(tombstone, role=role, created_at=Now(), deleted_at=None)
    return tombstone


def _tell(share: Collaborator, post: Post, author: User) -> None:
    hint(topic=Topic.POSTS, people=[share.user_id])
    notify(
        recipient_id=share.user_id,
        kind=_SHARED,
        data={"name": author.display_name, "title": post.title},
        target=("post", post.id),
        key=str(share.id),
    )


def end_share(*, actor: Actor, post_id: uuid.UUID, user_id: uuid.UUID) -> None:
    """Take a share back, or leave, and what was told of it; a tombstone stays, so that the other's devices learn of it.

    Raises PostNotFound and CollaboratorNotFound.
    """
    with transaction.atomic():
        reachable = Post.objects.owned_by(actor)
        if user_id == actor.id:
            reachable = reachable | Post.objects.alive().shared_with(actor)
        post = locked(reachable, post_id)
        share = Collaborator.objects.alive().filter(post=post, user=user_id).first()
        if share is None:
            raise CollaboratorNotFound
        write(share, deleted_at=Now())
        withdraw(recipient_id=user_id, kind=_SHARED, key=str(share.id))
        hint(topic=Topic.POSTS, people=[user_id])
