"""Tags of versions as SQL: Postgres makes the ETag of a row, and no JSON for whoever has that version already."""

from typing import Any

from django.db import models
from django.db.models import F, Func, Value

from apps.core.http.conditional import DIGITS, SEPARATOR


class VersionTag(Func):
    """What `conditional.version_tag` returns for the row."""

    output_field = models.TextField()

    def __init__(self, viewpoint: str, *columns: str) -> None:
        super().__init__(Value(viewpoint, models.TextField()), *map(F, columns))

    def as_sql(
        self, compiler: Any, connection: Any, *_: Any, **__: Any
    ) -> tuple[str, tuple[Any, ...]]:
        viewpoint, *columns = (compiler.compile(one) for one in self.get_source_expressions())
        message = f" || chr({ord(SEPARATOR)}) || ".join(
            sql if sql == "%s" else f"coalesce({sql}::text, '')" for sql, _ in (viewpoint, *columns)
        )
        sql = (
            f"('r' || {columns[0][0]}::text || '-' || "
            f"left(encode(sha256(convert_to({message}, 'UTF8')), 'hex'), {DIGITS}))"
        )
        parameters = (columns[0], viewpoint, *columns)
        return sql, tuple(value for _, values in parameters for value in values)


class UnlessKnown(Func):
    """The JSON, or NULL when the header `If-None-Match` names the tag: two versions never share the digits of one."""

    output_field = models.TextField()

    def __init__(self, known: str, tag: str, json: str) -> None:
        super().__init__(Value(known, models.TextField()), F(tag), F(json))

    def as_sql(
        self, compiler: Any, connection: Any, *_: Any, **__: Any
    ) -> tuple[str, tuple[Any, ...]]:
        known, tag, json = (compiler.compile(one) for one in self.get_source_expressions())
        sql = f"CASE WHEN strpos({known[0]}, '\"' || {tag[0]}) = 0 THEN {json[0]} END"
        return sql, tuple(value for _, values in (known, tag, json) for value in values)
