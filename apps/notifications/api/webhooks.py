"""Where mail services report what became of our mail: signed requests, no accounts, problem documents.

Called right inside the edge like the API, which bounds the body. The paths of the services are theirs, not a version's.
"""

from django.http import HttpRequest, HttpResponse

from apps.core.http.errors import problem
from apps.notifications.providers import mail_reports
from apps.notifications.providers.mail_reports.base import ReportRefused, UnreadableReport
from apps.notifications.services.bounces import note_mail_reports

_SENTENCES = {
    "signature_invalid": "The signature is not one of ours for this body and time.",
    "signature_expired": "It was signed too long ago, or a clock is wrong.",
}


def mail(request: HttpRequest, service: str) -> HttpResponse:
    """Take a service's reports; 204 once they are committed, so that whatever else comes is sent again."""
    if request.method != "POST":
        refusal = problem(405)
        refusal["Allow"] = "POST"
        return refusal
    reader = mail_reports.service_named(service)
    if reader is None:
        return problem(404)
    try:
        reports = reader.read(request.headers, request.body)
    except ReportRefused as refused:
        return problem(403, refused.code, _SENTENCES[refused.code])
    except UnreadableReport as fault:
        return problem(400, "malformed_body", f"This is not a report: {fault}.")
    note_mail_reports(service=service, reports=reports)
    return HttpResponse(status=204)
