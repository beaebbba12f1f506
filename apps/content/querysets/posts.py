"""The adjectives of posts."""

from typing import Any, Self

from django.contrib.postgres.search import TrigramWordDistance
from django.db.models.functions import Now

from apps.content.querysets.access import (
    edits_post,
    meets_author,
    owns_post,
    sees_post,
    shares_post,
)
from apps.content.querysets.authors import with_author_and_cover
from apps.content.querysets.search import MAX_CANDIDATES, Asked, plain, rank, snippet
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

    def shared_with(self, actor: Actor) -> Self:
        """What others let the actor work on."""
        return self.filter(shares_post(actor))

    def worked_on_by(self, actor: Actor) -> Self:
        """Own posts, and what others let the actor work on."""
        return self.filter(owns_post(actor) | shares_post(actor))

    def due(self) -> Self:
        """Its time has come, and its author is still there to want it."""
        scheduled = self.alive().filter(status=self.model.Status.SCHEDULED)
        return scheduled.filter(
            scheduled_for__lte=Now(), author__is_active=True, author__deleted_at=None
        )

    def listed_for(self, actor: Actor) -> Self:
        """What the actor is shown unasked; written so that the index `post_feed` answers it."""
        public = self.alive().filter(
            status=self.model.Status.PUBLISHED,
            visibility=self.model.Visibility.PUBLIC,
            hidden_at=None,
        )
        return public.filter(meets_author(actor))

    def found_by(self, text: str) -> Self:
        """What has all of the words, or a title spelled almost like them: the newest and the most alike, so many.

        Chain it last: what is left out before does not take a place among the candidates.
        """
        newest = self.filter(document__words=Asked(text)).order_by("-published_at", "-id")
        alike = self.filter(document__title__trigram_word_similar=plain(text)).order_by(
            TrigramWordDistance(plain(text), "document__title"), "-id"
        )
        candidates = newest.values("pk")[:MAX_CANDIDATES].union(
            alike.values("pk")[:MAX_CANDIDATES], all=True
        )
        return self.model.objects.filter(pk__in=candidates)

    def with_rank(self, text: str) -> Self:
        """Say how well each fits, as `rank`, and where, as `snippet`."""
        return self.annotate(rank=rank(text), snippet=snippet(text))

    def with_author(self) -> Self:
        return with_author_and_cover(self)
