"""The adjectives of comments."""

from typing import Any, Self

from django.db.models import Q

from apps.content.querysets.access import meets_author, sees_post
from apps.content.querysets.authors import with_author
from apps.core.actors import Actor
from apps.core.models import PlannedQuerySet


class CommentQuerySet(PlannedQuerySet[Any]):
    def alive(self) -> Self:
        return self.filter(deleted_at=None)

    def shown_to(self, actor: Actor) -> Self:
        """What the actor meets below a post that they see."""
        return self.alive().filter(meets_author(actor), hidden_at=None)

    def listed_for(self, actor: Actor) -> Self:
        """The same as a list; the index `comment_listed` answers it for what was said to a post. Chain it last."""
        return self.alive().filter(hidden_at=None, author_out=False).sifted(meets_author(actor))

    def visible_to(self, actor: Actor) -> Self:
        """What the actor may open by its id: shown to them, as are its post and the comment that it replies to."""
        root = Q(parent__hidden_at=None, parent__deleted_at=None)
        return self.shown_to(actor).filter(sees_post(actor, "post__"), root)

    def editable_by(self, actor: Actor) -> Self:
        """Own comments; for how long is the service's question."""
        return self.visible_to(actor).filter(author=actor.id)

    def deletable_by(self, actor: Actor) -> Self:
        """Own comments, and whatever was said to own posts."""
        reachable = self.alive().filter(post__deleted_at=None)
        return reachable.filter(Q(author=actor.id) | Q(post__author=actor.id))

    def with_author(self) -> Self:
        return with_author(self)
