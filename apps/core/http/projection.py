"""Compiled reads: a selector and a shape become one prepared statement in which Postgres writes the JSON itself.

The serializer stays the only declaration of a shape. For each selector and selection of fields it is compiled once into
SQL that writes what the serializer would have written, joined rows included, and Python hands the bytes on.
`tests/contract/test_projection.py` proves that both say the same, and lists the shapes that stay with the serializer.

The selector, too, is asked once (`core/http/placeholders.py`). So a selector of a read may ask whether an argument is
None and whether the actor is signed in, but not what an argument holds; a time that it compares with must be the
database's (`Now()`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

from django.conf import settings
from django.db.models import Case, Model, QuerySet, Value, When
from rest_framework.serializers import BaseSerializer

from apps.core import statements
from apps.core.actors import Actor
from apps.core.http import conditional, fields, pagination
from apps.core.http.json_sql import written
from apps.core.http.placeholders import (
    SIGNED_IN,
    Form,
    Placeholders,
    Selector,
    Uncompilable,
    taken_apart,
)
from apps.core.http.rendering import encode
from apps.core.http.sifting import sifted_page
from apps.core.http.tag_sql import UnlessKnown, VersionTag
from apps.core.querysets import Sieve

type Shape = type[BaseSerializer[Any]]

_PLANS = 512
_ACTOR = Form((SIGNED_IN,), ())


@dataclass(frozen=True, slots=True)
class Read:
    """A selector, what it is asked with, the shape of the answer and the chosen fields (`?fields=`, None for all).

    `context` is for shapes that stay with the serializer and ask who is looking.
    """

    selector: Selector
    arguments: Sequence[Any]
    keywords: Mapping[str, Any]
    shape: Shape
    selection: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict)

    def queryset(self) -> QuerySet[Any]:
        return self.selector(*self.arguments, **self.keywords)

    def serializer(self, *arguments: Any, **options: Any) -> BaseSerializer[Any]:
        return fields.chosen(
            self.shape(*arguments, context=self.context, **options), self.selection
        )


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with `%s` where values go, and the place of each among the values of a call."""

    sql: str
    places: tuple[int, ...]

    def first(self, values: Sequence[Any]) -> tuple[Any, ...] | None:
        """Execute and return the first row."""
        return statements.first(self.sql, self.chosen(values))

    def chosen(self, values: Sequence[Any]) -> list[Any]:
        """Return its parameters out of the values of a call."""
        return [values[place] for place in self.places]


type Items = tuple[bytes, tuple[Any, ...] | None]


def page(read: Read, order: tuple[str, ...], *, limit: int, last: tuple[Any, ...] | None) -> Items:
    """Return the JSON of a page's items, joined by commas, and the order values of its end when there is more.

    `last` are the order values of the page before, None for the first.
    """
    form, values = taken_apart(read.arguments, read.keywords)
    kinds = tuple(type(value) for value in last) if last else None
    plan: tuple[Any, ...] = (read.selector, form, read.shape, read.selection, order, kinds)
    statement = _page_statement(*plan)
    if statement is None:
        return _page_by_serializer(read, order, limit, last)
    found = statement.first([*values, *(last or ()), limit])
    assert found is not None  # noqa: S101 - an aggregate has one row
    return _items_of(found)


def page_if(
    condition: Selector, actor: Actor, read: Read, order: tuple[str, ...], limit: int
) -> Items | None:
    """Return the first page as `page` does, if the condition finds anything for the actor; one query either way."""
    form, values = taken_apart(read.arguments, read.keywords)
    plan: tuple[Any, ...] = (read.selector, form, read.shape, read.selection, order, None)
    statement = _page_statement(*plan, condition)
    if statement is None:
        is_found = condition(actor).exists()
        return _page_by_serializer(read, order, limit, None) if is_found else None
    found = statement.first([*values, actor.id, limit])
    return _items_of(found) if found else None


def _items_of(found: tuple[Any, ...]) -> Items:
    items, has_more, *end = found
    return bytes(items), tuple(end) if has_more else None


def one(read: Read, viewpoint: str, known: str = "") -> tuple[bytes | None, str] | None:
    """Return the JSON of the row that the selector finds, and its tag; None when it finds none.

    `known` is the header If-None-Match: of a version that it names, no JSON is made, and None stands for it.
    """
    form, values = taken_apart(read.arguments, read.keywords)
    statement = _row_statement(read.selector, form, read.shape, read.selection)  # type: ignore[arg-type]
    if statement is None:
        return _one_by_serializer(read, viewpoint)
    found = statement.first([*values, viewpoint, known])
    if found is None:
        return None
    body, tag = found
    return None if body is None else bytes(body), tag


class Insertion:
    """Inserts a row and reads it, in one statement, as `one` would read it afterwards.

    Handed to a service in place of `statements.insert`; `read_of` says how the row with this key is read. What the
    service changes in the row afterwards is not in what was `found`.
    """

    found: tuple[bytes, str] | None = None

    def __init__(self, read_of: Callable[[Any], Read], viewpoint: str) -> None:
        self.read_of, self._viewpoint = read_of, viewpoint

    def __call__(self, row: Model) -> bool:
        read = self.read_of(row.pk)
        form, values = taken_apart(read.arguments, read.keywords)
        statement = _row_statement(read.selector, form, read.shape, read.selection)  # type: ignore[arg-type]
        if statement is None:
            return statements.insert(row)
        values += [self._viewpoint, ""]
        told = statements.insert_and_read(row, statement.sql, statement.chosen(values))
        if told and told[0] is not None:
            self.found = bytes(told[0]), told[1]
        return told is not None


def tagging(shape: Shape) -> tuple[str, ...]:
    """Return the columns that make the tag of a shape's rows; none where its content does."""
    return getattr(shape, "tagged_by", ())


def tag_of(row: Any, shape: Shape, viewpoint: str) -> str:
    """Make the tag of a row in hand, empty for shapes that are tagged by their content."""
    values = [value_at(row, path) for path in tagging(shape)]
    return conditional.version_tag(viewpoint, values) if values else ""


def value_at(row: Any, path: str) -> Any:
    """Follow a column path, `author__display_name`, from a row; None where it leads to no row."""
    for name in path.split("__"):
        row = None if row is None else getattr(row, name)
    return row


# What can't be compiled


def _page_by_serializer(
    read: Read, order: tuple[str, ...], limit: int, last: tuple[Any, ...] | None
) -> Items:
    queryset = read.queryset()
    if last:
        queryset = pagination.after(queryset, order, last)
    rows = list(queryset.order_by(*order)[: limit + 1])
    items = encode(read.serializer(rows[:limit], many=True).data)[1:-1]
    names = [name.removeprefix("-") for name in order]
    end = tuple(value_at(rows[limit - 1], name) for name in names) if len(rows) > limit else None
    return items, end


def _one_by_serializer(read: Read, viewpoint: str) -> tuple[bytes | None, str] | None:
    row = read.queryset().first()
    if row is None:
        return None
    return encode(read.serializer(row).data), tag_of(row, read.shape, viewpoint)


# Compiling


@lru_cache(_PLANS)
def _page_statement(
    selector: Selector,
    form: Form,
    shape: Shape,
    selection: str | None,
    order: tuple[str, ...],
    kinds: tuple[type[Any], ...] | None,
    condition: Selector | None = None,
) -> Statement | None:
    names = [name.removeprefix("-") for name in order]
    keys = [f"k{number}" for number in range(len(names))]

    def build(placeholders: Placeholders) -> Statement:
        queryset = placeholders.ask(selector, form)
        sieve: Sieve | None = getattr(queryset, "sieve", None)
        if sieve:
            queryset = sieve.rows
        wanted = None
        if condition:
            wanted = placeholders.ask(condition, _ACTOR).order_by().values_list("pk")
        if kinds:
            last = tuple(placeholders.add(kind) for kind in kinds)
            queryset = pagination.after(queryset, order, last)
        limit = placeholders.count
        found = _with_json(queryset.order_by(*order), shape, selection, sieve)
        rows, places = placeholders.located(found.values_list("json", *names))
        write = partial(sifted_page, keys, order) if sieve else partial(_page_of, keys)
        sizes_before = write("").count("%s") - 1
        written_page = Statement(write(rows), (*(limit,) * sizes_before, *places, limit))
        if wanted is None:
            return written_page
        return _if_exists(written_page, *placeholders.located(wanted))

    return _compiled(build)


def _if_exists(page: Statement, wanted: str, places: tuple[int, ...]) -> Statement:
    """Write the statement that works out nothing of the page unless something is found."""
    sql = f"SELECT * FROM ({page.sql}) AS own WHERE EXISTS ({wanted})"  # noqa: S608
    return Statement(sql, (*page.places, *places))


def _page_of(keys: Sequence[str], rows: str) -> str:
    """Write the statement of a page; where `%s` stands outside of `rows`, its size goes, the last time behind them."""
    end = ", ".join(f"(array_agg({key}) FILTER (WHERE n = %s))[1]" for key in keys)
    # One row more than asked for tells whether there are more. The planner knows the inner limit and not the outer one:
    # without it, it would plan for a tenth of the table.
    return (
        f"SELECT convert_to(coalesce(string_agg(j, ',') FILTER (WHERE n <= %s), ''), 'UTF8'), count(*) > %s, {end} "  # noqa: S608
        f"FROM (SELECT *, row_number() OVER () AS n FROM (SELECT * FROM ({rows} LIMIT {settings.MAX_PAGE + 1}) "
        f"AS most LIMIT %s + 1) AS found (j, {', '.join(keys)})) AS page"
    )


@lru_cache(_PLANS)
def _row_statement(
    selector: Selector, form: Form, shape: Shape, selection: str | None
) -> Statement | None:
    tagged_by = tagging(shape)

    def build(placeholders: Placeholders) -> Statement:
        queryset = _with_json(placeholders.ask(selector, form).order_by(), shape, selection)
        viewpoint, known = placeholders.add(str), placeholders.add(str)
        columns = ["json", "tag"]
        if tagged_by:
            queryset = queryset.annotate(
                tag=VersionTag(viewpoint, *tagged_by), fresh=UnlessKnown(known, "tag", "json")
            )
            columns = ["fresh", "tag"]
        else:
            queryset = queryset.annotate(tag=Value(""))
        row, places = placeholders.located(queryset.values_list(*columns))
        sql = f"SELECT convert_to(j, 'UTF8'), tag FROM ({row} LIMIT 1) AS found (j, tag)"  # noqa: S608
        return Statement(sql, places)

    return _compiled(build)


def _compiled(build: Callable[[Placeholders], Statement]) -> Statement | None:
    """Build a statement with two sets of placeholders: what differs was made from a value, and can't be kept."""
    try:
        once, again = build(Placeholders(0)), build(Placeholders(1))
    except Uncompilable:
        return None
    return once if once == again else None


def _with_json(
    queryset: QuerySet[Any], shape: Shape, selection: str | None, sieve: Sieve | None = None
) -> QuerySet[Any]:
    expression = written(fields.chosen(shape(), selection), queryset.model)
    if expression is None:
        raise Uncompilable(f"{shape.__name__} shows more than columns")
    if sieve:
        return queryset.annotate(json=Case(When(sieve.condition, then=expression)))
    return queryset.annotate(json=expression)
