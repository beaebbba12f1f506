"""The adjectives of posts and comments: who may see and who may change them is said here and nowhere else."""

from typing import Any, Self

from django.db.models import Q

from apps.core.actors import Actor
from apps.core.models import PlannedQuerySet


class PostQuerySet(PlannedQuerySet[Any]):
    def alive(self) -> Self:
        return self.filter(deleted_at=None)

    def visible_to(self, actor: Actor) -> Self:
        """What the actor may open by its id: own posts in any state, of others what is published and not private."""
        status, visibility = self.model.Status, self.model.Visibility
        shown = Q(status=status.PUBLISHED, visibility__in=[visibility.PUBLIC, visibility.UNLISTED])
        own = Q(author=actor.id) if actor.is_authenticated else Q()
        return self.alive().filter(shown | own)

    def editable_by(self, actor: Actor) -> Self:
        """What the actor may change, publish and delete: own posts."""
        return self.alive().filter(author=actor.id)

    def in_feed(self) -> Self:
        """What everybody is shown unasked; written so that the index `post_feed` answers it."""
        return self.alive().filter(
            status=self.model.Status.PUBLISHED, visibility=self.model.Visibility.PUBLIC
        )

    def with_author(self) -> Self:
        return _with_author(self)


class CommentQuerySet(PlannedQuerySet[Any]):
    def alive(self) -> Self:
        return self.filter(deleted_at=None)

    def deletable_by(self, actor: Actor) -> Self:
        """Own comments, and whatever was said to own posts."""
        reachable = self.alive().filter(post__deleted_at=None)
        return reachable.filter(Q(author=actor.id) | Q(post__author=actor.id))

    def with_author(self) -> Self:
        return _with_author(self)


def _with_author[S: PlannedQuerySet[Any]](queryset: S) -> S:
    """Bring the author's name along and nothing else of the account."""
    own = [field.name for field in queryset.model._meta.concrete_fields]
    return queryset.select_related("author").only(*own, "author__display_name")
