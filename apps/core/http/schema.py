"""The OpenAPI document, read off the operations: what a view declares is what is documented."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema_serializer,
)
from rest_framework import serializers

from apps.core import errors
from apps.core.http import idempotency
from apps.core.http.errors import problem_type, status_of
from apps.core.http.examples import add_examples
from apps.core.http.operations import Operation, Page, operation_of
from apps.core.http.permissions import Public
from apps.core.http.serializers import Output

PROBLEM = "application/problem+json"
EVENTS = "text/event-stream"
_CLIENT_HEADERS = {
    "ClientPlatform": ("X-Client-Platform", "`ios`, `android` or `web`."),
    "ClientVersion": ("X-Client-Version", "The app's version, compared number by number."),
    "DeviceId": ("X-Device-Id", "The installation id: what limits and retries are counted by."),
}

_PROOF_ERRORS: dict[str, tuple[type[errors.DomainError], ...]] = {
    "": (),
    "bound": (errors.DeviceProofInvalid,),
    "required": (errors.DeviceProofInvalid, errors.DeviceKeyMissing),
}
_FRESH = (
    "Needs a recent proof of who asks; where it is too old, 403 `reauth_required` asks for another."
)


class Fault(Output):
    """One thing that is wrong with what was sent."""

    pointer = serializers.CharField(
        help_text="JSON Pointer (RFC 6901); `/query/…` for a parameter."
    )
    code = serializers.CharField(help_text="Stable, for machines.")
    detail = serializers.CharField(help_text="One sentence, for people.")


class Problem(Output):
    """Every refusal: RFC 9457 problem details."""

    type = serializers.URLField(help_text="Names the kind of problem; ends in its code.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField(help_text="Stable, snake_case: what clients decide by.")
    request_id = serializers.CharField(help_text="Quote it when you ask for help.")
    retryable = serializers.BooleanField(help_text="The same request may succeed later.")
    errors = Fault(many=True, required=False)  # type: ignore[assignment]
    challenge = serializers.CharField(
        required=False, help_text="With `mfa_required`: what `POST auth/mfa/challenge` wants back."
    )
    restore = serializers.CharField(
        required=False, help_text="With `account_deleted`: what `POST me/restore` wants back."
    )
    purged_after = serializers.DateTimeField(
        required=False, help_text="With `account_deleted`: until when."
    )
    current_rev = serializers.IntegerField(
        required=False, help_text="With `stale`: the revision that stands now."
    )
    store_url = serializers.CharField(
        required=False, help_text="With `client_upgrade_required`: where the update is."
    )
    minimum_version = serializers.CharField(
        required=False, help_text="With `client_upgrade_required`: the oldest that is served."
    )
    latest_version = serializers.CharField(
        required=False, help_text="With `client_upgrade_required`: the one to have."
    )


class OperationSchema(AutoSchema):
    """Describes one verb of an `ApiView` by its `Operation`."""

    @property
    def declared(self) -> Operation:
        found = operation_of(self.view, self.method)
        assert found, f"{self.view} declares nothing for {self.method}"  # noqa: S101
        return found

    def _is_list_view(self, serializer: Any = None) -> bool:
        return isinstance(self.declared.response, Page)

    def get_operation_id(self) -> str:
        """Name the SDK's method: a POST that makes nothing new is called by its last word alone."""
        found: str = super().get_operation_id()
        if self.method == "POST" and self.declared.status != 201:
            return found.removesuffix("_create")
        sibling = operation_of(self.view, "GET")
        if self.method == "DELETE" and sibling and isinstance(sibling.response, Page):
            return found.removesuffix("_destroy") + "_clear"
        return found

    def get_tags(self) -> list[str]:
        return [type(self.view).__module__.split(".")[1]]

    def is_deprecated(self) -> bool:
        return self.declared.deprecated is not None

    def get_summary(self) -> str:
        return self._documentation()[0].rstrip(".")

    def get_description(self) -> str:  # type: ignore[override]
        description = self._documentation()[1]
        return f"{description}\n\n{_FRESH}".strip() if self.declared.fresh else description

    def _documentation(self) -> tuple[str, str]:
        handler = getattr(self.view, self.method.lower())
        text = re.sub(r"\n[ ]+", "\n", (handler.__doc__ or "").strip())
        summary, _, rest = text.partition("\n")
        return summary, rest.strip()

    def get_auth(self) -> list[dict[str, list[str]]]:
        bearer: dict[str, list[str]] = {"accessToken": []}
        by_key = [{"apiKey": [self.declared.scope]}] if self.declared.scope else []
        nobody: list[dict[str, list[str]]] = [{}] if self.declared.permission is Public else []
        return [bearer, *by_key, *nobody]

    def get_request_serializer(self) -> Any:
        return self.declared.request

    def get_response_serializers(self) -> dict[Any, Any]:  # type: ignore[override]
        declared = self.declared
        kind = (declared.status, EVENTS) if declared.stream else declared.status
        responses: dict[Any, Any] = {kind: self._success()}
        if self.declared.own_ids:
            responses[200] = self._success()
        if self.method == "GET" and not declared.stream:
            responses[304] = OpenApiResponse(description="What `If-None-Match` names is current.")
        by_status: dict[int, list[type[errors.DomainError]]] = {}
        for error in dict.fromkeys(self._errors()):
            by_status.setdefault(status_of(error), []).append(error)
        for status, kinds in sorted(by_status.items()):
            responses[status, PROBLEM] = OpenApiResponse(
                Problem,
                description=" ".join(f"`{kind.code}`: {kind.title}" for kind in kinds),
                examples=[_problem_example(kind) for kind in kinds],
            )
        return responses

    def _success(self) -> Any:
        response = self.declared.response
        if response is None:
            return OpenApiResponse(description="Done.")
        if isinstance(response, Page):
            page = _page_shape(response.item)  # type: ignore[arg-type]
            return OpenApiResponse(page, description="One page.")
        return OpenApiResponse(
            response, description=(response.__doc__ or "").strip().split("\n")[0]
        )

    def _errors(self) -> Iterator[type[errors.DomainError]]:
        declared = self.declared
        yield from declared.errors
        if (
            declared.request
            or declared.query
            or isinstance(declared.response, Page)
            or declared.response
        ):
            yield errors.Invalid
        if declared.permission is not Public:
            yield errors.Unauthenticated
        if declared.fresh:
            yield errors.ReauthRequired
        yield from _PROOF_ERRORS[declared.device_proof]
        if declared.if_match:
            yield errors.Stale
        if declared.if_match == "required":
            yield errors.PreconditionMissing
        if declared.idempotent:
            yield from (idempotency.InvalidKey, idempotency.InProgress, idempotency.KeyReused)
        yield from (errors.UpgradeRequired, errors.TooMany, errors.Unavailable)

    def get_override_parameters(self) -> list[Any]:
        declared = self.declared
        parameters: list[Any] = [declared.query] if declared.query else []
        if isinstance(declared.response, Page):
            parameters.append(_PageParameters)
        if declared.response and not (declared.secret or declared.stream):
            parameters.append(_FieldsParameter)
        parameters += [_HEADERS[name] for name in self._headers()]
        return parameters

    def _headers(self) -> Iterator[str]:
        if self.declared.idempotent:
            yield "Idempotency-Key"
        if self.declared.if_match:
            yield "If-Match required" if self.declared.if_match == "required" else "If-Match"
        if self.declared.device_proof:
            yield "DPoP required" if self.declared.device_proof == "required" else "DPoP"
        if self.declared.stream:
            yield "Last-Event-ID"
        elif self.method == "GET" and not self.declared.secret:
            yield "If-None-Match"


_PAGE_SIZE = "Items a page, at most. There may be fewer, or none, and more to come: `next` tells."


class _PageParameters(serializers.Serializer[Any]):
    limit = serializers.IntegerField(min_value=1, max_value=100, default=20, help_text=_PAGE_SIZE)
    cursor = serializers.CharField(required=False, help_text="`next` of the page before. Opaque.")


class _FieldsParameter(serializers.Serializer[Any]):
    fields_ = serializers.CharField(
        required=False, help_text="`id,author(display_name)`: only these."
    )

    def get_fields(self) -> dict[str, Any]:
        return {"fields": super().get_fields()["fields_"]}


def _header(name: str, description: str, *, required: bool = False) -> OpenApiParameter:
    return OpenApiParameter(
        name, str, OpenApiParameter.HEADER, required=required, description=description
    )


_PROOF = (
    "Proof of the device's key (RFC 9449): a JWT of type `dpop+jwt`, signed with ES256, with the public `jwk` in its "
    "header and `htm`, `htu`, `iat`, `jti` and `ath`, the hash of the token that is sent. Good for one request."
)
_HEADERS = {
    "Idempotency-Key": _header(
        "Idempotency-Key",
        "Made with the user's intent and kept for every retry: the request then takes effect once.",
    ),
    "If-Match": _header("If-Match", "The ETag of the version that is changed."),
    "If-Match required": _header(
        "If-Match", "The ETag of the version that is changed.", required=True
    ),
    "DPoP": _header("DPoP", f"{_PROOF} Of sessions that are bound to a key."),
    "DPoP required": _header("DPoP", _PROOF, required=True),
    "Last-Event-ID": _header("Last-Event-ID", "The last `id` you were told, after a cut."),
    "If-None-Match": _header("If-None-Match", "The ETag you hold; answers 304 when it is current."),
}


@lru_cache
def _page_shape(item: type[serializers.BaseSerializer[Any]]) -> type[Output]:
    members = {
        "__doc__": "One page of a list.",
        "items": item(many=True),
        "next": serializers.CharField(
            allow_null=True, help_text="Cursor of the next page; null at the end."
        ),
    }
    shape = type(f"{item.__name__}Page", (Output,), members)
    # Else a list would be described as a list of pages.
    return extend_schema_serializer(many=False)(shape)


def _problem_example(kind: type[errors.DomainError]) -> OpenApiExample:
    value = {
        "type": problem_type(kind.code),
        "title": kind.title,
        "status": status_of(kind),
        "detail": kind.title,
        "code": kind.code,
        "request_id": "01936d2f8c7a7c3e9b1f4a5d6e7f8091",
        "retryable": kind.retryable,
    }
    return OpenApiExample(
        kind.code, value=value, media_type=PROBLEM, status_codes=[str(status_of(kind))]
    )


def document_the_wire(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add what holds for every route: client headers, the bearer scheme, request ids, examples."""
    components = result.setdefault("components", {})
    components["parameters"] = {
        name: {"name": header, "in": "header", "schema": {"type": "string"}, "description": text}
        for name, (header, text) in _CLIENT_HEADERS.items()
    }
    components["headers"] = {
        "RequestId": {"schema": {"type": "string"}, "description": "Echoes or names the request."},
        "RateLimit": {"schema": {"type": "string"}, "description": "What is left of the limit."},
    }
    components["securitySchemes"] = {
        "accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "apiKey": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Api-Key …`, for servers: made by staff, good for the operations of its scopes.",
        },
    }
    shared = [{"$ref": f"#/components/parameters/{name}"} for name in _CLIENT_HEADERS]
    headers = {
        "X-Request-Id": {"$ref": "#/components/headers/RequestId"},
        "RateLimit": {"$ref": "#/components/headers/RateLimit"},
    }
    for item in result["paths"].values():
        for operation in item.values():
            operation["parameters"] = [*shared, *operation.get("parameters", [])]
            for response in operation["responses"].values():
                response.setdefault("headers", {}).update(headers)
    add_examples(components.get("schemas", {}))
    return result
