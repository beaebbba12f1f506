"""The endpoints whose wire version 2 has changed: comments."""

import uuid

from django.http import HttpResponse
from rest_framework.request import Request

from apps.accounts.errors import EmailUnverified
from apps.content import errors, selectors
from apps.content.api.v2 import serializers
from apps.content.services import commenting
from apps.core.http.operations import Budget, Page, operation
from apps.core.http.permissions import Public, SignedIn
from apps.core.http.views import ApiView

_COMMENT_BYTES = 9_000


class PostComments(ApiView):
    """What was said to one post."""

    @operation(
        permission=Public,
        limit="read",
        budget=Budget(queries=2, bytes=870_000),
        query=serializers.CommentFilter,
        response=Page(serializers.Comment, order=("created_at", "id")),
        errors=(errors.PostNotFound,),
    )
    def get(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """List the comments on a post, or with `reply_to` the replies to one of them, oldest first."""
        reply_to = self.parameters.get("reply_to")
        return self.page(
            selectors.comments_on,
            self.actor,
            id,
            reply_to=reply_to,
            if_empty=lambda: selectors.require_thread(self.actor, id, reply_to),
        )

    @operation(
        permission=SignedIn,
        limit="write",
        # Twelve, and one job for each device of two people who are told, of which push reaches twenty each at most.
        budget=Budget(queries=52, bytes=_COMMENT_BYTES),
        request=serializers.CommentCreate,
        response=serializers.Comment,
        status=201,
        idempotent=True,
        own_ids=True,
        errors=(
            errors.PostNotFound,
            EmailUnverified,
            errors.CommentNotFound,
            errors.ReplyTooDeep,
            errors.IdTaken,
            errors.CommentDeleted,
        ),
    )
    def post(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Comment on a post that you can see, or reply to a comment on it.

        The author of what you answer is notified. Choose the `id` yourself when you write offline: sending it again
        answers the comment as it is now, with 200.
        """
        comment, is_new = commenting.add_comment(actor=self.actor, post_id=id, **self.payload)
        return self.answer(comment, status=201 if is_new else 200)

    def may_replay(self) -> None:
        selectors.require_post(self.actor, self.kwargs["id"])


class CommentDetail(ApiView):
    """One comment."""

    @operation(
        permission=Public,
        limit="read",
        budget=Budget(queries=1, bytes=_COMMENT_BYTES),
        response=serializers.Comment,
        errors=(errors.CommentNotFound,),
    )
    def get(self, request: Request, id: uuid.UUID, comment_id: uuid.UUID) -> HttpResponse:
        """Read one comment."""
        return self.read(
            selectors.comment_for, self.actor, id, comment_id, missing=errors.CommentNotFound
        )

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(queries=2, bytes=_COMMENT_BYTES),
        request=serializers.CommentChange,
        response=serializers.Comment,
        if_match="required",
        errors=(errors.CommentNotFound, errors.EditWindowClosed),
    )
    def patch(self, request: Request, id: uuid.UUID, comment_id: uuid.UUID) -> HttpResponse:
        """Put your own comment into other words, within a quarter of an hour."""
        comment = commenting.change_comment(
            actor=self.actor,
            post_id=id,
            comment_id=comment_id,
            expected_rev=self.expected_rev,
            **self.payload,
        )
        return self.answer(comment)

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(queries=5),
        status=204,
        errors=(errors.CommentNotFound,),
    )
    def delete(self, request: Request, id: uuid.UUID, comment_id: uuid.UUID) -> HttpResponse:
        """Delete your own comment, or any on your own post; replies go with it.

        A 404 after a lost answer means that it is done.
        """
        commenting.delete_comment(actor=self.actor, post_id=id, comment_id=comment_id)
        return self.nothing()
