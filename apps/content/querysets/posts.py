"""The adjectives of posts."""

from typing import Any, Self

from apps.content.querysets.access import edits_post, meets_author, owns_post, sees_post
from apps.content.querysets.authors import with_author
from apps.core.actors import Actor
from apps.core.models import PlannedQuerySet


class PostQuerySet(PlannedQuerySet[Any]):
    def alive(self) -> Self:
        return self.filter(deleted_at=None)

    def visible_to(self, actor: Actor) -> Self:
        """What the actor may open by its id: own and shared posts, of others what is published and not private."""
        return self.filter(sees_post(actor))

    def editable_by(self, actor: Actor) -> Self:
        """What the actor may put into other words: own posts, and those shared with an editor."""
        return self.filter(edits_post(actor))

    def owned_by(self, actor: Actor) -> Self:
        """What the actor may publish, share and delete."""
        return self.alive().filter(owns_post(actor))

    def listed_for(self, actor: Actor) -> Self:
        """What the actor is shown unasked; written so that the index `post_feed` answers it."""
        public = self.alive().filter(
            status=self.model.Status.PUBLISHED,
            visibility=self.model.Visibility.PUBLIC,
            hidden_at=None,
        )
        return public.filter(meets_author(actor))

    def with_author(self) -> Self:
        return with_author(self)
