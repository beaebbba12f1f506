"""The adjectives of posts."""

from typing import Any, Self

from django.db.models import Q
from django.db.models.functions import Now

from apps.content.querysets.access import (
    edits_post,
    meets_author,
    owns_post,
    sees_post,
    shares_post,
)
from apps.content.querysets.authors import with_author_and_cover
from apps.content.querysets.search import MOST_LOOKED_AT, MOST_OF_EACH, Asked, plain, rank, snippet
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

    def written_by(self, actor: Actor) -> Self:
        """The same as a list; the index `post_author` holds tombstones as well. Chain it last."""
        return self.filter(owns_post(actor)).sifted(Q(deleted_at=None))

    def shared_with(self, actor: Actor) -> Self:
        """What others let the actor work on."""
        return self.filter(shares_post(actor))

    def worked_on_by(self, actor: Actor) -> Self:
        """Own posts, and what others let the actor work on."""
        return self.filter(owns_post(actor) | shares_post(actor))

    def due(self) -> Self:
        """Its time has come, and its author is still there to want it."""
        scheduled = self.alive().filter(status=self.model.Status.SCHEDULED, author_out=False)
        return scheduled.filter(
            scheduled_for__lte=Now(), author__is_active=True, author__deleted_at=None
        )

    def listed_for(self, actor: Actor) -> Self:
        """What the actor is shown unasked. Chain it last."""
        return self._listed().sifted(meets_author(actor))

    def _listed(self) -> Self:
        """What is shown unasked to whoever meets its author; written so that the index `post_listed` answers it."""
        return self.alive().filter(
            status=self.model.Status.PUBLISHED,
            visibility=self.model.Visibility.PUBLIC,
            hidden_at=None,
            author_out=False,
        )

    def found_by(self, text: str, actor: Actor) -> Self:
        """What the actor is shown of what has all of the words, or a title spelled almost like them.

        Candidates are so many of the newest with the words, so many others, and so many titles; whom the actor does not
        meet is left out of these. Each part is bounded whatever the planner thinks of how common a word is.
        """
        listed = self.model.objects.all()._listed()
        with_words = listed.filter(document__words=Asked(text))
        newest = listed.order_by("-published_at", "-id").values("pk")[:MOST_LOOKED_AT]
        recent = with_words.filter(pk__in=newest).order_by("-published_at", "-id")
        # In no order: sorting a hundred thousand by how alike they are would take seconds.
        alike = listed.filter(document__title__trigram_word_similar=plain(text))
        candidates = recent.values("pk")[:MOST_OF_EACH].union(
            with_words.order_by().values("pk")[:MOST_OF_EACH],
            alike.order_by().values("pk")[:MOST_OF_EACH],
        )
        return self.filter(meets_author(actor), pk__in=candidates)

    def with_rank(self, text: str) -> Self:
        """Say how well each fits, as `rank`, and where, as `snippet`."""
        return self.annotate(rank=rank(text), snippet=snippet(text))

    def with_author(self) -> Self:
        return with_author_and_cover(self)
