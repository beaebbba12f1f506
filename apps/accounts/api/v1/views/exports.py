"""Taking one's data along."""

import uuid

from django.http import HttpResponse
from rest_framework.request import Request

from apps.accounts import errors, selectors
from apps.accounts.api import limits
from apps.accounts.api.v1 import serializers
from apps.accounts.services import exports
from apps.core.errors import TooMany
from apps.core.http.operations import Budget, operation
from apps.core.http.permissions import SignedIn
from apps.core.http.serializers import Empty
from apps.core.http.views import ApiView


class ExportRequest(ApiView):
    """An archive of all that is kept about you."""

    @operation(
        permission=SignedIn,
        limit="expensive",
        budget=Budget(queries=6, redis=3),
        request=Empty,
        response=serializers.DataExport,
        status=202,
        errors=(TooMany,),
        idempotent=True,
        fresh=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Ask for an archive of your data.

        It is made in the background; a mail says when it is ready. While one is being made, asking again answers that
        one.
        """
        limits.export(self.actor.id)
        return self.answer(exports.request_export(actor=self.actor))


class ExportDetail(ApiView):
    """One archive."""

    @operation(
        permission=SignedIn,
        limit="read",
        budget=Budget(queries=1),
        response=serializers.DataExport,
        errors=(errors.ExportNotFound,),
        secret=True,
    )
    def get(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """See whether an archive is ready, and get a link to it."""
        return self.answer(selectors.export_of(self.actor, id))
