"""The endpoints of reactions and bookmarks."""

import uuid

from django.http import HttpResponse
from rest_framework.request import Request

from apps.accounts.errors import EmailUnverified
from apps.content import errors, selectors
from apps.content.api.v1 import serializers
from apps.content.services import responding
from apps.core.http.operations import Budget, Page, operation
from apps.core.http.permissions import SignedIn
from apps.core.http.serializers import Empty
from apps.core.http.views import ApiView


class PostReaction(ApiView):
    """The caller's reaction to one post."""

    @operation(
        permission=SignedIn,
        limit="read",
        budget=Budget(queries=1),
        response=serializers.Reaction,
        errors=(errors.ReactionNotFound,),
    )
    def get(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Read your own reaction to a post."""
        return self.read(selectors.reaction_to, self.actor, id, missing=errors.ReactionNotFound)

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(queries=5),
        request=serializers.ReactionChange,
        response=serializers.Reaction,
        errors=(errors.PostNotFound, EmailUnverified),
    )
    def put(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """React to a post that you can see; you have one reaction, of the kind that you sent last."""
        reaction = responding.react(actor=self.actor, post_id=id, **self.payload)
        return self.answer(reaction)

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(queries=4),
        status=204,
        errors=(errors.PostNotFound,),
    )
    def delete(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Take your reaction back, if there is one."""
        responding.take_reaction_back(actor=self.actor, post_id=id)
        return self.nothing()


class PostBookmark(ApiView):
    """The caller's bookmark of one post."""

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(queries=5),
        request=Empty,
        status=204,
        errors=(errors.PostNotFound, errors.TooManyBookmarks),
    )
    def put(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Keep a post for later. Nobody else knows."""
        responding.bookmark(actor=self.actor, post_id=id, **self.payload)
        return self.nothing()

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(queries=2),
        status=204,
        errors=(errors.PostNotFound,),
    )
    def delete(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Keep a post no more, if it was kept."""
        responding.forget_bookmark(actor=self.actor, post_id=id)
        return self.nothing()


class BookmarkList(ApiView):
    """What the caller keeps for later."""

    @operation(
        permission=SignedIn,
        limit="read",
        budget=Budget(queries=1, bytes=560_000),
        response=Page(serializers.Bookmark),
    )
    def get(self, request: Request) -> HttpResponse:
        """List the posts that you keep and can still see, the latest kept first."""
        return self.page(selectors.bookmarks_of, self.actor)
