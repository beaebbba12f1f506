"""Tables in monthly partitions by a UUIDv7 column: months are made ahead, and dropped whole when they are past keeping.

An id carries its time, so the month of a row is a range of ids. What belongs to no month yet waits in the partition
`<table>_rest` and moves when its month is made: an insert never fails for want of a partition.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from django.db import connection, transaction

from apps.core.ids import first_id

_CHILDREN = """
    SELECT child.relname FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
    WHERE inhparent = %s::regclass ORDER BY 1
"""
_MAKE = """
    CREATE TABLE {month} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
    WITH strays AS (
        DELETE FROM {table}_rest WHERE {column} >= '{first}' AND {column} < '{end}' RETURNING *
    ) INSERT INTO {month} SELECT * FROM strays;
    ALTER TABLE {table} ATTACH PARTITION {month} FOR VALUES FROM ('{first}') TO ('{end}');
"""


def split_by_month(table: str, column: str) -> None:
    """Put a partitioned table in the place of a plain, empty and new one; for the migration that makes it.

    It has the columns and checks of the plain one, `id` and `column` as its key, and only its partition for the rest.
    """
    sql = f"""
        ALTER TABLE {table} RENAME TO {table}_plain;
        CREATE TABLE {table} (LIKE {table}_plain INCLUDING DEFAULTS INCLUDING CONSTRAINTS)
            PARTITION BY RANGE ({column});
        DROP TABLE {table}_plain;
        ALTER TABLE {table} ADD CONSTRAINT {table}_key PRIMARY KEY (id, {column});
        CREATE TABLE {table}_rest PARTITION OF {table} DEFAULT;
    """
    with connection.cursor() as cursor:
        cursor.execute(sql)


def make_ahead(table: str, column: str, *, months: int, now: datetime | None = None) -> list[str]:
    """Make the partitions of this month and the following ones; return the names of the new ones. Commits each."""
    known = set(_children(table))
    made = []
    moments = _months_from(now or datetime.now(UTC))
    start = next(moments)
    for _ in range(months + 1):
        end = next(moments)
        month = f"{table}_{start:%Y_%m}"
        if month not in known:
            names = {"table": table, "column": column, "month": month}
            sql = _MAKE.format(**names, first=first_id(start), end=first_id(end))
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(sql)
            made.append(month)
        start = end
    return made


def drop_before(table: str, moment: datetime) -> list[str]:
    """Drop the partitions whose whole month lies before a moment; return their names. Commits each.

    Waits for nobody longer than the lock timeout of a connection: what is in use goes the next time.
    """
    dropped = []
    for child in _children(table):
        found = re.fullmatch(rf"{table}_(\d{{4}})_(\d\d)", child)
        if found and _end_of(int(found[1]), int(found[2])) <= moment:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"DROP TABLE {child}")
            dropped.append(child)
    return dropped


def _children(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_CHILDREN, [table])
        return [name for (name,) in cursor.fetchall()]


def _months_from(moment: datetime) -> Iterator[datetime]:
    year, month = moment.year, moment.month
    while True:
        yield datetime(year, month, 1, tzinfo=UTC)
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def _end_of(year: int, month: int) -> datetime:
    months = _months_from(datetime(year, month, 1, tzinfo=UTC))
    next(months)
    return next(months)
