"""Key rotation: moves every sealed column to the newest key, a batch at a time, and can be killed anywhere.

Each value names its key, so nothing needs to be remembered between two runs: what still names an old key is what is
left to do.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import BinaryField, F, Func, QuerySet, Value

from apps.core import crypto
from apps.core.crypto import SealedColumn, Undecipherable


@dataclass(frozen=True, slots=True)
class Batch:
    """What one batch did: how many values have moved, and the rows whose value no key of the ring opens."""

    column: SealedColumn
    moved: int
    unreadable: tuple[uuid.UUID, ...]


def reseal(batch: int = 500) -> Iterator[Batch]:
    """Move what old keys have sealed to the newest; each batch commits by itself.

    A value that changes meanwhile was sealed with the newest key by whoever changed it, and stays as it is.
    """
    for column in crypto.sealed_columns:
        last: uuid.UUID | None = None
        while rows := list(_left(column, last)[:batch]):
            yield _move(column, rows)
            last = rows[-1].pk


def left() -> dict[str, int]:
    """Count, by column, the values that an old key has sealed; a key may go when there are none."""
    return {str(column): _left(column, None).count() for column in crypto.sealed_columns}


def _left(column: SealedColumn, last: uuid.UUID | None) -> QuerySet[Any]:
    mark = crypto.current_mark()
    begins = Func(
        F(column.column), Value(1), Value(len(mark)), function="substr", output_field=BinaryField()
    )
    rows = column.model._base_manager.exclude(**{column.column: None}).annotate(begins=begins)
    old = rows.exclude(begins=mark).order_by("pk")
    return old if last is None else old.filter(pk__gt=last)


def _move(column: SealedColumn, rows: list[Any]) -> Batch:
    moved, unreadable = 0, []
    with transaction.atomic():
        for row in rows:
            before, bound_to = bytes(getattr(row, column.column)), getattr(row, column.bound_by)
            try:
                after = crypto.seal(crypto.open_sealed(before, row=bound_to), row=bound_to)
            except Undecipherable:
                unreadable.append(row.pk)
                continue
            unchanged = column.model._base_manager.filter(pk=row.pk, **{column.column: before})
            moved += unchanged.update(**{column.column: after})
    return Batch(column, moved, tuple(unreadable))
