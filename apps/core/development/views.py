"""Pages of a developer's machine: the mail that was sent from it."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.csp import CSP
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

from apps.core.development import mailbox

_FRAMING: dict[str, Any] = settings.SECURE_CSP | {"frame-src": [CSP.SELF]}
# What a mail program allows: its own styles and embedded images, no script, no form, nothing from elsewhere.
_FRAMED: dict[str, Any] = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "img-src": ["data:"],
    "form-action": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.SELF],
    "sandbox": True,
}


@require_safe
def mail_list(request: HttpRequest) -> HttpResponse:
    """List what was sent, newest first."""
    return render(request, "core/mail_list.html", {"messages_sent": mailbox.messages()})


@require_safe
@csp_override(_FRAMING)
def mail_message(request: HttpRequest, name: str) -> HttpResponse:
    """Show one message as text and, in a frame of its own, as HTML."""
    return render(request, "core/mail_message.html", {"message": _message(name)})


@require_safe
@csp_override(_FRAMED)
def mail_html(request: HttpRequest, name: str) -> HttpResponse:
    """The HTML part alone, for the frame."""
    response = HttpResponse(_message(name).html)
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _message(name: str) -> mailbox.Message:
    found = mailbox.message(name)
    if found is None:
        raise Http404
    return found
