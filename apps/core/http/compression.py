"""Compressed answers: zstd, br or gzip by `Accept-Encoding`, above a kilobyte, each with an ETag of its own."""

import gzip
import re
import sys
from collections.abc import Callable

import brotli
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_WORTH_IT = 1_024
_CODERS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": lambda body: zstd.compress(body, level=3),
    "br": lambda body: brotli.compress(body, quality=4),
    "gzip": lambda body: gzip.compress(body, compresslevel=5, mtime=0),
}
_TYPES = re.compile(
    r"(application/(.+\+)?(json|yaml)|application/vnd\.oai\.openapi.*|text/(html|plain|css|javascript))\b"
)
_ACCEPTED = re.compile(
    r"(?:^|,)\s*([a-z]+|\*)\s*(?:;\s*q=([01](?:\.\d{1,3})?))?\s*(?=,|$)", re.IGNORECASE
)


def compress(request: HttpRequest, response: HttpResponseBase) -> None:
    """Compress a whole answer in place.

    Answers marked `no-store` may hold credentials beside something the client chose, and stay as they are: their length
    must tell nothing.
    """
    if not isinstance(response, HttpResponse) or len(response.content) < _WORTH_IT:
        return
    is_secret = "no-store" in response.get("Cache-Control", "")
    is_text = _TYPES.match(response.get("Content-Type", ""))
    if is_secret or not is_text or response.has_header("Content-Encoding"):
        return
    patch_vary_headers(response, ("Accept-Encoding",))
    coding = chosen(request.META.get("HTTP_ACCEPT_ENCODING", ""))
    if not coding:
        return
    response.content = _CODERS[coding](response.content)
    response["Content-Encoding"] = coding
    if tag := response.get("ETag"):
        # A strong tag must differ between codings (RFC 9110 §8.8.3.3).
        response["ETag"] = f'{tag[:-1]}-{coding}"'


def chosen(accepted: str) -> str:
    """Return the coding to use for an Accept-Encoding header: ours in order of preference, "" for none."""
    weights = {name.lower(): float(weight or 1) for name, weight in _ACCEPTED.findall(accepted)}
    return next((name for name in _CODERS if weights.get(name, 0) > 0), "")
