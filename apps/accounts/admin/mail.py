"""Every mail of every app as it will look, in every language: with made-up people, and nothing is sent."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.csp import CSP
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

from apps.core import mail

_FRAMING: dict[str, Any] = settings.SECURE_CSP | {"frame-src": [CSP.SELF]}
# What a mail program allows: its own styles, no script, no form, nothing from elsewhere.
_FRAMED: dict[str, Any] = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "form-action": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.SELF],
    "sandbox": True,
}


@dataclass(frozen=True, slots=True)
class Preview:
    app: str
    name: str
    language: str
    mail: mail.Written


@require_safe
@csp_override(_FRAMING)
def gallery(request: HttpRequest) -> HttpResponse:
    """Show every mail in one language: subject, text, and in frames of their own the HTML."""
    language = request.GET.get("language", settings.LANGUAGE_CODE)
    if language not in dict(settings.LANGUAGES):
        raise Http404
    previews = [
        Preview(app, name, language, letters.write_sample(name, language))
        for app, letters in sorted(mail.registry.items())
        for name in letters.names()
    ]
    context = {
        "title": "Mail",
        "previews": previews,
        "languages": settings.LANGUAGES,
        "language": language,
    }
    return render(request, "admin/accounts/user/mail.html", _site(request) | context)


@require_safe
@csp_override(_FRAMED)
def html(request: HttpRequest, app: str, name: str, language: str) -> HttpResponse:
    """The HTML part alone, for the frame."""
    letters = mail.registry.get(app)
    if not letters or name not in letters.names() or language not in dict(settings.LANGUAGES):
        raise Http404
    response = HttpResponse(letters.write_sample(name, language).html)
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _site(request: HttpRequest) -> dict[str, Any]:
    from django.contrib.admin import site

    return site.each_context(request)
