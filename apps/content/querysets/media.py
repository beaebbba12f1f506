"""The adjectives of pictures."""

from typing import Any, Self

from django.apps import apps
from django.db.models import Exists, OuterRef, Q

from apps.content.querysets.access import sees_post
from apps.core.actors import Actor
from apps.core.models import PlannedQuerySet


class MediaQuerySet(PlannedQuerySet[Any]):
    def visible_to(self, actor: Actor) -> Self:
        """What the actor may open by its id: own pictures in any state, and what a post shows that they see."""
        posts = apps.get_model("content", "Post").objects
        shown = posts.filter(sees_post(actor), cover=OuterRef("pk"))
        showable = Q(Exists(shown), state=self.model.State.READY)
        own = Q(owner=actor.id) if actor.is_authenticated else Q()
        return self.filter(showable | own)

    def owned_by(self, actor: Actor) -> Self:
        return self.filter(owner=actor.id)

    def showable(self) -> Self:
        """Uploaded, and not found unfit so far: what a post may show."""
        return self.filter(state__in=[self.model.State.PROCESSING, self.model.State.READY])
