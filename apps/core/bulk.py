"""Rows by the million: streamed into a table by COPY, so that neither Django nor memory is in the way."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import batched, chain

from django.db import connection, models

type Row = Mapping[str, str | None]
"""The text of each column, as Postgres reads it; the same columns in every row."""
type Tell = Callable[[str, int, int], None]
"""Is told the table, and how many of how many rows are in."""

_BATCH = 1_000
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def copy_rows(model: type[models.Model], rows: Iterable[Row], *, total: int, tell: Tell) -> None:
    """Stream rows into a model's table within the caller's transaction; columns left out get their default."""
    stream = iter(rows)
    first = next(stream, None)
    if first is None:
        return
    table, columns = connection.ops.quote_name(model._meta.db_table), ", ".join(first)
    done = 0
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for some in batched(_lines(chain([first], stream)), _BATCH):
            copy.write("".join(some))
            done += len(some)
            tell(model._meta.db_table, done, total)


def _lines(rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        yield "\t".join(_text(value) for value in row.values()) + "\n"


def _text(value: str | None) -> str:
    return r"\N" if value is None else value.translate(_ESCAPES)
