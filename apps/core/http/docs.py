"""The OpenAPI document of each version and a page to read it on, both from our own origin."""

import hashlib
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.csp import CSP
from django.views.decorators.csp import csp_override
from django.views.decorators.http import condition, require_safe
from drf_spectacular.generators import SchemaGenerator

from apps.core.errors import TooMany
from apps.core.http import throttling
from apps.core.http.client import address_of
from apps.core.http.errors import domain_problem
from apps.core.http.rendering import encode

# Swagger UI writes style attributes; nothing else of it needs more than our own origin.
_READER_POLICY: dict[str, Any] = {
    **settings.SECURE_CSP,
    "style-src": [CSP.SELF, CSP.UNSAFE_INLINE],
}


def generate(version: str) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a version."""
    return SchemaGenerator(api_version=version).get_schema(request=None, public=True)


@lru_cache
def _document(version: str) -> bytes:
    # Routes don't change while a process runs.
    return encode(generate(version))


def _tag(request: HttpRequest, version: str) -> str:
    return f'"{hashlib.blake2b(_document(version), digest_size=9).hexdigest()}"'


@require_safe
@condition(etag_func=_tag)
def schema(request: HttpRequest, version: str) -> HttpResponse:
    """The document itself; generated once per process."""
    response = HttpResponse(_document(version), content_type="application/vnd.oai.openapi+json")
    response["Cache-Control"] = "public, max-age=60"
    return response


@require_safe
@csp_override(_READER_POLICY)
def reader(request: HttpRequest, version: str) -> HttpResponse:
    """A page that shows the document and sends requests from it."""
    return render(
        request,
        "core/docs.html",
        {"name": settings.PROJECT_NAME, "version": version, "schema": reverse(f"{version}:schema")},
    )


def _limited(view: Any) -> Any:
    def limited(request: HttpRequest, version: str) -> HttpResponse:
        try:
            throttling.spend("docs", address_of(request), quota=60, window=60)
        except TooMany as refusal:
            return domain_problem(refusal)
        return view(request, version)

    return limited


def documents(version: str) -> list[URLPattern]:
    """Return the two routes that every version ends with."""
    return [
        path("schema", _limited(schema), {"version": version}, name="schema"),
        path("docs", _limited(reader), {"version": version}, name="docs"),
    ]
