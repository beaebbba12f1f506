"""The adjectives of what ties people to posts: shares, reactions, bookmarks."""

from typing import Any, Self

from django.db.models import Q

from apps.content.querysets.access import meets_author, sees_post
from apps.content.querysets.authors import COVER
from apps.core.actors import Actor
from apps.core.models import PlannedQuerySet


class CollaboratorQuerySet(PlannedQuerySet[Any]):
    def alive(self) -> Self:
        return self.filter(deleted_at=None)

    def present(self) -> Self:
        """Neither taken back nor of somebody who is out."""
        return self.alive().filter(user__is_active=True, user__deleted_at=None)

    def with_person(self) -> Self:
        """Bring the name along and nothing else of the account."""
        own = [field.name for field in self.model._meta.concrete_fields]
        return self.select_related("user").only(*own, "user__display_name")

    def of(self, actor: Actor) -> Self:
        """What was shared with the actor, by people whom they meet. Chain it last."""
        stands = Q(deleted_at=None, post__deleted_at=None)
        return self.filter(user=actor.id).sifted(stands & meets_author(actor, "post__"))

    def with_post(self) -> Self:
        return _with_post(self)


class ReactionQuerySet(PlannedQuerySet[Any]):
    def of(self, actor: Actor) -> Self:
        return self.filter(user=actor.id)


class BookmarkQuerySet(PlannedQuerySet[Any]):
    def of(self, actor: Actor) -> Self:
        """What the actor keeps and still sees. Chain it last."""
        return self.filter(user=actor.id).sifted(sees_post(actor, "post__"))

    def with_post(self) -> Self:
        return _with_post(self)


def _with_post[S: PlannedQuerySet[Any]](queryset: S) -> S:
    """Bring the post along, without its body, and its author's name."""
    model = queryset.model
    post = model._meta.get_field("post").related_model
    own = [field.name for field in model._meta.concrete_fields]
    shown = [f"post__{field.name}" for field in post._meta.concrete_fields if field.name != "body"]
    cover = [f"post__cover__{name}" for name in COVER]
    return queryset.select_related("post__author", "post__cover").only(
        *own, *shown, "post__author__display_name", *cover
    )
