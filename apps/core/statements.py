"""Prepared statements: SQL text that is known beforehand runs here, past the ORM's compiler and cursors.

On the paths that every phone takes, making SQL costs several times what running it does. Text must be constant: each is
prepared once per connection, and planned once (`plan_cache_mode` in settings/database.py).
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import psycopg
from django.db import connection, models
from django.db.models.expressions import DatabaseDefault
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ConnStatus, ExecStatus, Format, TransactionStatus

from apps.core import pipeline
from apps.core.pipeline import Step


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
    if connection.queries_logged or connection.execute_wrappers:
        # Somebody counts or logs queries: Django's own cursor tells them.
        with connection.cursor() as watched:
            watched.execute(sql, parameters)
            return watched.fetchall() if most is None else watched.fetchmany(most)
    with connection.wrap_database_errors:
        pool = None if connection.connection else connection.pool  # type: ignore[attr-defined]
        if pool is None:
            connection.ensure_connection()
            return _rows(connection.connection, sql, parameters, most)
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
    if not _commits_here():
        first(sql, parameters)
        return
    with connection.wrap_database_errors:
        raw = connection.connection
        _, step = _bound(raw, sql, parameters)
        ending = Step(_prepared(raw, "COMMIT", ()))
        # Django's own commit finds nothing to do afterwards, and runs what waits for it.
        for result in pipeline.results_of(raw.pgconn, [step, ending]):
            _checked(raw, result)


def _commits_here() -> bool:
    """Tell whether the end of the innermost `atomic` is the end of the transaction, and nobody counts statements."""
    is_outermost = connection.in_atomic_block and not connection.savepoint_ids
    is_watched = connection.queries_logged or connection.execute_wrappers
    return (
        is_outermost and connection.commit_on_exit and not (is_watched or connection.needs_rollback)
    )


def _rows(
    raw: Any, sql: str, parameters: Sequence[Any], most: int | None
) -> Sequence[tuple[Any, ...]]:
    """What a psycopg cursor does with `prepare=True, binary=True`, in half of its processor time."""
    values, step = _bound(raw, sql, parameters)
    if not raw.autocommit and raw.pgconn.transaction_status == TransactionStatus.IDLE:
        beginning = Step(_prepared(raw, "BEGIN", ()))
        begun, *rest = pipeline.results_of(raw.pgconn, [beginning, step])
        _checked(raw, begun)
        (found,) = rest
    else:
        found = raw.pgconn.exec_prepared(*step, Format.BINARY)
    size = _checked(raw, found).ntuples
    if not size:
        return ()
    values.set_pgresult(found)
    loaded: Sequence[tuple[Any, ...]] = values.load_rows(
        0, size if most is None else min(most, size), tuple
    )
    return loaded


def _bound(raw: Any, sql: str, parameters: Sequence[Any]) -> tuple[Any, Step]:
    values = Transformer(raw)
    bound = values.dump_sequence(parameters, [PyFormat.AUTO] * len(parameters))
    return values, Step(_prepared(raw, sql, values.types or ()), bound, values.formats or ())


def _prepared(raw: Any, sql: str, types: tuple[int, ...]) -> bytes:
    """Return the name of the statement on this connection, prepared when it is new to it."""
    known: dict[tuple[str, tuple[int, ...]], bytes] = raw.__dict__.setdefault("_our_statements", {})
    name = known.get((sql, types))
    if name is None:
        name = b"ours_%d" % len(known)
        _checked(raw, raw.pgconn.prepare(name, _numbered(sql).encode(), types))
        known[sql, types] = name
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
    values = {field: getattr(row, field.attname) for field in type(row)._meta.local_concrete_fields}
    given = tuple(f for f, value in values.items() if not isinstance(value, DatabaseDefault))
    sql, filled_in = _insertion(type(row), given)
    found = first(sql, [field.get_db_prep_save(values[field], connection) for field in given])
    if found is None:
        return False
    for field, value in zip(filled_in, found, strict=True):
        setattr(row, field.attname, value)
    row._state.adding, row._state.db = False, connection.alias
    return True


type _Field = models.Field[Any, Any]


@lru_cache(256)
def _insertion(model: type[models.Model], given: tuple[_Field, ...]) -> tuple[str, list[_Field]]:
    fields = model._meta.local_concrete_fields
    key = model._meta.pk
    # The key is asked for as well: a row comes back even when the database fills in nothing.
    filled_in = [field for field in fields if field not in given] or [key]
    sql = (
        f"INSERT INTO {_quoted(model._meta.db_table)} "  # noqa: S608
        f"({', '.join(_quoted(field.column) for field in given)}) "
        f"VALUES ({', '.join('%s' for _ in given)}) "
        f"ON CONFLICT ({_quoted(key.column)}) DO NOTHING "
        f"RETURNING {', '.join(_quoted(field.column) for field in filled_in)}"
    )
    return sql, filled_in


def _quoted(name: str | None) -> str:
    return connection.ops.quote_name(name or "")
