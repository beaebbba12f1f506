"""Access, cell by cell: every operation, by everybody who may try, on everything they may try it on."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from apps.core import cache
from apps.core.http import throttling
from tests.contract import matrix
from tests.contract.cast import KINDS, Cast
from tests.contract.matrix import Operation, Row
from tests.phone import Answer

# What differs between any two answers, and what no two callers share.
_PER_REQUEST = {"X-Request-Id", "Date"}
# States in which a thing does not exist for whoever asks; nothing may tell one from the other.
_NOWHERE = ("foreign", "deleted", "absent")

# Any cache may keep these.
SAME_FOR_ALL = {"GET auth/jwks"}

DOCUMENT = Path("docs/security.md")


@pytest.fixture
def cast(db: None) -> Cast:
    return Cast()


def test_every_operation_has_a_row() -> None:
    missing = matrix.operations().keys() - matrix.rows().keys()

    assert not missing, matrix.how_to_add(sorted(missing))


def test_every_row_has_an_operation_a_rule_and_a_kind() -> None:
    for name, row in matrix.rows().items():
        assert name in matrix.operations(), f"{name} is gone: remove its row"
        assert row.rule in matrix.rules(), f"{name}: there is no rule {row.rule}"
        about_one = any(matrix.expected(row, "others"))
        assert about_one == bool(row.of), f"{name}: the rule {row.rule} is about one thing or none"
        assert not row.of or row.of in KINDS, f"{name}: cast.py makes no {row.of}"


@pytest.mark.parametrize("app", matrix.rows_by_app())
def test_everybody_may_what_the_matrix_says(cast: Cast, app: str) -> None:
    findings, rows, cells = [], matrix.rows_by_app()[app], Counter[str]()
    for name, row in rows.items():
        operation = matrix.operations()[name]
        faults = [
            fault for role in cast.roles for fault in _faults(cast, operation, row, role, cells)
        ]
        findings += [f"{name} ({row.rule}):", *faults] if faults else []

    assert not findings, "\n".join(findings)
    line = f"| {app} | {len(rows)} | {cells.total():,} | {cells['refused']:,} | 0 |"
    assert line in DOCUMENT.read_text(), f"docs/security.md, what is counted: {line}"


def _faults(
    cast: Cast, operation: Operation, row: Row, role: str, cells: Counter[str]
) -> Iterator[str]:
    nowhere: dict[str, Any] = {}
    for state, expected in matrix.expected(row, role).items():
        ids = cast.ids(row.of, state, role) if state else {}
        if expected == "-" or ids is None:
            continue
        answer = _undone(cast, operation, row, role, ids)
        cells["let in" if expected == "yes" else "refused"] += 1
        if not _fits(answer, expected, row):
            came = f"{answer.status} came: {answer.content[:200]!r}"
            yield f"  {role}, {state or 'all'}: {expected} was expected, {came}"
        if state in _NOWHERE and (expected != "yes" or operation.verb == "DELETE"):
            nowhere[state] = _bare(answer, ids)
    first = next(iter(nowhere.values()), None)
    for state, answer in nowhere.items():
        if answer != first:
            yield f"  {role} can tell {state} from {next(iter(nowhere))}: {answer} and {first}"


def _undone(cast: Cast, operation: Operation, row: Row, role: str, ids: dict[str, str]) -> Answer:
    """Let somebody try, and undo what it did."""
    cache.client().flushdb()
    throttling.local.clear()
    body = operation.example if row.body is None else row.body
    with transaction.atomic():
        answer = cast.people[role].send(
            operation.verb,
            matrix.filled(operation.path, ids) + row.query,
            None if body is None else json.loads(matrix.filled(json.dumps(body), ids)),
            **operation.headers,
        )
        transaction.set_rollback(True)
    return answer


def _fits(answer: Answer, expected: str, row: Row) -> bool:
    if expected != "yes":
        return answer.status == int(expected)
    return answer.status in row.passes if row.passes else 200 <= answer.status < 300


def _bare(answer: Answer, ids: dict[str, str]) -> Any:
    """Leave of an answer what must not tell one id from another."""
    text = answer.content.decode()
    headers = {name: value for name, value in answer.headers.items() if name not in _PER_REQUEST}
    for own in ids.values():
        text = text.replace(own, "…")
        headers = {name: value.replace(own, "…") for name, value in headers.items()}
    return answer.status, headers, re.sub(r'"request_id":"[^"]*"', "", text)


@pytest.mark.django_db
def test_no_other_verb_and_no_disguise_reaches_an_operation(author: Any) -> None:
    """Whatever a path does not offer is a 405, whichever header asks for it (AZ-07)."""
    offered: dict[str, set[str]] = {}
    for operation in matrix.operations().values():
        offered.setdefault(operation.path, set()).add(operation.verb)

    for path, verbs in offered.items():
        concrete = _concrete(path)
        for verb in {"GET", "POST", "PUT", "PATCH", "DELETE"} - verbs:
            assert author.send(verb, concrete, {}).status == 405, f"{verb} {path}"
        if "DELETE" in verbs and "POST" not in verbs:
            disguised = author.post(concrete, {}, x_http_method_override="DELETE")
            assert disguised.status == 405, path


@pytest.mark.django_db
def test_lists_are_neither_sorted_nor_filtered_by_what_they_do_not_offer(author: Any) -> None:
    """No oracle through columns that are not shown (AZ-09)."""
    for name, operation in matrix.operations().items():
        if operation.verb != "GET":
            continue
        for asked in ("ordering=password", "author__email=ada", "id__gt=1", "is_staff=true"):
            answer = author.get(f"{_concrete(operation.path)}?{asked}")
            assert answer.status in {400, 404}, f"{name}?{asked}: {answer.status}"


@pytest.mark.django_db
def test_no_answer_is_kept_for_others_and_no_tag_stands_for_theirs(
    author: Any, stranger: Any
) -> None:
    """Somebody else's tag is current for those alone who are sent the same (AZ-10)."""
    for name, operation in matrix.operations().items():
        if operation.verb != "GET":
            continue
        path = _concrete(operation.path)
        own = author.get(path)
        kept = own.headers["Cache-Control"]
        if name not in SAME_FOR_ALL:
            assert {"private", "no-store"} & set(kept.split(", ")), name
            assert "no-store" in kept or "Authorization" in own.headers["Vary"], name
        if "ETag" in own.headers:
            theirs = stranger.get(path, if_none_match=own.etag)
            assert theirs.status != 304 or stranger.get(path).content == own.content, name


def test_no_id_on_the_wire_is_a_number() -> None:
    """Rows are named by UUIDs, in paths and in shapes (AZ-08)."""
    for version in ("v1", "v2"):
        document = matrix.documented(version)
        for name, schema in document["components"]["schemas"].items():
            for member, kind in schema.get("properties", {}).items():
                named = member == "id" or member.endswith("_id")
                assert not named or "integer" not in kind.get("type", ""), f"{name}.{member}"
        for path, verbs in document["paths"].items():
            for operation in (verbs[verb] for verb in verbs.keys() - {"parameters"}):
                for parameter in operation.get("parameters", ()):
                    in_path = parameter.get("in") == "path"
                    assert not in_path or parameter["schema"]["type"] == "string", path


def _concrete(path: str) -> str:
    return re.sub(r"\{\w+\}", "01936d2f-8c7a-7c3e-9b1f-4a5d6e7f8091", path)
