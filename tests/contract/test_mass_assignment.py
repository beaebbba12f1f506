"""Nobody assigns what an operation does not offer: every column of every table is refused, and nothing changes."""

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from apps.core import cache
from apps.core.http import throttling
from tests.contract import matrix
from tests.contract.cast import Cast
from tests.contract.matrix import Operation, Row

# What must never be anybody's to say, and the operations in whose shape such a name means something else.
PROTECTED = {
    "is_staff",
    "is_superuser",
    "is_active",
    "owner",
    "owner_id",
    "author",
    "author_id",
    "user",
    "user_id",
    "id",
    "rev",
    "created_at",
    "updated_at",
    "deleted_at",
    "email_verified",
}
OFFERED = {
    "POST posts": {
        "id"
    },  # chosen by the client for what it wrote offline; one that is taken is refused
    "POST posts/{id}/comments": {"id"},
    "POST media": {"id"},
    "POST me/blocks": {"user_id"},  # whom to block
}
# Written while requests are refused, too.
BOOKKEEPING = {"accounts_session"}


def test_no_shape_offers_what_is_protected() -> None:
    offered = {
        name: PROTECTED & operation.shape.get("properties", {}).keys()
        for name, operation in matrix.operations().items()
        if operation.shape
    }

    assert {name: names for name, names in offered.items() if names} == OFFERED


@pytest.mark.django_db
def test_every_column_of_every_table_is_refused_and_nothing_changes() -> None:
    cast = Cast()
    writes = [(operation, matrix.rows()[name]) for name, operation in _writable()]
    ids = {name.name: _ids(cast, row) for name, row in writes}
    before = _everything()

    findings = [
        fault
        for operation, row in writes
        for fault in _faults(cast, operation, row, ids[operation.name])
    ]

    assert not findings, "\n".join(findings)
    assert _everything() == before


def _writable() -> Iterator[tuple[str, Operation]]:
    for name, operation in matrix.operations().items():
        if operation.shape is not None and name in matrix.rows():
            yield name, operation


def _ids(cast: Cast, row: Row) -> Mapping[str, str]:
    """Name something that the owner may write to."""
    states = matrix.expected(row, "owner")
    state = next((state for state, cell in states.items() if cell == "yes"), "")
    return (cast.ids(row.of, state, "owner") or {}) if state else {}


def _faults(cast: Cast, operation: Operation, row: Row, ids: Mapping[str, str]) -> Iterator[str]:
    example = operation.example if row.body is None else row.body
    body = json.loads(matrix.filled(json.dumps(example), ids))
    for place, poisoned, names in _poisoned(operation, body):
        cache.client().flushdb()
        throttling.local.clear()
        path = matrix.filled(operation.path, ids)
        answer = cast.people["owner"].send(operation.verb, path, poisoned, **operation.headers)
        accepted = {f"{place}/{name}" for name in names} - (
            answer.pointers if answer.status == 400 else set()
        )
        if accepted:
            yield f"{operation.name}: {answer.status}, not refused: {sorted(accepted)[:6]}…"


def _poisoned(
    operation: Operation, body: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any], set[str]]]:
    """Yield the body with every name that its shape does not have; then each object in it likewise."""
    assert operation.shape is not None
    document = matrix.documented(operation.version)
    names = _columns() - operation.shape.get("properties", {}).keys()
    yield "", body | dict.fromkeys(names, True), names
    for member, schema in operation.shape.get("properties", {}).items():
        inner = matrix.resolved(schema, document).get("properties")
        if inner and isinstance(body.get(member), dict):
            below = _columns() - inner.keys()
            whole = copy.deepcopy(body)
            whole[member] |= dict.fromkeys(below, True)
            yield f"/{member}", whole, below


def _columns() -> set[str]:
    fields = [field for model in _models() for field in model._meta.concrete_fields]
    return {field.name for field in fields} | {field.attname for field in fields} | PROTECTED


def _models() -> list[Any]:
    return [model for model in apps.get_models() if model.__module__.startswith("apps.")]


def _everything() -> dict[str, str]:
    """Return a digest of every table."""
    tables = sorted({model._meta.db_table for model in _models()} - BOOKKEEPING)
    digest = "SELECT md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) FROM {} AS t"
    with connection.cursor() as cursor:
        found = {}
        for table in tables:
            cursor.execute(digest.format(connection.ops.quote_name(table)))
            found[table] = cursor.fetchone()[0]
        return found
