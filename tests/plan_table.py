"""`make plans`: the table of `docs/plans.md`, measured on whatever the local database holds."""

import re
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.test.utils import setup_test_environment

from apps.accounts.models import User
from apps.accounts.services import sessions
from apps.accounts.services.sessions import Origin
from tests.contract.test_every_endpoint import operations
from tests.phone import Phone
from tests.plans import LISTS, faults, nodes, pages, touched


def measured(phone: Phone, name: str) -> tuple[str, float, float, int]:
    """Return what a list's next page is read off, the most rows it reads of a table, its milliseconds,

    and how many bytes a full page has.
    """
    *_, (_, plan, _) = pages(phone, name)
    found = list(nodes(plan))
    indexes = dict.fromkeys(node["Index Name"] for node in found if "Index Name" in node)
    read: dict[str, float] = {}
    for node in found:
        if "Relation Name" in node:
            read[node["Relation Name"]] = read.get(node["Relation Name"], 0) + touched(node)
    path = name.split()[1]
    full = phone.get(path + ("&" if "?" in path else "?") + "limit=100")
    return ", ".join(indexes), max(read.values()), plan["Actual Total Time"], len(full.content)


def main() -> None:
    """Judge the local database and write down what was found."""
    setup_test_environment()
    person, shown = _reader_and_post()
    phone = _signed_in(person)
    budgets = {
        re.sub(r"api/v\d/", "", re.sub(r"<\w+:(\w+)>", r"{\1}", name)): declared.budget.bytes
        for name, _, declared in operations()
    }
    lines = []
    for name, said in LISTS.items():
        # A word that every post has is the dearest.
        asked = name.replace("lighthouses", "harbour").replace("{id}", shown)
        first = phone.get(asked.split()[1])
        # What nobody made here, there is nothing to say about.
        if first.status == 404 or not first.json["items"]:
            continue
        indexes, rows, milliseconds, size = measured(phone, asked)
        found = [fault for _, plan, n in pages(phone, asked) for fault in faults(plan, n, said)]
        budget = budgets[name.split("?")[0]]
        cells = (
            f"`{asked.replace(shown, '{id}')}`",
            indexes,
            f"{rows:.0f}",
            f"{milliseconds:.1f}",
            f"{size:,} of {budget:,}",
        )
        lines.append(f"| {' | '.join(cells)} |")
        print(lines[-1], *found, sep="\n    ")
    _write(lines)


def _write(lines: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM content_post")
        count = cursor.fetchone()[0]
    Path("docs/plans.md").write_text(
        f"# Plans\n\nEvery list on {count:,} posts, written by `make plans`: the page after the first, 20 rows of it;"
        " the most rows that it reads of one table; what a page of 100 weighs of its budget.\n\n"
        "| list | read off | rows read | ms in Postgres | bytes of a full page |\n| --- | --- | --- | --- | --- |\n"
        + "\n".join(lines)
        + "\n"
    )


def _reader_and_post() -> tuple[Any, str]:
    """Return somebody who wrote much, and a post that was talked about."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT author_id FROM content_post GROUP BY author_id ORDER BY count(*) DESC LIMIT 1"
        )
        person = cursor.fetchone()[0]
        cursor.execute(
            "SELECT id FROM content_post WHERE comment_count > 1 AND status = 'published'"
            " AND visibility = 'public' LIMIT 1"
        )
        return person, str(cursor.fetchone()[0])


def _signed_in(person: Any) -> Phone:
    phone = Phone()
    with transaction.atomic():
        origin = Origin(installation_id=phone.installation_id, platform="ios")
        phone.access = sessions.begin(User.objects.get(pk=person), origin).access
    return phone
