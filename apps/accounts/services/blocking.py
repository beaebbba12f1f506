"""Not wanting to see somebody, and being left alone by them."""

import uuid

from django.db import transaction

from apps.accounts import selectors
from apps.accounts.errors import TooManyBlocks, UserNotFound
from apps.accounts.models import Block, User
from apps.core.actors import Actor
from apps.core.errors import Invalid

# More than anybody blocks by hand; a bound on what one account can make us store.
MOST_BLOCKS = 1_000


def block(*, actor: Actor, user_id: uuid.UUID) -> Block:
    """Keep two people from each other, and return the block, the earlier one if there is one.

    Commits. Raises Invalid for oneself, UserNotFound, TooManyBlocks.
    """
    assert actor.id  # noqa: S101 - the operation lets nobody else in
    if user_id == actor.id:
        fault = {"pointer": "/user_id", "code": "oneself", "detail": "Nobody can block themselves."}
        raise Invalid(errors=[fault])
    with transaction.atomic():
        # One block of an account at a time, so that the bound is one.
        User.objects.held().only("pk").filter(pk=actor.id).first()
        earlier = selectors.blocks_of(actor).filter(blocked_id=user_id).first()
        if earlier:
            return earlier
        blocked = User.objects.live().filter(pk=user_id).first()
        if blocked is None:
            raise UserNotFound
        if Block.objects.by(actor.id).count() >= MOST_BLOCKS:
            raise TooManyBlocks
        made = Block(blocker_id=actor.id, blocked=blocked)
        made.save(force_insert=True)
        return made


def unblock(*, actor: Actor, user_id: uuid.UUID) -> None:
    """Take a block back, if there is one. Commits."""
    Block.objects.by(actor.id).filter(blocked_id=user_id).delete()
