"""How Postgres answers every list when there is much to choose from: by index, in order, reading what it shows."""

import re
from typing import Any

import pytest
from django.db import connection

from apps.core.http.operations import Page
from tests import crowd
from tests.content.desk import published
from tests.contract.test_every_endpoint import operations
from tests.phone import Phone
from tests.plans import LISTS, READERS, faults, pages


def test_every_list_is_judged() -> None:
    paths = {
        re.sub(r"api/v\d/", "", re.sub(r"<\w+:(\w+)>", r"{\1}", name))
        for name, _, declared in operations()
        if isinstance(declared.response, Page)
    }

    missing = paths - {name.split("?")[0] for name in LISTS}
    assert not missing, (
        "Name the index of each under [lists] in tests/contract/lists.toml, as"
        f' "GET feed" = {{ index = ["post_listed"] }}: {sorted(missing)}'
    )


def test_every_page_is_read_off_an_index(author: Phone) -> None:
    """At the first page and further down: no table read through, nothing sorted but a page, little read in vain."""
    shown = published(author)["id"]
    crowd.gather(author, shown)

    findings = [
        f"{name}{where}: {fault}"
        for name, said in LISTS.items()
        for where, plan, found in pages(author, name.replace("{id}", shown))
        for fault in faults(plan, found, said)
    ]

    assert not findings, "\n".join(findings)


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
      AND NOT tables.relispartition
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
