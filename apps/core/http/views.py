"""The base of every endpoint: closed until each verb declares its policy, and the one order of work for all of them.

authenticate → limit and session (one Redis round trip) → app version → permission → precondition → body → one call to a
service or selector → answer.
"""

import uuid
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse, HttpResponseBase
from django.utils.http import http_date
from rest_framework.exceptions import AuthenticationFailed, MethodNotAllowed
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.core import usage
from apps.core.actors import ANONYMOUS, Actor
from apps.core.clients import admit, is_served
from apps.core.errors import Denied, NotFound, ReauthRequired, Unauthenticated
from apps.core.http import (
    conditional,
    device_proof,
    fields,
    gate,
    idempotency,
    pagination,
    projection,
    shared_pages,
)
from apps.core.http.client import address_of, client_of, route_of
from apps.core.http.gate import Errand
from apps.core.http.operations import Operation, Page, Shape, operation_of
from apps.core.http.placeholders import Selector
from apps.core.http.projection import Insertion, Read
from apps.core.http.rendering import encode
from apps.core.http.serializers import query_fault, query_values, shared, validated, validated_query
from apps.core.http.shared_pages import Shown
from apps.core.observability import logging, metrics

_VERBS = ("get", "post", "put", "patch", "delete")
_PAGE_PARAMETERS = {"limit", "cursor"}


class ApiView(APIView):
    """One URL. Each verb is a method under `@operation(…)`; it translates and makes one call.

    `self.actor` is who asks, `self.payload` the validated body, `self.parameters` the validated query,
    `self.expected_rev` what If-Match names.
    """

    http_method_names = [*_VERBS, "head"]
    operation: Operation
    actor: Actor = ANONYMOUS
    is_settled = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for verb in _VERBS:
            if hasattr(cls, verb) and operation_of(cls, verb) is None:
                raise ImproperlyConfigured(f"{cls.__qualname__}.{verb} declares no operation.")

    # The order of work

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.args, self.kwargs = args, kwargs
        self.request = request = self.initialize_request(request, *args, **kwargs)
        self.headers: dict[str, str] = {}
        try:
            self.initial(request, *args, **kwargs)
            handler = getattr(self, request.method.lower())
            response = self._run(lambda: handler(request, *args, **kwargs))
        except Exception as failure:
            response = self.handle_exception(failure)
        for name, value in self.headers.items():
            response.headers.setdefault(name, value)
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        declared = operation_of(self, request.method or "")
        if declared is None:
            raise MethodNotAllowed(request.method or "")
        self.operation = declared
        request.version, request.versioning_scheme = self.determine_version(
            request, *args, **kwargs
        )
        self._note_deprecation(request)
        refused = self._enter(request)
        # Before anything else is refused: whoever must update can't do anything about the rest.
        self._admit(request)
        if refused:
            raise refused
        if not declared.permission().has_permission(request, self):
            raise Denied if self.actor.is_authenticated else Unauthenticated
        if not self.actor.may_use(declared.scope):
            raise Denied("The key that was shown is not for this.")
        if declared.fresh and not self.actor.proven_within(settings.FRESH_PROOF_SECONDS):
            raise ReauthRequired
        if declared.device_proof:
            token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")[2].strip()
            required = declared.device_proof == "required"
            device_proof.demand(request, token, self.actor.device_key, required=required)
        self.query_values = query_values(request)

    def _enter(self, request: Request) -> Exception | None:
        """Pass the gate; return why the caller is not who they say they are, if so. Raises TooMany."""
        refused: Exception | None = None
        try:
            self.actor = request.user  # type: ignore[assignment]
        except (AuthenticationFailed, Unauthenticated) as failure:
            # Counted all the same: a bad token must not be a way around the limit.
            refused, request.user, request.auth = failure, ANONYMOUS, None  # type: ignore[assignment]
        client = client_of(request)
        counted_as = [usage.caller(client)]
        if self.operation.deprecated and is_served(client):
            counted_as.append(usage.caller(client, route_of(request)))
        caller = gate.Caller(self.actor, client.device_id, address_of(request), counted_as)
        logging.bind_actor(str(self.actor.id) if self.actor.id else "")
        passage = gate.enter(self.operation.limit, caller, request.auth, self._errand)  # type: ignore[arg-type]
        self.is_settled = passage.is_settled
        self.headers |= passage.verdict.headers
        if not passage.verdict.allowed:
            raise passage.verdict.refusal()
        return refused or passage.over

    @property
    def _errand(self) -> Errand:
        if self.request.method not in {"GET", "HEAD"}:
            return Errand.WRITES
        is_known = self.actor.is_authenticated and shared_pages.is_offered(self.operation)
        return Errand.READS_TRULY if is_known else Errand.READS

    def _admit(self, request: Request) -> None:
        client = client_of(request)
        policy = admit(client)
        if policy and policy.recommended:
            self.headers["X-Client-Recommended-Version"] = policy.recommended

    def _run(self, work: Callable[[], HttpResponse]) -> HttpResponse:
        if not (self.operation.idempotent and self.actor.is_authenticated):
            return work()
        return idempotency.answer_once(self.request, route_of(self.request), work, self.may_replay)

    def may_replay(self) -> None:
        """Raise when a stored answer must not be given again, because the caller has lost what it was allowed."""

    def get_permissions(self) -> list[BasePermission]:
        return [self.operation.permission()]

    def get_parsers(self) -> list[BaseParser]:
        return [parser() for parser in self.parser_classes]

    def handle_exception(self, exc: Exception) -> Any:
        if isinstance(exc, MethodNotAllowed):
            self.headers["Allow"] = ", ".join(
                verb.upper() for verb in _VERBS if hasattr(self, verb)
            )
        return super().handle_exception(exc)

    def get_authenticate_header(self, request: Request) -> str:
        return "Bearer"

    # What a verb reads

    @property
    def payload(self) -> dict[str, Any]:
        """The body in the declared shape; raises ValidationError."""
        assert self.operation.request  # noqa: S101
        return validated(self.operation.request, self.request.data)

    @property
    def parameters(self) -> dict[str, Any]:
        """The query in the declared shape, page and field parameters left out; raises Invalid."""
        own = {
            name: value
            for name, value in self.query_values.items()
            if name not in self._framework_parameters
        }
        if self.operation.query is None:
            if own:
                raise query_fault(
                    next(iter(own)), "unknown_parameter", "This parameter is not known here."
                )
            return {}
        return validated_query(self.operation.query, own)

    @property
    def expected_rev(self) -> int | None:
        """The revision that If-Match names; raises PreconditionMissing, Stale."""
        return conditional.expected_rev(
            self.request, required=self.operation.if_match == "required"
        )

    # What a verb answers

    def answer(self, row: Any, *, status: int | None = None) -> HttpResponse:
        """Answer what a service returned, or a mapping, in the declared shape."""
        self.parameters  # noqa: B018 - refuses what is not known
        assert self.operation.response  # noqa: S101
        shape: Any = self.operation.response
        tag = projection.tag_of(row, shape, self._viewpoint)
        selection = self.query_values.get("fields")
        writer = shared(shape) if selection is None else fields.chosen(shape(), selection)
        body = encode(writer.to_representation(row))
        return self._sent(body, tag, status or self.operation.status)

    def keep(self, document: object) -> HttpResponse:
        """Answer an object that never changes; what is sent for it is made once."""
        self.parameters  # noqa: B018 - refuses what is not known
        shape = self.operation.response
        body, tag = _written(document, shape, self.query_values.get("fields"))  # type: ignore[arg-type]
        return self._sent(body, tag, 200)

    def read(
        self,
        selector: Selector,
        *arguments: Any,
        missing: type[NotFound] = NotFound,
        status: int | None = None,
        **keywords: Any,
    ) -> HttpResponse:
        """Answer the one row that the selector finds; one query. Raises `missing` when it finds none."""
        found = projection.one(
            self._reading(selector, *arguments, **keywords),
            self._viewpoint,
            conditional.known_tags(self.request),
        )
        if found is None:
            raise missing
        body, tag = found
        if body is None:
            return self._not_modified(tag)
        return self._sent(body, tag, status or self.operation.status)

    def insertion(self, selector: Selector, *arguments: Any) -> Insertion:
        """Make what a service inserts a row with, so that its answer comes in the same statement.

        The selector is asked with the arguments and the row's key.
        """
        return Insertion(lambda key: self._reading(selector, *arguments, key), self._viewpoint)

    def inserted(self, insertion: Insertion, key: uuid.UUID, *, is_new: bool) -> HttpResponse:
        """Answer the row that was made, or was there under its key."""
        status = 201 if is_new else 200
        if is_new and insertion.found:
            return self._sent(*insertion.found, status)
        read = insertion.read_of(key)
        return self.read(read.selector, *read.arguments, status=status)

    def page(
        self,
        selector: Selector,
        *arguments: Any,
        if_empty: Callable[[], None] = lambda: None,
        **keywords: Any,
    ) -> HttpResponse:
        """Answer one keyset page of what the selector lists; one query.

        `if_empty` raises where an empty page means that there is no such list.
        """
        page = self.operation.response
        assert isinstance(page, Page)  # noqa: S101
        read = self._reading(selector, *arguments, **keywords)
        bound_to = repr((str(self.actor.id), self.request.path, sorted(self.parameters.items())))
        if not self.query_values and self._is_like_everybody:
            found = shared_pages.first_page(self.operation, self.actor, self.request.path, read)
            return self._shown(found, bound_to)
        cursor = self.query_values.get("cursor")
        limit = pagination.page_size(self.query_values.get("limit"))
        last = None if cursor is None else pagination.values_of(cursor, bound_to)
        items, end = projection.page(read, page.order, limit=limit, last=last)
        if not items:
            if_empty()
        return self._shown(Shown(items, conditional.content_tag(items), end), bound_to)

    @property
    def _is_like_everybody(self) -> bool:
        is_offered = shared_pages.is_offered(self.operation)
        return is_offered and (self.is_settled or not self.actor.is_authenticated)

    def _shown(self, found: Shown, bound_to: str) -> HttpResponse:
        following = encode(pagination.cursor_of(found.end, bound_to) if found.end else None)
        body = b'{"items":[' + found.items + b'],"next":' + following + b"}"
        return self._sent(body, conditional.page_tag(found.tag, following), 200)

    def _reading(self, selector: Selector, *arguments: Any, **keywords: Any) -> Read:
        self.parameters  # noqa: B018 - refuses what is not known
        response = self.operation.response
        shape = response.item if isinstance(response, Page) else response
        assert shape  # noqa: S101
        selection = self.query_values.get("fields")
        return Read(selector, arguments, keywords, shape, selection, {"actor": self.actor})

    def nothing(self) -> HttpResponse:
        """Answer 204."""
        return HttpResponse(status=204)

    def _sent(self, body: bytes, tag: str, status: int) -> HttpResponse:
        if self.operation.secret:
            response = HttpResponse(body, status=status, content_type="application/json")
            response["Cache-Control"] = "no-store"
            return response
        reading = self.request.method in {"GET", "HEAD"}
        tag = tag or (conditional.content_tag(body) if reading else "")
        if reading and conditional.is_current(self.request, tag):
            return self._not_modified(tag)
        response = HttpResponse(body, status=status, content_type="application/json")
        if tag:
            response["ETag"] = f'"{tag}"'
        if reading:
            self._cache_privately(response)
        return response

    def _not_modified(self, tag: str) -> HttpResponse:
        response = HttpResponse(status=304)
        response["ETag"] = f'"{tag}"'
        del response["Content-Type"]
        self._cache_privately(response)
        return response

    def _cache_privately(self, response: HttpResponse) -> None:
        response["Cache-Control"] = "private, no-cache"
        response["Vary"] = "Authorization"

    @property
    def _viewpoint(self) -> str:
        """Who looks at which representation: what makes tags of one version differ."""
        name = self.operation.response.__name__  # type: ignore[union-attr]
        selection = self.query_values.get("fields", "")
        return f"{self.actor.id} {self.request.version} {name} {selection}"

    @property
    def _framework_parameters(self) -> set[str]:
        is_chosen_from = not (self.operation.secret or self.operation.stream)
        known = {"fields"} if self.operation.response and is_chosen_from else set()
        return known | _PAGE_PARAMETERS if isinstance(self.operation.response, Page) else known

    def _note_deprecation(self, request: Request) -> None:
        deprecated = self.operation.deprecated
        client = client_of(request)
        if not deprecated or not is_served(client):
            # Who is refused calls nothing: the route falls silent when its callers are retired.
            return
        metrics.count_deprecated(route_of(request), client.platform, client.version)
        self.headers["Deprecation"] = f"@{int(deprecated.since.timestamp())}"
        self.headers["Sunset"] = http_date(deprecated.sunset.timestamp())
        successor = deprecated.successor.format(**self.kwargs)
        self.headers["Link"] = f'<{successor}>; rel="successor-version"'


@lru_cache(1024)
def _written(document: object, shape: Shape, selection: str | None) -> tuple[bytes, str]:
    """Return body and tag of a document; it is known again by its identity."""
    body = encode(fields.chosen(shape(document), selection).data)
    return body, conditional.content_tag(body)
