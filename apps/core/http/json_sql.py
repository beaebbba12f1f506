"""A serializer as SQL: the expression by which Postgres writes the JSON that the serializer would have written.

Known are the plain output fields over columns of the row and of rows it points to. Each is written by `||`, which costs
Postgres half of what `json_build_object` does. What is not known makes the whole shape uncompilable, never approximate.
"""

import json
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import F, Func
from django.db.models.expressions import Combinable
from rest_framework import serializers
from rest_framework.settings import api_settings

from apps.core.http.serializers import AddressField, AlwaysNull

# How a value of a column becomes JSON text; `{}` is the column.
_AS_TEXT = "to_json({}::text)::text"
_AS_IS = "{}::text"
_AS_JSON = "to_json({})::text"
_QUOTED = "'\"' || {} || '\"'"
# As `datetime.isoformat` in UTC with Z: microseconds only where there are any. Django's connections are in UTC.
_MOMENT = """'"' || replace(to_char({}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '.000000Z', 'Z') || '"'"""

type _Writer = tuple[type[serializers.Field[Any, Any, Any, Any]], type[models.Field[Any, Any]], str]

_WRITERS: tuple[_Writer, ...] = (
    (serializers.UUIDField, models.UUIDField, _QUOTED),
    (serializers.BooleanField, models.BooleanField, _AS_IS),
    (serializers.IntegerField, models.IntegerField, _AS_IS),
    (serializers.DateTimeField, models.DateTimeField, _MOMENT),
    (serializers.ChoiceField, models.CharField, _AS_TEXT),
    (serializers.CharField, models.CharField, _AS_TEXT),
    (serializers.CharField, models.TextField, _AS_TEXT),
    (serializers.ListField, ArrayField, _AS_JSON),
    (serializers.JSONField, models.JSONField, _AS_IS),
)


class Written(Func):
    """Text and columns in turn, concatenated; `layout` holds texts and the templates of the columns."""

    output_field = models.TextField()

    def __init__(
        self, layout: tuple[str | None, ...], templates: tuple[str, ...], *columns: Any
    ) -> None:
        self.layout, self.templates = layout, templates
        super().__init__(*columns)

    def as_sql(
        self, compiler: Any, connection: Any, *_: Any, **__: Any
    ) -> tuple[str, tuple[Any, ...]]:
        columns = iter(zip(self.templates, self.get_source_expressions(), strict=True))
        parts: list[str] = []
        parameters: list[Any] = []
        for text in self.layout:
            if text is not None:
                parts.append(_literal(text))
                continue
            template, column = next(columns)
            sql, own = compiler.compile(column)
            parts.append(template.replace("{}", sql))
            parameters += list(own) * template.count("{}")
        return f"({' || '.join(parts)})", tuple(parameters)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''").replace("%", "%%") + "'"


def written(shape: serializers.BaseSerializer[Any], model: type[models.Model]) -> Written | None:
    """Return the expression that writes a row of `model` in this shape, None when the shape holds more than columns."""
    pieces = _object(shape, model, "")
    return None if pieces is None else _joined(pieces)


def _joined(pieces: "_Pieces") -> Written:
    layout: list[str | None] = []
    templates, columns = [], []
    for piece in pieces:
        if not isinstance(piece, str):
            template, column = piece
            layout.append(None)
            templates.append(template)
            columns.append(column)
        elif layout and layout[-1] is not None:
            layout[-1] += piece
        else:
            layout.append(piece)
    return Written(tuple(layout), tuple(templates), *columns)


type _Pieces = list[str | tuple[str, Combinable]]


def _object(shape: Any, model: type[models.Model], prefix: str) -> _Pieces | None:
    if not isinstance(shape, serializers.Serializer) or _is_custom(shape, serializers.Serializer):
        return None
    pieces: _Pieces = ["{"]
    for number, (name, field) in enumerate(shape.fields.items()):
        value = _value(field, model, prefix)
        if value is None:
            return None
        pieces += [("," if number else "") + json.dumps(name) + ":", *value]
    return [*pieces, "}"]


def _value(field: Any, model: type[models.Model], prefix: str) -> _Pieces | None:
    if isinstance(field, AlwaysNull):
        return ["null"]
    try:
        column = model._meta.get_field(field.source)
    except FieldDoesNotExist:
        return None
    path = prefix + field.source
    if isinstance(field, serializers.Serializer):
        return _related(field, column, path)
    # A key is written as what it points to is: `session_id` as the session's id.
    target = column.target_field if column.many_to_one else column  # type: ignore[union-attr]
    if isinstance(target, models.GeneratedField):
        target = target.output_field
    template = _template(field, target)
    if template is None:
        return None
    if column.null or target.null:  # type: ignore[union-attr]
        template = f"coalesce({template}, 'null')"
    return [(template, F(path))]


def _related(field: Any, column: Any, path: str) -> _Pieces | None:
    """The row that a key points to; null where it points to none."""
    if not column.many_to_one or not column.related_model:
        return None
    pieces = _object(field, column.related_model, f"{path}__")
    if pieces is None or not column.null:
        return pieces
    # Of a row that is missing every column is null, and so is what they are joined to: but only if one of them
    # stands there by itself, as the primary key does.
    if not any(not isinstance(piece, str) and "coalesce" not in piece[0] for piece in pieces):
        return None
    return [("coalesce({}, 'null')", _joined(pieces))]


def _template(field: Any, column: Any) -> str | None:
    """Find the writer; a subclass that represents itself in its own way has none."""
    if type(field) is AddressField and isinstance(column, models.CharField):
        return f"to_json({_literal(field.prefix())} || {{}} || {_literal(field.suffix)})::text"
    for kind, column_kind, template in _WRITERS:
        if isinstance(field, kind) and isinstance(column, column_kind):
            if _is_custom(field, kind) or not _is_plain(field):
                return None
            return template
    return None


def _is_custom(field: Any, kind: type[Any]) -> bool:
    return type(field).to_representation is not kind.to_representation


def _is_plain(field: Any) -> bool:
    """Tell whether the options leave the plain spelling."""
    if isinstance(field, serializers.DateTimeField):
        default = api_settings.DATETIME_FORMAT
        return getattr(field, "format", default) == default and not hasattr(field, "timezone")
    if isinstance(field, serializers.UUIDField):
        return field.uuid_format == "hex_verbose"
    if isinstance(field, serializers.ListField):
        return isinstance(field.child, serializers.CharField) and not _is_custom(
            field.child, serializers.CharField
        )
    return True
