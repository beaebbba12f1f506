"""The endpoints of working together."""

import uuid

from django.http import HttpResponse
from rest_framework.request import Request

from apps.accounts.errors import EmailUnverified, UserNotFound
from apps.content import errors, selectors
from apps.content.api.v1 import serializers
from apps.content.services import collaborating
from apps.core.http.operations import Budget, Page, operation
from apps.core.http.permissions import SignedIn
from apps.core.http.views import ApiView


class SharedPosts(ApiView):
    """What others share with the caller."""

    @operation(
        permission=SignedIn,
        limit="read",
        budget=Budget(queries=1, bytes=560_000),
        response=Page(serializers.SharedPost),
    )
    def get(self, request: Request) -> HttpResponse:
        """List the posts that others share with you, in any status, the latest share first."""
        return self.page(selectors.shared_with, self.actor)


class PostCollaborators(ApiView):
    """Who works on one post."""

    @operation(
        permission=SignedIn,
        limit="read",
        budget=Budget(queries=2, bytes=25_000),
        response=Page(serializers.Collaborator, order=("created_at", "id")),
        errors=(errors.PostNotFound,),
    )
    def get(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """List whom a post is shared with, for those who work on it."""
        return self.page(
            selectors.collaborators_on,
            self.actor,
            id,
            if_empty=lambda: selectors.require_joint_post(self.actor, id),
        )


class CollaboratorDetail(ApiView):
    """One person's share in one post."""

    @operation(
        permission=SignedIn,
        limit="write",
        # Nine, and one job for each of the other's devices, of which push reaches twenty at most.
        budget=Budget(queries=29),
        request=serializers.CollaboratorChange,
        response=serializers.Collaborator,
        errors=(
            errors.PostNotFound,
            EmailUnverified,
            UserNotFound,
            errors.OwnShare,
            errors.TooManyCollaborators,
        ),
    )
    def put(self, request: Request, id: uuid.UUID, user_id: uuid.UUID) -> HttpResponse:
        """Share your own post with somebody, or change what they may do.

        They are told of a new share.
        """
        share = collaborating.share_post(
            actor=self.actor, post_id=id, user_id=user_id, **self.payload
        )
        return self.answer(share)

    @operation(
        permission=SignedIn,
        limit="write",
        # Four, and what taking a notification back costs.
        budget=Budget(queries=10),
        status=204,
        errors=(errors.PostNotFound, errors.CollaboratorNotFound),
    )
    def delete(self, request: Request, id: uuid.UUID, user_id: uuid.UUID) -> HttpResponse:
        """Take a share in your own post back, or leave another's.

        A 404 after a lost answer means that it is done.
        """
        collaborating.end_share(actor=self.actor, post_id=id, user_id=user_id)
        return self.nothing()
