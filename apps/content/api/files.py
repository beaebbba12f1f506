"""Files by HTTP, where this machine's disk is the store: uploads come in and pictures go out as with S3 and a CDN.

Called right inside the edge (`core/http/middleware.py`): no cookies, no CSRF, nothing that would read a body first.
What is refused is refused as S3 does it, in its words.
"""

import re
from collections.abc import Callable
from functools import wraps
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import path

from apps.content import selectors, storage
from apps.content.storage import local
from apps.content.storage.base import IMMUTABLE, PRIVATE, media_id_in
from apps.content.storage.receiving import UploadRefused, receive

_SERVED = re.compile(r"(?:public|private)/[0-9a-f-]{36}/[0-9a-f]{32}/[a-z]+\.(webp|jpg)")
_TYPES = {"webp": "image/webp", "jpg": "image/jpeg"}
_NOT_FOUND = 404, "NoSuchKey", "There is no such file."

type View = Callable[..., HttpResponseBase]


def _on_our_origin(*methods: str) -> Callable[[View], View]:
    """Answer on the host of MEDIA_ORIGIN alone, and while files lie on this machine."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, **arguments: str) -> HttpResponseBase:
            host = request.get_host().rpartition(":")[0] or request.get_host()
            if (
                settings.MEDIA_STORAGE != "local"
                or host != urlsplit(settings.MEDIA_ORIGIN).hostname
            ):
                return _refusal(*_NOT_FOUND)
            if request.method not in methods:
                return _refusal(405, "MethodNotAllowed", "Not with this method.")
            return view(request, **arguments)

        return guarded

    return decorate


@_on_our_origin("POST")
def upload(request: HttpRequest) -> HttpResponseBase:
    """Take one granted file into quarantine."""
    try:
        receive(request, _store(), may_arrive=_is_awaited)
    except UploadRefused as refusal:
        response = _refusal(refusal.status, refusal.code, str(refusal))
        # What was not read of the body is not read any more.
        response["Connection"] = "close"
        return response
    return HttpResponse(status=204)


@_on_our_origin("GET", "HEAD")
def serve(request: HttpRequest, key: str) -> HttpResponseBase:
    """Give out one file; what lies in quarantine can't be named here."""
    named = _SERVED.fullmatch(key)
    if not named:
        return _refusal(*_NOT_FOUND)
    caching = IMMUTABLE
    if key.startswith(PRIVATE):
        try:
            caching = f"private, max-age={_store().seconds_left(key, request.GET)}"
        except local.Forbidden as reason:
            return _refusal(403, reason.code, str(reason))
    try:
        response = FileResponse(_store().path(key).open("rb"), content_type=_TYPES[named[1]])
    except FileNotFoundError:
        return _refusal(*_NOT_FOUND)
    response["Cache-Control"] = caching
    response["Content-Disposition"] = "inline"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _store() -> local.LocalStore:
    store = storage.store()
    assert isinstance(store, local.LocalStore)  # noqa: S101 - asked above
    return store


def _is_awaited(key: str) -> bool:
    media_id = media_id_in(key)
    return media_id is not None and selectors.awaits_upload(media_id)


def _refusal(status: int, code: str, message: str) -> HttpResponse:
    said = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    body = f"<?xml version='1.0' encoding='UTF-8'?>\n<Error>{said}</Error>"
    return HttpResponse(body, status=status, content_type="application/xml")


urlpatterns = [
    path("upload", upload, name="media-upload"),
    path("<path:key>", serve, name="media-file"),
]
