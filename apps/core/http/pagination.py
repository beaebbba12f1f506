"""Keyset pages: an opaque, signed cursor that holds the last row's order values and is bound to who asked for what.

A page is found by comparing rows, `(published_at, id) < (…, …)`, so page 1,000 costs what page 1 costs and rows that
come or go in between shift nothing.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Field, Model, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from apps.core import crypto
from apps.core.http.serializers import query_fault

type Column = Field[Any, Any]

_VERSION = 1
_TAG_BYTES = 16
_PURPOSE = "cursor"
_MAX_CURSOR = 1_000


def page_size(text: str | None) -> int:
    """Read `?limit=`; raises Invalid (`invalid_limit`) unless it is a whole number from 1 to MAX_PAGE."""
    if text is None:
        return settings.DEFAULT_PAGE
    if not (
        text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= settings.MAX_PAGE
    ):
        raise query_fault(
            "limit", "invalid_limit", f"Choose a limit from 1 to {settings.MAX_PAGE}."
        )
    return int(text)


def page_of(
    queryset: QuerySet[Any], *, order: Sequence[str], limit: int, cursor: str | None, bound_to: str
) -> tuple[list[Any], str | None]:
    """Return one page and the cursor of the next, None at the end; one query.

    `order` names columns, all ascending or all descending ("-"), the last one unique. `bound_to` says whose list of
    what this is; a cursor made for another is refused. Raises Invalid (`invalid_cursor`).
    """
    names = [name.removeprefix("-") for name in order]
    descending = order[0].startswith("-")
    columns = [_column(queryset.model, name) for name in names]
    if cursor is not None:
        after = _decoded(cursor, columns, bound_to)
        compare = TupleLessThan if descending else TupleGreaterThan
        queryset = queryset.filter(compare(Tuple(*names), after))
    rows = list(queryset.order_by(*order)[: limit + 1])
    if len(rows) <= limit:
        return rows, None
    rows.pop()
    return rows, _encoded([_value(rows[-1], name) for name in names], columns, bound_to)


def _column(model: type[Model], path: str) -> Column:
    *relations, name = path.split("__")
    for relation in relations:
        model = model._meta.get_field(relation).related_model  # type: ignore[assignment]
    return model._meta.get_field(name)  # type: ignore[return-value]


def _value(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = getattr(row, name)
    return row


def _encoded(values: Sequence[Any], columns: Sequence[Column], bound_to: str) -> str:
    texts = [
        None if value is None else str(column.to_python(value))
        for value, column in zip(values, columns, strict=True)
    ]
    payload = bytes([_VERSION]) + orjson.dumps(texts)
    return base64.urlsafe_b64encode(payload + _tag(payload, bound_to)).rstrip(b"=").decode()


def _decoded(cursor: str, columns: Sequence[Column], bound_to: str) -> tuple[Any, ...]:
    try:
        if len(cursor) > _MAX_CURSOR or not cursor.isascii():
            raise ValueError
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        payload, tag = raw[:-_TAG_BYTES], raw[-_TAG_BYTES:]
        if (
            not crypto.mac_matches(_message(payload, bound_to), tag, purpose=_PURPOSE)
            or payload[0] != _VERSION
        ):
            raise ValueError
        values = orjson.loads(payload[1:])
        return tuple(column.to_python(value) for column, value in zip(columns, values, strict=True))
    except (ValueError, IndexError, binascii.Error, ValidationError) as fault:
        raise query_fault("cursor", "invalid_cursor", "Start again without a cursor.") from fault


def _message(payload: bytes, bound_to: str) -> bytes:
    return payload + b"\0" + bound_to.encode()


def _tag(payload: bytes, bound_to: str) -> bytes:
    return crypto.mac(_message(payload, bound_to), purpose=_PURPOSE)
