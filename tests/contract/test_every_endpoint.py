"""A walk over every route: each verb says who may call it, how often, at what cost, and in what shape."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.serializers import BaseSerializer

from apps.core.errors import DomainError
from apps.core.http.errors import status_of
from apps.core.http.operations import Budget, Operation, Page, operation_of
from apps.core.http.permissions import Nobody
from apps.core.http.serializers import Input, Output
from apps.core.http.views import ApiView

VERBS = ("get", "post", "put", "patch", "delete")
# What people and probes read; each is tested where it lives.
NOT_API = ("admin", "exports", "local/", "media", "unsubscribe", "livez", "readyz", "metrics", "")
DOCUMENTS = ("schema", "docs")
# Servers knock here, with a signature in place of an account: `tests/notifications/api/test_mail_webhook.py`.
SIGNED = "api/webhooks/"


def routes(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            yield path, pattern.callback


def operations() -> list[tuple[str, type[ApiView], Operation]]:
    found = []
    for path, callback in routes(get_resolver().url_patterns):
        view = getattr(callback, "cls", None)
        documented = path.startswith("api/") and not path.startswith(SIGNED)
        if not documented or path.rpartition("/")[2] in DOCUMENTS:
            continue
        assert view, f"{path} is not an ApiView"
        assert issubclass(view, ApiView), f"{path} is not an ApiView"
        for verb in VERBS:
            if hasattr(view, verb):
                declared = operation_of(view, verb)
                assert declared, f"{verb.upper()} {path} declares nothing"
                found.append((f"{verb.upper()} {path}", view, declared))
    return found


EVERY = pytest.mark.parametrize(
    ("name", "view", "declared"), operations(), ids=lambda value: str(value)[:80]
)


def test_the_walk_sees_the_product() -> None:
    assert len(operations()) > 40


def test_nothing_but_the_api_is_outside_the_api() -> None:
    for path, _ in routes(get_resolver().url_patterns):
        outside = path.split("/")[0] + ("/" if path.startswith("local/") else "")
        assert path.startswith("api/") or outside in NOT_API, path


@EVERY
def test_policy_is_declared(name: str, view: type[ApiView], declared: Operation) -> None:
    assert declared.permission is not Nobody
    assert declared.limit in settings.RATE_LIMITS
    assert not declared.scope or declared.scope in settings.API_KEY_SCOPES
    assert isinstance(declared.budget, Budget)
    assert declared.budget.redis == 1 or declared.limit in {"auth", "expensive"}, (
        "one round trip is enough"
    )
    if name.startswith("GET"):
        # Where a list below a row turns out empty, one more tells whether there is such a row.
        below_a_row = isinstance(declared.response, Page) and "<" in name
        assert declared.budget.queries <= 1 + below_a_row, "a read is one query"


@EVERY
def test_shapes_are_declared_and_bounded(
    name: str, view: type[ApiView], declared: Operation
) -> None:
    if declared.request:
        assert issubclass(declared.request, Input)
        assert not name.startswith(("GET", "DELETE"))
        unbounded = list(_unbounded(declared.request()))
        assert not unbounded, f"without a bound: {unbounded}"
    response = declared.response.item if isinstance(declared.response, Page) else declared.response
    if response:
        assert issubclass(response, Output)
        assert not response.__name__.endswith("Serializer")
    assert bool(response) == (declared.status != 204)


def _unbounded(shape: BaseSerializer[Any], prefix: str = "") -> Iterator[str]:
    for name, field in getattr(shape, "fields", {}).items():
        if field.read_only:
            continue
        kind = type(field).__name__
        child = getattr(field, "child", None)
        if hasattr(field, "max_length") and field.max_length is None and kind != "UUIDField":
            yield f"{prefix}{name}"
        if child is not None and getattr(child, "max_length", 1) is None:
            yield f"{prefix}{name}[]"
        if hasattr(field, "fields"):
            yield from _unbounded(field, f"{prefix}{name}.")


@EVERY
def test_errors_are_published(name: str, view: type[ApiView], declared: Operation) -> None:
    for error in declared.errors:
        assert issubclass(error, DomainError)
        assert error.code == error.code.lower().replace("-", "_")
        assert 400 <= status_of(error) < 600


@EVERY
def test_what_creates_or_triggers_can_be_repeated(
    name: str, view: type[ApiView], declared: Operation
) -> None:
    """Every POST of somebody signed in takes an Idempotency-Key; sign-in routes have none, for want of an account."""
    signed_in = declared.permission.__name__ != "Public"
    if name.startswith("POST") and signed_in and not declared.secret:
        assert declared.idempotent


@EVERY
def test_it_is_documented(name: str, view: type[ApiView], declared: Operation) -> None:
    handler = getattr(view, name.split()[0].lower())
    assert (handler.__doc__ or "").strip().split("\n")[0].endswith("."), (
        "the first line is the summary"
    )


def test_error_codes_are_unique() -> None:
    by_code: dict[str, set[str]] = {}

    def collect(kind: type[DomainError]) -> None:
        by_code.setdefault(kind.code, set()).add(kind.__name__)
        for child in kind.__subclasses__():
            if child.__module__.startswith("apps."):
                collect(child)

    collect(DomainError)
    assert {code: names for code, names in by_code.items() if len(names) > 1} == {}


def test_both_versions_are_complete() -> None:
    """A version is complete at its mount: what v1 offers and v2 has not replaced is in v2."""
    by_version: dict[str, set[str]] = {"v1": set(), "v2": set()}
    for path, _ in routes(get_resolver().url_patterns):
        for version, found in by_version.items():
            if path.startswith(f"api/{version}/"):
                found.add(path.removeprefix(f"api/{version}/"))

    assert by_version["v1"] <= by_version["v2"]
