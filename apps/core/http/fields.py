"""`?fields=a,b,author(name)`: a narrower answer, and narrower SQL behind it."""

import re
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model, QuerySet
from rest_framework.serializers import BaseSerializer, ListSerializer, Serializer

from apps.core.http.serializers import AlwaysNull, query_fault

type Selection = Mapping[str, "Selection | None"]

_TOKEN = re.compile(r"[a-z][a-z0-9_]*|[(),]", re.ASCII)
_MAX_LENGTH = 1_000
_MAX_DEPTH = 4


def parse(text: str) -> Selection:
    """Read a selection: names, each with an optional narrower selection in parentheses.

    Raises Invalid (`invalid_fields`).
    """
    tokens = _TOKEN.findall(text)
    if len(text) > _MAX_LENGTH or "".join(tokens) != text.replace(" ", "") or not tokens:
        raise _fault(
            "Write fields as names with commas, nested ones in parentheses: id,author(display_name)."
        )
    tokens.reverse()
    selection = _names(tokens, 0)
    if tokens:
        raise _fault("A parenthesis closes nothing.")
    return selection


def _names(tokens: list[str], depth: int) -> Selection:
    if depth > _MAX_DEPTH:
        raise _fault("The fields are nested too deeply.")
    chosen: dict[str, Selection | None] = {}
    while True:
        name = tokens.pop() if tokens else ""
        if not name or name in "(),":
            raise _fault("A name is missing.")
        chosen[name] = None
        if tokens and tokens[-1] == "(":
            tokens.pop()
            chosen[name] = _names(tokens, depth + 1)
            if not tokens or tokens.pop() != ")":
                raise _fault("A parenthesis is left open.")
        if not tokens or tokens[-1] != ",":
            return chosen
        tokens.pop()


def narrow(serializer: BaseSerializer[Any], selection: Selection | None) -> BaseSerializer[Any]:
    """Leave only the chosen fields on the serializer.

    Raises Invalid (`invalid_fields`) for a name that the shape does not have.
    """
    if selection is None:
        return serializer
    shape = serializer.child if isinstance(serializer, ListSerializer) else serializer
    if not isinstance(shape, Serializer):
        raise _fault("This field has no fields of its own.")
    unknown = [name for name in selection if name not in shape.fields]
    if unknown:
        raise _fault(f"There is no field {unknown[0]}.")
    for name in list(shape.fields):
        if name not in selection:
            shape.fields.pop(name)
        elif selection[name] is not None:
            narrow(shape.fields[name], selection[name])
    return serializer


def columns(shape: BaseSerializer[Any], model: type[Model], prefix: str = "") -> set[str] | None:
    """Return the column paths that the shape reads, or None when one of its fields reads more than a column."""
    if not isinstance(shape, Serializer):
        return None
    found: set[str] = set()
    for field in shape.fields.values():
        if isinstance(field, AlwaysNull):
            continue
        source = field.source or field.field_name
        try:
            column = model._meta.get_field(source)
        except FieldDoesNotExist:
            return None
        if isinstance(field, Serializer) and column.many_to_one and column.related_model:
            inner = columns(field, column.related_model, f"{prefix}{source}__")
            if inner is None:
                return None
            found |= inner
        elif column.concrete and not isinstance(field, BaseSerializer):
            found.add(prefix + source)
        else:
            return None
    return found


def only(
    queryset: QuerySet[Any], shape: BaseSerializer[Any], also: tuple[str, ...] = ()
) -> QuerySet[Any]:
    """Select the columns that the shape shows and no others, where the shape is made of columns alone."""
    needed = columns(shape, queryset.model)
    if needed is None:
        return queryset
    relations = {path.rpartition("__")[0] for path in (*needed, *also)} - {""}
    # Joined is what is shown: a relation that `?fields=` left out would otherwise be both joined and deferred.
    joined = queryset.select_related(None)
    return (joined.select_related(*relations) if relations else joined).only(*needed, *also)


def _fault(detail: str) -> Exception:
    return query_fault("fields", "invalid_fields", detail)
