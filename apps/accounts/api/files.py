"""Giving exports out where the store is a folder of ours; a bucket gives them out by itself."""

from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.accounts import selectors, storage


@require_safe
@never_cache
def export_file(request: HttpRequest, ticket: str) -> FileResponse:
    """Send the archive to whoever has the address, as long as it and the archive are good."""
    export_id = storage.read_ticket(ticket)
    archive = export_id and selectors.is_ready_export(export_id) and storage.read(export_id)
    if not archive:
        raise Http404
    return FileResponse(archive, as_attachment=True, filename="export.zip")
