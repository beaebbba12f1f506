"""The endpoints of posts, the feed and comments."""

import uuid

from django.http import HttpResponse
from rest_framework.request import Request

from apps.accounts.errors import EmailUnverified
from apps.content import errors, selectors, services
from apps.content.api.v1 import serializers
from apps.core.http.operations import Budget, Page, operation
from apps.core.http.permissions import Public, SignedIn
from apps.core.http.serializers import Empty
from apps.core.http.views import ApiView

_POST_BYTES = 210_000
_SUMMARIES = Budget(queries=1, bytes=540_000)


class Feed(ApiView):
    """What everybody may read."""

    @operation(
        permission=Public,
        limit="read",
        scope="posts:read",
        budget=_SUMMARIES,
        response=Page(serializers.PostSummary, order=("-published_at", "-id")),
        shared=True,
    )
    def get(self, request: Request) -> HttpResponse:
        """List published public posts, newest first.

        Posts that appear while you page come before your first page: nothing shifts, nothing is shown twice.
        """
        return self.page(selectors.feed_for, self.actor)


class Search(ApiView):
    """What everybody may read, by its words."""

    @operation(
        permission=Public,
        limit="search",
        budget=Budget(queries=1, bytes=900_000),
        query=serializers.SearchFor,
        response=Page(serializers.PostFound, order=("-rank", "-id")),
    )
    def get(self, request: Request) -> HttpResponse:
        """Search published public posts, the best fit first.

        All words must be there, in any form of the post's language, with or without accents; the last may be half
        typed. A word in the title weighs most. Titles spelled almost like it follow. At most the 500 newest posts with
        the words and 500 such titles are ranked.
        """
        return self.page(selectors.posts_found, self.actor, **self.parameters)


class PostList(ApiView):
    """The caller's own posts."""

    @operation(
        permission=SignedIn,
        limit="read",
        scope="posts:read",
        budget=_SUMMARIES,
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
        budget=Budget(queries=3, bytes=_POST_BYTES),
        request=serializers.PostCreate,
        response=serializers.Post,
        status=201,
        idempotent=True,
        errors=(errors.IdTaken, errors.PostDeleted, errors.TagTooLong),
    )
    def post(self, request: Request) -> HttpResponse:
        """Write a draft.

        Choose its `id` yourself when you write offline: sending it again answers the post as it is now, with 200.
        """
        post, is_new = services.create_post(actor=self.actor, **self.payload)
        status = 201 if is_new else 200
        return self.read(selectors.post_for, self.actor, post.id, status=status)


class PostDetail(ApiView):
    """One post."""

    @operation(
        permission=Public,
        limit="read",
        scope="posts:read",
        budget=Budget(queries=1, bytes=_POST_BYTES),
        response=serializers.Post,
        errors=(errors.PostNotFound,),
    )
    def get(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Read one post.

        Your own in any status; of others what is published and not private.
        """
        return self.read(selectors.post_for, self.actor, id, missing=errors.PostNotFound)

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(queries=2, bytes=_POST_BYTES),
        request=serializers.PostChange,
        response=serializers.Post,
        if_match="required",
        errors=(errors.PostNotFound, errors.TagTooLong),
    )
    def patch(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Change your own post.

        `If-Match` names the version you changed. After a 412 read the post again; the problem's `current_rev` tells
        which revision is current. Sending nothing new makes no new version.
        """
        post = services.change_post(
            actor=self.actor, post_id=id, expected_rev=self.expected_rev, **self.payload
        )
        return self.answer(post)

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(queries=2),
        status=204,
        if_match="required",
        errors=(errors.PostNotFound,),
    )
    def delete(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Delete your own post for good.

        A 404 after a lost answer means that it is done.
        """
        services.delete_post(actor=self.actor, post_id=id, expected_rev=self.expected_rev)
        return self.nothing()


class PostVerb(ApiView):
    """A POST that moves a post from one status to another, and may be repeated."""

    def may_replay(self) -> None:
        selectors.require_own_post(self.actor, self.kwargs["id"])


class PostPublish(PostVerb):
    """Show a post."""

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(queries=3, bytes=_POST_BYTES),
        request=Empty,
        response=serializers.Post,
        idempotent=True,
        errors=(errors.PostNotFound, EmailUnverified),
    )
    def post(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Publish your own post.

        Publishing what is published changes nothing. An archived post comes back with the `published_at` it had.
        """
        post = services.publish_post(actor=self.actor, post_id=id, **self.payload)
        return self.answer(post)


class PostArchive(PostVerb):
    """Put a post away."""

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(queries=2, bytes=_POST_BYTES),
        request=Empty,
        response=serializers.Post,
        idempotent=True,
        errors=(errors.PostNotFound,),
    )
    def post(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Archive your own post: only you see it from then on.

        Archiving what is archived changes nothing.
        """
        post = services.archive_post(actor=self.actor, post_id=id, **self.payload)
        return self.answer(post)


class PostComments(ApiView):
    """What was said to one post."""

    @operation(
        permission=Public,
        limit="read",
        budget=Budget(queries=2, bytes=860_000),
        response=Page(serializers.Comment, order=("created_at", "id")),
        errors=(errors.PostNotFound,),
    )
    def get(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """List the comments on a post, oldest first."""
        return self.page(
            selectors.comments_on,
            self.actor,
            id,
            if_empty=lambda: selectors.require_post(self.actor, id),
        )

    @operation(
        permission=SignedIn,
        limit="write",
        # Eight, and one job for each of the author's devices, of which push reaches twenty at most.
        budget=Budget(queries=28, bytes=9_000),
        request=serializers.CommentCreate,
        response=serializers.Comment,
        status=201,
        idempotent=True,
        errors=(errors.PostNotFound, EmailUnverified),
    )
    def post(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Comment on a post that you can see.

        Its author is notified.
        """
        comment = services.add_comment(actor=self.actor, post_id=id, **self.payload)
        return self.answer(comment)

    def may_replay(self) -> None:
        selectors.require_post(self.actor, self.kwargs["id"])


class CommentDetail(ApiView):
    """One comment."""

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(queries=3),
        status=204,
        errors=(errors.CommentNotFound,),
    )
    def delete(self, request: Request, id: uuid.UUID, comment_id: uuid.UUID) -> HttpResponse:
        """Delete your own comment, or any on your own post.

        A 404 after a lost answer means that it is done.
        """
        services.delete_comment(actor=self.actor, post_id=id, comment_id=comment_id)
        return self.nothing()
