"""The history page of every row that staff look at: the audit log about it."""

from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from apps.core.models import AuditEvent


class AuditedAdmin:
    """A model whose history is the audit log: Django's own keeps titles of rows, and misses what is not a form."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Say nothing: the triggers speak."""

    log_change = log_addition

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        """Say nothing: the triggers speak."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the newest lines of the audit log about a row."""
        mine: Any = self
        row = mine.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not mine.has_view_or_change_permission(request, row):
            raise PermissionDenied
        context = {
            **mine.admin_site.each_context(request),
            "title": f"History: {row}",
            "opts": mine.opts,
            "object": row,
            "events": AuditEvent.objects.about(row),
            **(extra_context or {}),
        }
        template = mine.object_history_template or "admin/object_history.html"
        return TemplateResponse(request, template, context)
