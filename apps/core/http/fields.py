"""`?fields=a,b,author(name)`: a narrower answer, and narrower SQL behind it."""

import re
from collections.abc import Mapping
from typing import Any

from rest_framework.serializers import BaseSerializer, ListSerializer, Serializer

from apps.core.http.serializers import query_fault

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


def chosen(serializer: BaseSerializer[Any], text: str | None) -> BaseSerializer[Any]:
    """Leave only the fields on the serializer that `?fields=` names; all of them when there is none.

    Raises Invalid (`invalid_fields`).
    """
    return serializer if text is None else narrow(serializer, parse(text))


def narrow(serializer: BaseSerializer[Any], selection: Selection) -> BaseSerializer[Any]:
    """Leave only the chosen fields on the serializer.

    Raises Invalid (`invalid_fields`) for a name that the shape does not have.
    """
    shape = serializer.child if isinstance(serializer, ListSerializer) else serializer
    if not isinstance(shape, Serializer):
        raise _fault("This field has no fields of its own.")
    unknown = [name for name in selection if name not in shape.fields]
    if unknown:
        raise _fault(f"There is no field {unknown[0]}.")
    for name in list(shape.fields):
        if name not in selection:
            shape.fields.pop(name)
        elif (inner := selection[name]) is not None:
            narrow(shape.fields[name], inner)  # type: ignore[arg-type]
    return serializer


def _fault(detail: str) -> Exception:
    return query_fault("fields", "invalid_fields", detail)
