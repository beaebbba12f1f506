"""Keyset pages: an opaque, signed cursor that holds the last row's order values and is bound to who asked for what.

A page is found by comparing rows, `(published_at, id) < (…, …)`, so page 1,000 costs what page 1 costs and rows that
come or go in between shift nothing.
"""

import base64
import binascii
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import orjson
from django.conf import settings
from django.db.models import QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from apps.core import crypto
from apps.core.http.serializers import query_fault

_VERSION = 2
_TAG_BYTES = 16
_PURPOSE = "cursor"
_MAX_CURSOR = 1_000
# A value travels as the letter of its type and its text.
_READERS: dict[str, Callable[[str], Any]] = {
    "u": uuid.UUID,
    "t": datetime.fromisoformat,
    "i": int,
    "f": float,
    "s": str,
}
_LETTERS = {uuid.UUID: "u", datetime: "t", int: "i", float: "f", str: "s"}


def page_size(text: str | None) -> int:
    """Read `?limit=`; raises Invalid (`invalid_limit`) unless it is a whole number from 1 to MAX_PAGE."""
    if text is None:
        return settings.DEFAULT_PAGE
    is_number = text.isascii() and text.isdigit() and len(text) <= 4
    if not (is_number and 1 <= int(text) <= settings.MAX_PAGE):
        raise query_fault(
            "limit", "invalid_limit", f"Choose a limit from 1 to {settings.MAX_PAGE}."
        )
    return int(text)


def after(queryset: QuerySet[Any], order: Sequence[str], last: tuple[Any, ...]) -> QuerySet[Any]:
    """Leave out everything up to the row whose order values are `last`.

    `order` names columns, all ascending or all descending ("-"), the last one unique.
    """
    names = [name.removeprefix("-") for name in order]
    compare = TupleLessThan if order[0].startswith("-") else TupleGreaterThan
    return queryset.filter(compare(Tuple(*names), last))


def cursor_of(last: Sequence[Any], bound_to: str) -> str:
    """Write the cursor behind a row; `bound_to` says whose list of what this is."""
    payload = bytes([_VERSION]) + written(last)
    tag = crypto.mac(_message(payload, bound_to), purpose=_PURPOSE)
    return base64.urlsafe_b64encode(payload + tag).rstrip(b"=").decode()


def values_of(cursor: str, bound_to: str) -> tuple[Any, ...]:
    """Read a cursor's order values; raises Invalid (`invalid_cursor`) unless it was made here for the same list."""
    try:
        if len(cursor) > _MAX_CURSOR or not cursor.isascii():
            raise ValueError
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        payload, tag = raw[:-_TAG_BYTES], raw[-_TAG_BYTES:]
        if not crypto.mac_matches(_message(payload, bound_to), tag, purpose=_PURPOSE):
            raise ValueError
        if payload[0] != _VERSION:
            raise ValueError
        return read(payload[1:])
    except (ValueError, IndexError, binascii.Error) as fault:
        raise query_fault("cursor", "invalid_cursor", "Start again without a cursor.") from fault


def written(values: Sequence[Any]) -> bytes:
    """Write order values as JSON."""
    return orjson.dumps(
        [
            [
                _LETTERS[type(value)],
                value.isoformat() if isinstance(value, datetime) else str(value),
            ]
            for value in values
        ]
    )


def read(text: bytes | str) -> tuple[Any, ...]:
    """Read what `written` wrote; raises ValueError."""
    return tuple(_READERS[letter](value) for letter, value in orjson.loads(text))


def _message(payload: bytes, bound_to: str) -> bytes:
    return payload + b"\0" + bound_to.encode()
