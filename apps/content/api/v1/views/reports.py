"""The endpoint of complaints."""

from django.http import HttpResponse
from rest_framework.request import Request

from apps.content import errors
from apps.content.api.v1 import serializers
from apps.content.services import reporting
from apps.core.http.operations import Budget, operation
from apps.core.http.permissions import SignedIn
from apps.core.http.views import ApiView


class ReportList(ApiView):
    """Where people complain."""

    @operation(
        permission=SignedIn,
        limit="expensive",
        budget=Budget(queries=8),
        request=serializers.ReportCreate,
        response=serializers.Report,
        status=201,
        idempotent=True,
        own_ids=True,
        errors=(errors.TargetNotFound, errors.OwnTarget, errors.TooManyReports),
    )
    def post(self, request: Request) -> HttpResponse:
        """Report a post, a comment or a person.

        Whoever it is about never learns who complained. Reporting something again answers your first report, with 200.
        """
        report, is_new = reporting.report(actor=self.actor, **self.payload)
        return self.answer(report, status=201 if is_new else 200)
