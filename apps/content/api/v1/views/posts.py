"""The endpoints of posts and the feed."""

import uuid

from django.http import HttpResponse
from rest_framework.request import Request

from apps.accounts.selectors import blocks_around
from apps.content import errors, selectors
from apps.content.api.v1 import serializers
from apps.content.services import posts
from apps.core.http.operations import Budget, Page, operation
from apps.core.http.permissions import Public, SignedIn
from apps.core.http.views import ApiView

POST_BYTES = 210_000
SUMMARIES = Budget(queries=1, bytes=540_000)


class Feed(ApiView):
    """What everybody may read."""

    @operation(
        permission=Public,
        limit="read",
        scope="posts:read",
        budget=SUMMARIES,
        response=Page(serializers.PostSummary, order=("-published_at", "-id")),
        shared_unless=blocks_around,
    )
    def get(self, request: Request) -> HttpResponse:
        """List published public posts, newest first.

        Posts that appear while you page come before your first page: nothing shifts, nothing is shown twice.
        """
        return self.page(selectors.feed_for, self.actor)


class PostList(ApiView):
    """The caller's own posts."""

    @operation(
        permission=SignedIn,
        limit="read",
        scope="posts:read",
        budget=SUMMARIES,
        query=serializers.PostFilter,
        response=Page(serializers.PostSummary),
    )
    def get(self, request: Request) -> HttpResponse:
        """List your own posts in any status, newest first."""
        return self.page(selectors.own_posts, self.actor, **self.parameters)

    @operation(
        permission=SignedIn,
        limit="write",
        scope="posts:write",
        budget=Budget(queries=3, bytes=POST_BYTES),
        request=serializers.PostCreate,
        response=serializers.Post,
        status=201,
        idempotent=True,
        own_ids=True,
        errors=(errors.CoverUnusable, errors.IdTaken, errors.PostDeleted, errors.TagTooLong),
    )
    def post(self, request: Request) -> HttpResponse:
        """Write a draft.

        Choose its `id` yourself when you write offline: sending it again answers the post as it is now, with 200.
        """
        insertion = self.insertion(selectors.post_for, self.actor)
        post, is_new = posts.create_post(actor=self.actor, insert=insertion, **self.payload)
        return self.inserted(insertion, post.id, is_new=is_new)


class PostDetail(ApiView):
    """One post."""

    @operation(
        permission=Public,
        limit="read",
        scope="posts:read",
        budget=Budget(queries=1, bytes=POST_BYTES),
        response=serializers.Post,
        errors=(errors.PostNotFound,),
    )
    def get(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Read one post.

        Your own and what is shared with you in any status; of others what is published and not private.
        """
        return self.read(selectors.post_for, self.actor, id, missing=errors.PostNotFound)

    @operation(
        permission=SignedIn,
        limit="write",
        # One more with a cover: whose it is. And one for those who hear of it.
        budget=Budget(queries=4, bytes=POST_BYTES),
        request=serializers.PostChange,
        response=serializers.Post,
        if_match="required",
        errors=(errors.CoverUnusable, errors.PostNotFound, errors.OwnerOnly, errors.TagTooLong),
    )
    def patch(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Change your own post, or the words of one that you are an editor of.

        `If-Match` names the version you changed. After a 412 read the post again; the problem's `current_rev` tells
        which revision is current. Sending nothing new makes no new version.
        """
        post = posts.change_post(
            actor=self.actor, post_id=id, expected_rev=self.expected_rev, **self.payload
        )
        return self.answer(post)

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(queries=3),
        status=204,
        if_match="required",
        errors=(errors.PostNotFound,),
    )
    def delete(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Delete your own post for good.

        A 404 after a lost answer means that it is done.
        """
        posts.delete_post(actor=self.actor, post_id=id, expected_rev=self.expected_rev)
        return self.nothing()
