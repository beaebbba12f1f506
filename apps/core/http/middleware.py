"""The edge: the one pass around every request, whatever happens further in."""

import re
import secrets
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import ResolverMatch, resolve
from django.utils import translation

from apps.core import clients
from apps.core.http.client import client_of, route_of
from apps.core.http.compression import compress
from apps.core.http.errors import PROBES, as_problem, is_api, problem
from apps.core.http.parsing import is_unsafe
from apps.core.observability import logging, metrics

# What answers below these speaks to programs.
_NO_PAGES = ("/api/", settings.MEDIA_PATH)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)
# What the page stack's middleware would have said, and a policy under which nothing in an answer can run.
_API_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class EdgeMiddleware:
    """Request id in and out, bounds on all but the body, problem documents, compression, one log line, metrics.

    Endpoints are called from here. The middleware further in (cookies, CSRF, messages, languages) is for pages, and
    would cost an endpoint half as much again as its own work.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_page_within = get_response
        self.get_answer = convert_exception_to_response(call_endpoint)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        request_id = request.META.get("HTTP_X_REQUEST_ID", "")
        if not _REQUEST_ID.fullmatch(request_id):
            request_id = secrets.token_hex(16)
        logging.bind_request(request_id)
        client_of(request)  # known from here on to whoever asks for a flag
        try:
            get_response = self.get_answer if is_endpoint(request) else self.get_page
            response = refusal(request) or as_problem(request, get_response(request))  # type: ignore[arg-type]
            self._finish(request, response, request_id)
            self._report(request, response, time.perf_counter() - started)
            return response
        finally:
            logging.clear()
            clients.current.set(clients.UNKNOWN)

    def get_page(self, request: HttpRequest) -> HttpResponseBase:
        try:
            return self.get_page_within(request)
        finally:
            # The language that the person chose is not the next request's; problems are written for developers.
            translation.deactivate()

    def _finish(self, request: HttpRequest, response: HttpResponseBase, request_id: str) -> None:
        response["X-Request-Id"] = request_id
        if is_api(request) or is_endpoint(request):
            for name, value in _API_HEADERS.items():
                response.headers.setdefault(name, value)
            if settings.SECURE_HSTS_SECONDS and request.is_secure():
                response.headers.setdefault("Strict-Transport-Security", _strict_transport())
        compress(request, response)
        if isinstance(response, HttpResponse) and response.status_code not in {204, 304}:
            # Else the server would send it in chunks.
            response.headers.setdefault("Content-Length", str(len(response.content)))

    def _report(self, request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
        client, method, status = client_of(request), request.method or "", response.status_code
        version = getattr(request.resolver_match, "namespaces", None) or [""]
        route = route_of(request)
        metrics.observe_request(
            method, route, version[0], status, seconds, client.platform, client.version
        )
        logging.access_log(
            method,
            route,
            status,
            seconds * 1000,
            platform=client.platform,
            app_version=client.version,
        )


def is_endpoint(request: HttpRequest) -> bool:
    """Tell endpoints and files from pages; the documentation of the API is a page."""
    return request.path.startswith(_NO_PAGES) and not request.path.endswith("/docs")


def call_endpoint(request: HttpRequest) -> HttpResponseBase:
    match = request.resolver_match = _match(request.path_info, settings.ROOT_URLCONF)
    return match.func(request, *match.args, **match.kwargs)


@lru_cache(2_048)
def _match(path: str, urlconf: str) -> ResolverMatch:
    return resolve(path, urlconf)


def _strict_transport() -> str:
    """HSTS as SecurityMiddleware says it."""
    parts = [f"max-age={settings.SECURE_HSTS_SECONDS}"]
    parts += ["includeSubDomains"] if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS else []
    parts += ["preload"] if settings.SECURE_HSTS_PRELOAD else []
    return "; ".join(parts)


def refusal(request: HttpRequest) -> HttpResponseBase | None:
    """Return the problem that what precedes the body already is, None when there is none."""
    meta = request.META
    query = meta.get("QUERY_STRING", "")
    if len(request.path) + len(query) > settings.MAX_URL_BYTES:
        return problem(414)
    if _header_bytes(meta) > settings.MAX_HEADER_BYTES:
        return problem(431)
    # Django has decoded the path, and left percent-encoded what was not UTF-8.
    if is_unsafe(request.path) or not _is_clean(query):
        return problem(
            400, "unsafe_text", "The address holds a NUL, a non-character or is not UTF-8."
        )
    if request.path not in PROBES:
        try:
            request.get_host()
        except DisallowedHost:
            return problem(400, "unknown_host", "This host is not served here.")
    if (
        settings.SECURE_SSL_REDIRECT
        and not request.is_secure()
        and request.path.startswith(_NO_PAGES)
    ):
        # Not a redirect: what was sent in the clear is burnt, and a client that is sent on would do it again.
        return problem(403, "https_required", "Use https.")
    return _body_refusal(request) if is_api(request) else None


def _header_bytes(meta: dict[str, Any]) -> int:
    return sum(
        len(name) + len(str(value)) for name, value in meta.items() if name.startswith("HTTP_")
    )


def _body_refusal(request: HttpRequest) -> HttpResponseBase | None:
    meta = request.META
    if "HTTP_TRANSFER_ENCODING" in meta and not meta.get("CONTENT_LENGTH"):
        # Django would read such a body as empty.
        return problem(411, detail="Send a Content-Length.")
    length = meta.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()):
        return problem(400, "malformed_header", "Content-Length is not a number.")
    if int(length) > settings.MAX_BODY_BYTES:
        return problem(413, detail=f"A body has at most {settings.MAX_BODY_BYTES} bytes here.")
    if meta.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        return problem(415, detail="Send the body without a content coding.")
    return None


def _is_clean(query: str) -> bool:
    try:
        return not query or not is_unsafe(unquote_to_bytes(query).decode("utf-8"))
    except UnicodeDecodeError:
        return False
