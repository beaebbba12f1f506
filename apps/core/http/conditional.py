"""Conditional requests (RFC 9110 §13): tags from row versions, compared so that they survive compression.

A tag reads `"r<rev>-<digest>"`. The digest covers who looks at which representation, so one account's tag is never
another's; the revision in front is all that `If-Match` compares. A compressed answer carries the coding at the end of
its tag (`core/http/compression.py`); proxies that mark the tag weak instead are understood as well.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request

from apps.core.errors import PreconditionMissing, Stale

# Between the parts of what a tag is made of, and as much of its hash as it shows.
SEPARATOR, DIGITS = "\x1f", 18

_TAGS = re.compile(r'(?:W/)?"([!#-~]*)"')
_CODING = re.compile(r"-(?:br|zstd|gzip)$")
_REVISION = re.compile(r"r(\d{1,10})-")


def version_tag(viewpoint: str, values: Sequence[Any]) -> str:
    """Return the tag of one version of a row as seen from a viewpoint (account, API version, fields…).

    The values are its `rev` and whatever else tells two versions apart: texts, whole numbers and None, which Postgres
    spells the same when it makes the tag itself (`core/http/tag_sql.py`).
    """
    message = SEPARATOR.join(
        [viewpoint, *("" if value is None else str(value) for value in values)]
    )
    digest = hashlib.sha256(message.encode()).hexdigest()[:DIGITS]
    return f"r{values[0]}-{digest}"


def content_tag(body: bytes) -> str:
    return f"c-{_digest(body)}"


def page_tag(items: str, following: bytes) -> str:
    """Return the tag of a page, from the tag of its items and what it calls its next."""
    return content_tag(items.encode() + following)


def _digest(message: bytes) -> str:
    return hashlib.blake2b(message, digest_size=9).hexdigest()


def known_tags(request: Request) -> str:
    """Return `If-None-Match` as it was sent, empty where it says nothing."""
    header: str = request.META.get("HTTP_IF_NONE_MATCH", "").strip()
    return header if request.method in {"GET", "HEAD"} else ""


def is_current(request: Request, tag: str) -> bool:
    """Tell whether `If-None-Match` names this tag (weak comparison, §8.8.3.2)."""
    header = known_tags(request)
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
