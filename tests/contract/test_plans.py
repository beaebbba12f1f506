"""How Postgres answers every list when there is much to choose from: by index, in order, reading what it shows."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.http.operations import Page
from tests import crowd
from tests.content.desk import published
from tests.contract.test_every_endpoint import operations
from tests.phone import Phone

_SAID = tomllib.loads(Path(__file__).with_name("lists.toml").read_text())
LISTS: dict[str, dict[str, Any]] = _SAID["lists"]
READERS: dict[str, str] = _SAID["readers"]
_LIMIT = 20
# Tables of few rows are read as Postgres likes.
_SMALL = 500


def test_every_list_is_judged() -> None:
    paths = {
        re.sub(r"api/v\d/", "", re.sub(r"<\w+:(\w+)>", r"{\1}", name))
        for name, _, declared in operations()
        if isinstance(declared.response, Page)
    }

    missing = paths - {name.split("?")[0] for name in LISTS}
    assert not missing, (
        "Name the index of each under [lists] in tests/contract/lists.toml, as"
        f' "GET feed" = {{ index = ["post_feed"] }}: {sorted(missing)}'
    )


def test_every_page_is_read_off_an_index(author: Phone) -> None:
    """At the first page and further down: no table read through, nothing sorted but a page, little read in vain."""
    shown = published(author)["id"]
    crowd.gather(author, shown)

    findings = [
        f"{name}{where}: {fault}"
        for name, said in LISTS.items()
        for where, plan, found in _pages(author, name.replace("{id}", shown))
        for fault in _faults(plan, found, said)
    ]

    assert not findings, "\n".join(findings)


def _pages(phone: Phone, name: str) -> Iterator[tuple[str, dict[str, Any], int]]:
    """Yield the plans of the one statement behind the first page and the next, and how many rows each shows."""
    path = name.split()[1] + ("&" if "?" in name else "?") + f"limit={_LIMIT}"
    following = ""
    for where in ("", ", next page"):
        with CaptureQueriesContext(connection) as sent:
            page = phone.get(path + following)
        assert page.status == 200, page.content
        assert page.json["items"], f"{name}: nothing to show; fill its table in tests/crowd.py"
        statement = max((one["sql"] for one in sent), key=len)
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.replace('%', '%%')}", [])
            plan = cursor.fetchone()[0][0]["Plan"]
            yield where, plan, len(page.json["items"])
        if not page.json["next"]:
            return
        following = f"&cursor={page.json['next']}"


def _faults(plan: dict[str, Any], shown: int, said: dict[str, Any]) -> Iterator[str]:
    nodes = list(_nodes(plan))
    unused = set(said["index"]) - {node.get("Index Name") for node in nodes}
    if unused:
        yield f"{sorted(unused)} not used: {_outline(nodes)}"
    most = said.get("reads", 3 * (shown + 1))
    read: dict[str, float] = {}
    for node in nodes:
        if node["Node Type"] == "Seq Scan" and _rows_of(node["Relation Name"]) > _SMALL:
            yield f"{node['Relation Name']} is read through: {_outline(nodes)}"
        if "Sort" in node["Node Type"] and _in(node) > max(_LIMIT + 1, said.get("reads", 0)):
            yield f"{_in(node):.0f} rows are sorted: {_outline(nodes)}"
        if "Relation Name" in node:
            read[node["Relation Name"]] = read.get(node["Relation Name"], 0) + _touched(node)
    for table, rows in read.items():
        if rows > most:
            yield f"{rows:.0f} rows of {table} are read for {shown}: {_outline(nodes)}"


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


def _touched(node: dict[str, Any]) -> float:
    """Return how many rows a scan looked at, kept or not."""
    vain = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return (node["Actual Rows"] + vain) * node["Actual Loops"]


def _in(node: dict[str, Any]) -> float:
    return sum(inner["Actual Rows"] * inner["Actual Loops"] for inner in node["Plans"])


def _rows_of(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [table])
        return cursor.fetchone()[0]


def _outline(nodes: list[dict[str, Any]]) -> str:
    return ", ".join(
        f"{node['Node Type']} {node.get('Index Name') or node.get('Relation Name') or ''}".strip()
        for node in nodes
    )


# Indexes: all but partitions', Django's own tables between two, and those that Django adds for LIKE 'x%'.
_INDEXES = """
    SELECT tables.relname AS "table", indexes.relname AS name, indisunique AS is_unique,
           indkey::text AS keys, indclass::text AS classes, indoption::text AS options,
           coalesce(pg_get_expr(indpred, indrelid), '') AS condition,
           coalesce(pg_get_expr(indexprs, indrelid), '') AS expressions,
           indnkeyatts AS key_count, am.amname AS method,
           indnkeyatts = 1 AND EXISTS (
               SELECT FROM pg_constraint
               WHERE conrelid = indrelid AND contype = 'f' AND conkey[1] = indkey[0]
           ) AS is_keys_own
    FROM pg_index
    JOIN pg_class AS indexes ON indexes.oid = indexrelid
    JOIN pg_class AS tables ON tables.oid = indrelid
    JOIN pg_am AS am ON am.oid = indexes.relam
    WHERE tables.relname ~ '^(core|accounts|devices|notifications|content)_'
      AND NOT tables.relispartition AND indexes.relname !~ '_like$'
      AND tables.relname NOT IN ('accounts_user_groups', 'accounts_user_user_permissions')
"""


@pytest.fixture
def indexes(db: None) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(_INDEXES)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def test_every_index_has_a_reader(indexes: list[dict[str, Any]]) -> None:
    read = READERS.keys() | {name for said in LISTS.values() for name in said["index"]}
    # What Django names ends in a digest.
    names = {index["name"]: re.sub(r"_[0-9a-f]{8}$", "", index["name"]) for index in indexes}

    unread = [
        name
        for index in indexes
        if not (index["is_unique"] or index["is_keys_own"])
        and (name := names[index["name"]]) not in read
    ]
    assert not unread, f"Say under [readers] in tests/contract/lists.toml who reads: {unread}"
    assert not READERS.keys() - set(names.values()), "these are gone"


def test_no_index_is_the_beginning_of_another(indexes: list[dict[str, Any]]) -> None:
    twice = [
        f"{one['name']} is contained in {other['name']}"
        for one in indexes
        for other in indexes
        if one is not other and _is_contained(one, other)
    ]

    assert twice == []


def _is_contained(one: dict[str, Any], other: dict[str, Any]) -> bool:
    # A condition makes a smaller index, which is a reason of its own.
    same = ("table", "method", "expressions", "condition")
    if one["is_unique"] or any(one[name] != other[name] for name in same):
        return False
    return all(
        one[name].split()[: one["key_count"]] == other[name].split()[: one["key_count"]]
        for name in ("keys", "classes", "options")
    )
