"""Conditions that Postgres must look at row by row, and how it is kept from looking at everything."""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce


@dataclass(frozen=True, slots=True)
class Sieve:
    """The rows that an index finds, and a condition that it knows nothing of."""

    rows: models.QuerySet[Any]
    condition: Q


def finds(rows: models.QuerySet[Any]) -> Q:
    """Return the condition that there is such a row, of which there is one at most, found by a unique index.

    As EXISTS, but never answered by reading all that somebody has, be it little or a hundred thousand: the planner
    prefers that where it knows averages alone.
    """
    found = rows.annotate(found=Value(True)).values("found")
    return Q(Coalesce(models.Subquery(found), Value(False)))
