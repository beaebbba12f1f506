"""What Postgres does for a page: its plan, and whether that is what a list may cost."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.phone import Phone

_SAID = tomllib.loads((Path(__file__).parent / "contract/lists.toml").read_text())
LISTS: dict[str, dict[str, Any]] = _SAID["lists"]
READERS: dict[str, str] = _SAID["readers"]
_LIMIT = 20
# Tables of few rows are read as Postgres likes.
_SMALL = 500


def pages(phone: Phone, name: str) -> Iterator[tuple[str, dict[str, Any], int]]:
    """Yield the plans of the one statement behind the first page and the next, and how many rows each shows."""
    path = name.split()[1] + ("&" if "?" in name else "?") + f"limit={_LIMIT}"
    following = ""
    for where in ("", ", next page"):
        page, plan = explained(phone, path + following)
        assert page["items"], f"{name}: nothing to show; fill its table in tests/crowd.py"
        yield where, plan, len(page["items"])
        if not page["next"]:
            return
        following = f"&cursor={page['next']}"


def explained(phone: Phone, path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a page, and how Postgres ran the one statement behind it."""
    with CaptureQueriesContext(connection) as sent:
        page = phone.get(path)
    assert page.status == 200, page.content
    statement = max((one["sql"] for one in sent), key=len)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.replace('%', '%%')}", [])
        return page.json, cursor.fetchone()[0][0]["Plan"]


def rows_read(plan: dict[str, Any]) -> dict[str, float]:
    """Return how many rows were read of each table."""
    read: dict[str, float] = {}
    for node in nodes(plan):
        if "Relation Name" in node:
            read[node["Relation Name"]] = read.get(node["Relation Name"], 0) + touched(node)
    return read


def faults(plan: dict[str, Any], shown: int, said: dict[str, Any]) -> Iterator[str]:
    every = list(nodes(plan))
    unused = set(said["index"]) - {node.get("Index Name") for node in every}
    if unused:
        yield f"{sorted(unused)} not used: {_outline(every)}"
    most = said.get("reads", 3 * (shown + 1))
    for node in every:
        if node["Node Type"] == "Seq Scan" and _rows_of(node["Relation Name"]) > _SMALL:
            yield f"{node['Relation Name']} is read through: {_outline(every)}"
        if "Sort" in node["Node Type"] and _in(node) > max(_LIMIT + 1, said.get("reads", 0)):
            yield f"{_in(node):.0f} rows are sorted: {_outline(every)}"
    for table, rows in rows_read(plan).items():
        if rows > most:
            yield f"{rows:.0f} rows of {table} are read for {shown}: {_outline(every)}"


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def touched(node: dict[str, Any]) -> float:
    """Return how many rows a scan looked at, kept or not."""
    vain = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return (node["Actual Rows"] + vain) * node["Actual Loops"]


def _in(node: dict[str, Any]) -> float:
    return sum(inner["Actual Rows"] * inner["Actual Loops"] for inner in node["Plans"])


def _rows_of(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [table])
        return cursor.fetchone()[0]


def _outline(every: list[dict[str, Any]]) -> str:
    return ", ".join(
        f"{node['Node Type']} {node.get('Index Name') or node.get('Relation Name') or ''}".strip()
        for node in every
    )
