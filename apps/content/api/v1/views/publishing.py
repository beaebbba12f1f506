"""The verbs that move a post from one status to another; each may be repeated."""

import uuid

from django.http import HttpResponse
from rest_framework.request import Request

from apps.accounts.errors import EmailUnverified
from apps.content import errors, selectors
from apps.content.api.v1 import serializers
from apps.content.api.v1.views.posts import POST_BYTES
from apps.content.services import publishing
from apps.core.http.operations import Budget, operation
from apps.core.http.permissions import SignedIn
from apps.core.http.serializers import Empty
from apps.core.http.views import ApiView


class PostVerb(ApiView):
    """A POST about the status of an own post."""

    def may_replay(self) -> None:
        selectors.require_own_post(self.actor, self.kwargs["id"])


class PostPublish(PostVerb):
    """Show a post."""

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(queries=4, bytes=POST_BYTES),
        request=Empty,
        response=serializers.Post,
        idempotent=True,
        if_match="optional",
        errors=(errors.PostNotFound, EmailUnverified),
    )
    def post(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Publish your own post.

        Publishing what is published changes nothing. An archived post comes back with the `published_at` it had.
        """
        post = publishing.publish_post(
            actor=self.actor, post_id=id, expected_rev=self.expected_rev, **self.payload
        )
        return self.answer(post)


class PostSchedule(PostVerb):
    """Show a post later."""

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(queries=4, bytes=POST_BYTES),
        request=serializers.Schedule,
        response=serializers.Post,
        idempotent=True,
        if_match="optional",
        errors=(
            errors.PostNotFound,
            EmailUnverified,
            errors.AlreadyPublished,
            errors.ScheduleOutOfRange,
        ),
    )
    def post(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Have your own post published at a time, within a minute of it; null takes it off the schedule.

        What has been published once can't be scheduled. Scheduling for the time it is scheduled for changes nothing.
        """
        post = publishing.schedule_post(
            actor=self.actor, post_id=id, expected_rev=self.expected_rev, **self.payload
        )
        return self.answer(post)


class PostArchive(PostVerb):
    """Put a post away."""

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(queries=3, bytes=POST_BYTES),
        request=Empty,
        response=serializers.Post,
        idempotent=True,
        if_match="optional",
        errors=(errors.PostNotFound,),
    )
    def post(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Archive your own post: only you, and those whom you share it with, see it from then on.

        Archiving what is archived changes nothing.
        """
        post = publishing.archive_post(
            actor=self.actor, post_id=id, expected_rev=self.expected_rev, **self.payload
        )
        return self.answer(post)
