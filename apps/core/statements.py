"""Prepared statements: SQL text that is known beforehand runs here, past the ORM's compiler and cursors.

On the paths that every phone takes, making SQL costs several times what running it does. Text must be constant: each is
prepared once per connection, and planned once (`plan_cache_mode` in settings/database.py) until its plan is old.
"""

import time
import uuid
from collections.abc import Sequence
from functools import lru_cache
from types import NoneType
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models.expressions import DatabaseDefault
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ConnStatus, ExecStatus, Format, TransactionStatus

from apps.core import pipeline
from apps.core.pipeline import Step

# Seconds that plans are used for: on a new connection for one, then for twice as long each time.
_FIRST_PLANS, _OLDEST_PLANS = 1.0, 60.0


def first(sql: str, parameters: Sequence[Any]) -> tuple[Any, ...] | None:
    """Run a statement that returns rows, and return the first one, if there is one; else as `rows`."""
    found = rows(sql, parameters, most=1)
    return found[0] if found else None


def rows(
    sql: str, parameters: Sequence[Any], *, most: int | None = None
) -> Sequence[tuple[Any, ...]]:
    """Run a statement that returns rows, and return them, or as many as asked for.

    Inside a transaction it takes part in it. Raises what Django's cursors raise.
    """
    # Once: `django.db.connection` looks for itself at each use.
    database: Any = connections[DEFAULT_DB_ALIAS]
    if _is_watched(database):
        with database.cursor() as watched:
            watched.execute(sql, parameters)
            return watched.fetchall() if most is None else watched.fetchmany(most)
    with database.wrap_database_errors:
        pool = None if database.connection else database.pool
        if pool is None:
            database.ensure_connection()
            return _rows(database.connection, sql, parameters, most)
        if pool.closed:
            pool.open()
        # Lent for the time of the statement, not of the request.
        lent = pool.getconn()
        try:
            return _rows(lent, sql, parameters, most)
        finally:
            pool.putconn(lent)


def commit(sql: str, parameters: Sequence[Any]) -> None:
    """Run the last statement of the running transaction and commit with it, in one round trip if it can be.

    Whatever the statement returns is not looked at: it refuses by an error. Raises what Django's cursors raise.
    """
    database: Any = connections[DEFAULT_DB_ALIAS]
    if _is_watched(database) or not _is_outermost(database):
        first(sql, parameters)
        return
    with database.wrap_database_errors:
        raw = database.connection
        last, ending = _bound(raw, sql, parameters), Step(_prepared(raw, "COMMIT", ()))
        # Django's own commit finds nothing to do afterwards, and runs what waits for it.
        for result in pipeline.results_of(raw.pgconn, [last, ending]):
            _checked(raw, result)


def _is_watched(database: Any) -> bool:
    """Tell whether somebody counts or logs queries: Django's own cursor tells them."""
    return bool(database.queries_logged or database.execute_wrappers)


def _is_outermost(database: Any) -> bool:
    """Tell whether the end of the innermost `atomic` is the end of the transaction, and the transaction no test's."""
    blocks = database.atomic_blocks
    is_alone = len(blocks) == 1 and not blocks[0]._from_testcase
    return is_alone and database.commit_on_exit and not database.needs_rollback


def _rows(
    raw: Any, sql: str, parameters: Sequence[Any], most: int | None
) -> Sequence[tuple[Any, ...]]:
    """What a psycopg cursor does with `prepare=True, binary=True`, in half of its processor time."""
    step = _bound(raw, sql, parameters)
    if not raw.autocommit and raw.pgconn.transaction_status == TransactionStatus.IDLE:
        beginning = Step(_prepared(raw, "BEGIN", ()))
        begun, found = pipeline.results_of(raw.pgconn, [beginning, step])
        _checked(raw, begun)
    else:
        found = raw.pgconn.exec_prepared(*step, Format.BINARY)
    size = _checked(raw, found).ntuples
    if not size:
        return ()
    values = _memory_of(raw).values
    values.set_pgresult(found)
    loaded: Sequence[tuple[Any, ...]] = values.load_rows(
        0, size if most is None else min(most, size), tuple
    )
    values.set_pgresult(None)
    return loaded


def _bound(raw: Any, sql: str, parameters: Sequence[Any]) -> Step:
    memory = _memory_of(raw)
    if time.monotonic() > memory.plans_end:
        _plan_anew(raw, memory)
    bound = memory.values.dump_sequence(parameters, [PyFormat.AUTO] * len(parameters))
    types, formats = memory.values.types or (), memory.values.formats or ()
    return Step(_prepared(raw, sql, types), bound, formats)


class _Memory:
    """What is known of one connection."""

    def __init__(self, raw: Any) -> None:
        # Turns values into parameters and results into values, with what it has learnt of types so far.
        self.values: Any = Transformer(raw)
        self.names: dict[tuple[str, tuple[int, ...]], bytes] = {}
        self.plans_last = _FIRST_PLANS
        self.plans_end = time.monotonic() + _FIRST_PLANS


def _memory_of(raw: Any) -> _Memory:
    try:
        memory: _Memory = raw._our_memory
    except AttributeError:
        memory = raw._our_memory = _Memory(raw)
    return memory


def _plan_anew(raw: Any, memory: _Memory) -> None:
    """Forget the plans: one that was made while a table was empty reads all of it when it is full.

    Postgres itself does so when it next analyses the table, a minute later or more.
    """
    if raw.pgconn.transaction_status in (TransactionStatus.IDLE, TransactionStatus.INTRANS):
        _checked(raw, raw.pgconn.exec_(b"DISCARD PLANS"))
        memory.plans_last = min(2 * memory.plans_last, _OLDEST_PLANS)
        memory.plans_end = time.monotonic() + memory.plans_last


def _prepared(raw: Any, sql: str, types: tuple[int, ...]) -> bytes:
    """Return the name of the statement on this connection, prepared when it is new to it."""
    names = _memory_of(raw).names
    name = names.get((sql, types))
    if name is None:
        name = b"ours_%d" % len(names)
        _checked(raw, raw.pgconn.prepare(name, _numbered(sql).encode(), types))
        names[sql, types] = name
    return name


@lru_cache(1_024)
def _numbered(sql: str) -> str:
    """Write `%s` as Postgres numbers its parameters, and `%%` as a percent sign."""
    first, *rest = sql.split("%s")
    text = first + "".join(f"${number}{piece}" for number, piece in enumerate(rest, 1))
    return text.replace("%%", "%")


def _checked(raw: Any, result: Any) -> Any:
    if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        return result
    if raw.pgconn.status != ConnStatus.OK:
        raise psycopg.OperationalError(raw.pgconn.get_error_message())
    raise psycopg.errors.error_from_result(result)


def insert(row: models.Model) -> bool:
    """Insert a new row unless its key is taken, and bring back what the database filled in; one statement.

    Returns whether the row is new. Raises IntegrityError for any other constraint.
    """
    return insert_and_read(row, "SELECT", ()) is not None


def insert_and_read(
    row: models.Model, sql: str, parameters: Sequence[Any]
) -> tuple[Any, ...] | None:
    """Insert like `insert`, and return in the same statement the row that `sql` finds with the new row in its table.

    Empty where it finds none, None when the key is taken.
    """
    values = {field: getattr(row, field.attname) for field in type(row)._meta.local_concrete_fields}
    given = tuple(f for f, value in values.items() if not isinstance(value, DatabaseDefault))
    text, filled_in = _insertion(type(row), given, sql)
    inserted = [_prepared_value(field, values[field]) for field in given]
    found = first(text, [*inserted, *parameters])
    if found is None:
        return None
    for field, value in zip(filled_in, found, strict=False):
        setattr(row, field.attname, value)
    row._state.adding, row._state.db = False, connection.alias
    return found[len(filled_in) :]


type _Field = models.Field[Any, Any]

# Values of these types go into columns of these kinds as they are.
_PLAIN: dict[type[_Field], set[type[Any]]] = {
    models.CharField: {str, NoneType},
    models.UUIDField: {uuid.UUID, NoneType},
    models.ForeignKey: {uuid.UUID, NoneType},
    models.BooleanField: {bool},
}


def _prepared_value(field: _Field, value: Any) -> Any:
    if type(value) in _PLAIN.get(type(field), ()):
        return value
    return field.get_db_prep_save(value, connection)


@lru_cache(256)
def _insertion(
    model: type[models.Model], given: tuple[_Field, ...], sql: str
) -> tuple[str, list[_Field]]:
    fields = model._meta.local_concrete_fields
    key = model._meta.pk
    # The key is asked for as well: a row comes back even when the database fills in nothing.
    filled_in = [field for field in fields if field not in given] or [key]
    # The rows that are returned take the table's name: in it, `sql` finds what is not yet to be seen there.
    text = (
        f"WITH {_quoted(model._meta.db_table)} AS (INSERT INTO {_quoted(model._meta.db_table)} "  # noqa: S608
        f"({', '.join(_quoted(field.column) for field in given)}) "
        f"VALUES ({', '.join('%s' for _ in given)}) "
        f"ON CONFLICT ({_quoted(key.column)}) DO NOTHING RETURNING *) "
        f"SELECT {', '.join(f'made.{_quoted(field.column)}' for field in filled_in)}, found.* "
        f"FROM {_quoted(model._meta.db_table)} AS made LEFT JOIN ({sql}) AS found ON true"
    )
    return text, filled_in


def _quoted(name: str | None) -> str:
    return connection.ops.quote_name(name or "")
