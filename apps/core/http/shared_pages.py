"""First pages that many are shown alike: worked out once a moment, for a crowd and for each who is no different.

Of those who are signed in, that is who wrote nothing lately (the gate knows), so that nobody misses what they did, and
for whom `shared_unless` of the operation finds nothing; Postgres is asked each time.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from django.conf import settings

from apps.core.actors import ANONYMOUS, Actor
from apps.core.documents import Document
from apps.core.http import conditional, pagination, projection
from apps.core.http.operations import Operation, Page
from apps.core.http.projection import Read


class Shown(NamedTuple):
    """What is on a page: its items in JSON, their tag, and the order values of its end when there is more."""

    items: bytes
    tag: str
    end: tuple[Any, ...] | None


def is_offered(operation: Operation) -> bool:
    """Tell whether this list has such a page."""
    return operation.shared_unless is not None and settings.SHARED_PAGE_SECONDS > 0


def first_page(operation: Operation, actor: Actor, path: str, read: Read) -> Shown:
    """Return the page that everybody is shown or, in as many queries, the actor's own where that is another."""
    page, unless = operation.response, operation.shared_unless
    assert isinstance(page, Page) and unless  # noqa: S101, PT018
    if actor.id:
        own = projection.page_if(unless, actor, read, page.order, settings.DEFAULT_PAGE)
        if own:
            return Shown(own[0], conditional.content_tag(own[0]), own[1])
    return _opened(_document(f"page:{path}", read, page.order).get())


# One for each route that shares its first page.
_documents: dict[str, Document] = {}


def _document(name: str, read: Read, order: tuple[str, ...]) -> Document:
    known = _documents.get(name)
    if known:
        return known
    seconds, everybody = settings.SHARED_PAGE_SECONDS, _as_nobody(read)

    def compute() -> str:
        items, end = projection.page(everybody, order, limit=settings.DEFAULT_PAGE, last=None)
        return f"{pagination.written(end or ()).decode()}\n{items.decode()}"

    made = Document(name, seconds=seconds, compute=compute, trusted=seconds)
    return _documents.setdefault(name, made)


def _as_nobody(read: Read) -> Read:
    arguments = [ANONYMOUS if isinstance(one, Actor) else one for one in read.arguments]
    return replace(read, arguments=arguments, context={"actor": ANONYMOUS})


@lru_cache(16)
def _opened(text: str) -> Shown:
    """Read a document; the same text comes again and again."""
    end, _, items = text.partition("\n")
    body = items.encode()
    return Shown(body, conditional.content_tag(body), pagination.read(end) or None)
