"""Which picture a post may show."""

import uuid

from apps.content.errors import CoverUnusable
from apps.content.models import Media
from apps.core.actors import Actor


def showable(*, actor: Actor, media_id: uuid.UUID | None) -> Media | None:
    """Return the picture that a post of the actor's is to show, None for none. Raises CoverUnusable."""
    if media_id is None:
        return None
    media: Media | None = Media.objects.owned_by(actor).showable().filter(pk=media_id).first()
    if media is None:
        raise CoverUnusable
    return media
