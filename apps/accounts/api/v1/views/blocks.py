"""Whom somebody never wants to see, on the wire."""

import uuid

from django.http import HttpResponse
from rest_framework.request import Request

from apps.accounts import errors, selectors
from apps.accounts.api.v1 import serializers
from apps.accounts.services import blocking
from apps.core.errors import Invalid
from apps.core.http.operations import Budget, Page, operation
from apps.core.http.permissions import SignedIn
from apps.core.http.views import ApiView


class BlockList(ApiView):
    """The people whom the account has blocked."""

    @operation(
        permission=SignedIn,
        limit="read",
        budget=Budget(queries=1, bytes=60_000),
        response=Page(serializers.Block, order=("-id",)),
    )
    def get(self, request: Request) -> HttpResponse:
        """List the people you blocked, the latest first."""
        return self.page(selectors.blocks_of, self.actor)

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(queries=8),
        request=serializers.BlockCreate,
        response=serializers.Block,
        status=201,
        errors=(Invalid, errors.UserNotFound, errors.TooManyBlocks),
        idempotent=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Block somebody: from here on neither sees the other.

        They are not told. Blocking somebody twice is blocking them once.
        """
        return self.answer(blocking.block(actor=self.actor, **self.payload))


class BlockDetail(ApiView):
    """One blocked person."""

    @operation(permission=SignedIn, limit="write", budget=Budget(queries=4), status=204)
    def delete(self, request: Request, user_id: uuid.UUID) -> HttpResponse:
        """Take a block back; also when there is none."""
        blocking.unblock(actor=self.actor, user_id=user_id)
        return self.nothing()
