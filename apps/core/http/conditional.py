"""Conditional requests (RFC 9110 §13): tags from row versions, compared so that they survive compression.

A tag reads `"r<rev>-<digest>"`. The digest covers who looks at which representation, so one account's tag is never
another's; the revision in front is all that `If-Match` compares. A compressed answer carries the coding at the end of
its tag (`core/http/compression.py`); proxies that mark the tag weak instead are understood as well.
"""

import hashlib
import re
from typing import Any

from rest_framework.request import Request

from apps.core.errors import PreconditionMissing, Stale

_TAGS = re.compile(r'(?:W/)?"([!#-~]*)"')
_CODING = re.compile(r"-(?:br|zstd|gzip)$")
_REVISION = re.compile(r"r(\d{1,10})-")


def version_tag(rev: int, *viewpoint: Any) -> str:
    """Return the tag of one version of a row as seen from a viewpoint (account, API version, fields…)."""
    return f"r{rev}-{_digest(repr((rev, *viewpoint)).encode())}"


def content_tag(body: bytes) -> str:
    return f"c-{_digest(body)}"


def _digest(message: bytes) -> str:
    return hashlib.blake2b(message, digest_size=9).hexdigest()


def is_current(request: Request, tag: str) -> bool:
    """Tell whether `If-None-Match` names this tag (weak comparison, §8.8.3.2)."""
    header = request.META.get("HTTP_IF_NONE_MATCH", "").strip()
    return bool(header) and (header == "*" or tag in _named(header))


def expected_rev(request: Request, *, required: bool) -> int | None:
    """Return the revision that `If-Match` names, None when it names any or is absent.

    Raises PreconditionMissing when it must be there, and Stale when it holds no tag of ours.
    """
    header = request.META.get("HTTP_IF_MATCH", "").strip()
    if not header:
        if required:
            raise PreconditionMissing
        return None
    if header == "*":
        return None
    revisions = [match for tag in _named(header) if (match := _REVISION.match(tag))]
    if len(revisions) != 1:
        raise Stale("If-Match must carry the ETag of the version that is changed.")
    return int(revisions[0][1])


def _named(header: str) -> list[str]:
    return [_CODING.sub("", tag) for tag in _TAGS.findall(header)]
