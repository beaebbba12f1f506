"""Asking a selector once for all: placeholders go in, and are found again in the SQL of the queryset that comes out."""

import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from psycopg import sql

from apps.core.actors import ANONYMOUS, Actor

type Selector = Callable[..., QuerySet[Any]]

SIGNED_IN = "an actor who is signed in"


class Uncompilable(Exception):
    """This read can't be asked for once and for all."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a call looks like without the values that change: their types in place of them, and whatever is fixed."""

    positional: tuple[Any, ...]
    keywords: tuple[tuple[str, Any], ...]


def taken_apart(arguments: Sequence[Any], keywords: Mapping[str, Any]) -> tuple[Form, list[Any]]:
    """Split a call into its form and its values; raises Uncompilable."""
    values: list[Any] = []
    positional = tuple(_form(argument, values) for argument in arguments)
    named = tuple((name, _form(keywords[name], values)) for name in sorted(keywords))
    return Form(positional, named), values


def _form(argument: Any, values: list[Any]) -> Any:
    if isinstance(argument, Actor):
        if argument.id is None:
            return ANONYMOUS
        values.append(argument.id)
        return SIGNED_IN
    if argument is None or isinstance(argument, bool):
        return argument
    if isinstance(argument, str):
        # Not the type of an enumeration's member, but what the database is given.
        values.append(str(argument))
        return str
    if type(argument) in _PLACEHOLDERS:
        values.append(argument)
        return type(argument)
    raise Uncompilable(f"an argument is a {type(argument).__name__}")


# Made of a 120-bit number: unlike anything that a table holds, and unlike each other in every part.
_PLACEHOLDERS: dict[type[Any], Callable[[int], Any]] = {
    uuid.UUID: lambda number: uuid.UUID(int=number),
    datetime: lambda number: (
        datetime(1000, 1, 1, tzinfo=UTC) + timedelta(microseconds=number >> 66)
    ),
    int: lambda number: number >> 58,
    str: lambda number: f"{number:x}",
}


class Placeholders:
    """The placeholders of one statement, numbered by the place of their value among all values; two sets share none."""

    def __init__(self, which: int = 0) -> None:
        self._which = which
        self._places: dict[Any, int] = {}

    def ask(self, selector: Selector, form: Form) -> QuerySet[Any]:
        """Call the selector with placeholders."""
        positional = [self._filled(argument) for argument in form.positional]
        return selector(
            *positional, **{name: self._filled(argument) for name, argument in form.keywords}
        )

    def _filled(self, argument: Any) -> Any:
        if argument is SIGNED_IN:
            return Actor(id=self.add(uuid.UUID))
        return self.add(argument) if isinstance(argument, type) else argument

    def add(self, kind: type[Any]) -> Any:
        """Make a placeholder for the next value; raises Uncompilable for a type that has none."""
        if kind not in _PLACEHOLDERS:
            raise Uncompilable(f"a value is a {kind.__name__}")
        place = len(self._places)
        digest = hashlib.blake2b(f"{self._which} {place}".encode(), digest_size=15).digest()
        placeholder = _PLACEHOLDERS[kind](int.from_bytes(digest))
        self._places[placeholder] = place
        return placeholder

    @property
    def count(self) -> int:
        return len(self._places)

    def located(self, queryset: QuerySet[Any]) -> tuple[str, tuple[int, ...]]:
        """Return the queryset's SQL with `%s` where values go, and the place of each; all else is written out.

        Written out, because a partial index serves a query only when the planner sees the constants.
        """
        text, parameters = queryset.query.sql_with_params()
        pieces = text.split("%s")
        places: list[int] = []
        written = pieces[0]
        for parameter, piece in zip(parameters, pieces[1:], strict=True):
            place = self._place_of(parameter)
            if place is None:
                written += _constant(parameter) + piece
            else:
                places.append(place)
                written += "%s" + piece
        return written, tuple(places)

    def _place_of(self, parameter: Any) -> int | None:
        try:
            return self._places.get(parameter)
        except TypeError:
            return None


def _constant(value: Any) -> str:
    connection.ensure_connection()
    return sql.Literal(value).as_string(connection.connection).replace("%", "%%")
