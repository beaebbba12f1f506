"""What an endpoint declares about each of its verbs: the one place that permission, limit, budget and schema are said.

`core/http/views.py` enforces it, `core/http/schema.py` documents it, `tests/contract` walks it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from typing import Any, Literal

from rest_framework.permissions import BasePermission
from rest_framework.serializers import BaseSerializer

from apps.core.errors import DomainError
from apps.core.http.placeholders import Selector

type Shape = type[BaseSerializer[Any]]


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that one request may cost, warm: SQL queries, Redis round trips, bytes of a full answer."""

    queries: int = 1
    redis: int = 1
    bytes: int = 4_096


@dataclass(frozen=True, slots=True)
class Page:
    """A keyset list of `item`s, in an order that an index serves and that ends in a unique column."""

    item: Shape
    order: tuple[str, ...] = ("-created_at", "-id")


@dataclass(frozen=True, slots=True)
class Deprecation:
    """Since when a route is deprecated (RFC 9745), when it goes (RFC 8594), and what replaces it.

    The successor is a path; `{names}` in it are filled from the address that was called.
    """

    since: datetime
    sunset: datetime
    successor: str


@dataclass(frozen=True, slots=True)
class Operation:
    """The policy of one verb.

    `request` and `response` are serializers named as an SDK type should be named. `idempotent` lets a signed-in caller
    repeat the request under one Idempotency-Key; where what is made is known by itself (`own_ids`), any repeat answers
    200. `if_match` says whether a change must name the version it changes. `scope` is what a server's key must hold to
    get in (`API_KEY_SCOPES`); without one, no key does. With `shared_unless`, the first page is worked out
    once a moment (`SHARED_PAGE_SECONDS`) for all who are not signed in, and for every actor for whom this selector
    finds nothing and who wrote nothing lately. `fresh` asks for a proof of who the caller is that is no older than
    `FRESH_PROOF_SECONDS`. `device_proof` asks for one that the device which signed in sends the request: of
    sessions that are `bound` to a key, or, `required`, of all. What is `secret` carries credentials either way: never
    stored, cached or compressed. A `stream` answers with server-sent events that go on, each with the response as its
    `data`; its budget is what it costs to begin.
    """

    permission: type[BasePermission]
    limit: str
    budget: Budget
    request: Shape | None = None
    response: Shape | Page | None = None
    query: Shape | None = None
    status: int = 200
    errors: tuple[type[DomainError], ...] = ()
    idempotent: bool = False
    own_ids: bool = False
    if_match: Literal["", "optional", "required"] = ""
    scope: str = ""
    shared_unless: Selector | None = None
    fresh: bool = False
    device_proof: Literal["", "bound", "required"] = ""
    secret: bool = False
    stream: bool = False
    deprecated: Deprecation | None = None


def operation[F: Callable[..., Any]](**policy: Any) -> Callable[[F], F]:
    """Declare the policy of the verb below; the arguments are the fields of `Operation`."""
    declared = Operation(**policy)

    def declare(handler: F) -> F:
        handler.operation = declared  # type: ignore[attr-defined]
        return handler

    return declare


def redeclared[F: Callable[..., Any]](handler: F, **differs: Any) -> F:
    """Return a verb of a newer version as an older one declares it: the same work, told in other shapes."""

    @wraps(handler)
    def same(*args: Any, **kwargs: Any) -> Any:
        return handler(*args, **kwargs)

    same.operation = replace(handler.operation, **differs)  # type: ignore[attr-defined]
    return same  # type: ignore[return-value]


def operation_of(view: Any, method: str) -> Operation | None:
    """Return what a view (class or instance) declares for an HTTP method; HEAD is GET without a body."""
    name = "get" if method.upper() == "HEAD" else method.lower()
    return getattr(getattr(view, name, None), "operation", None)
