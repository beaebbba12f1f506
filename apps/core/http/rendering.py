"""JSON out: one encoder for every answer."""

from typing import Any

import orjson
from django.http import HttpResponse
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def encode(data: Any) -> bytes:
    return orjson.dumps(data, option=_OPTIONS)


def json_response(
    data: Any, *, status: int = 200, content_type: str = "application/json"
) -> HttpResponse:
    return HttpResponse(encode(data), status=status, content_type=content_type)


class JSONRenderer(BaseRenderer):
    """What DRF asks for when it renders by itself; our views answer with `json_response`."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None
    ) -> bytes:
        return encode(data)


class JSONOnly(BaseContentNegotiation):
    """JSON whatever `Accept` says: a phone that asks badly is better served than refused."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        wanted = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == wanted), None)

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type
