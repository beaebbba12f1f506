"""The page behind the link in a mail: one category of mail is stopped, without signing in (RFC 8058).

Mail scanners follow links, so looking at the page changes nothing. What stops the mail is a POST, from the button or,
in one click, from the mail program; the link itself is the right to it, so there is no cookie and no CSRF token.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from apps.notifications import keys
from apps.notifications.kinds import Category
from apps.notifications.services.preferences import unsubscribe


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    """Show the button, or do what it says."""
    meant = keys.read_unsubscribe_token(token)
    if meant is None or meant[1] not in Category:
        return _page(request, "unknown", status=404)
    if request.method != "POST":
        return _page(request, "ask")
    user_id, category = meant
    unsubscribe(user_id=user_id, category=category)
    return _page(request, "done")


def _page(request: HttpRequest, step: str, status: int = 200) -> HttpResponse:
    context = {"step": step, "language": translation.get_language()}
    return render(request, "notifications/unsubscribe.html", context, status=status)
