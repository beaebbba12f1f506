"""`make plans`: the tables of `docs/plans.md`, measured on what the local database holds; fails where a list is dear.

What the database does not hold of other tables, a crowd brings along, and takes away again when all is measured.
"""

import re
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import connection, transaction
from django.test.utils import setup_test_environment

from apps.accounts.models import User
from apps.accounts.services import sessions
from apps.accounts.services.sessions import Origin
from tests import crowd
from tests.contract.test_every_endpoint import operations
from tests.phone import Phone
from tests.plans import LISTS, explained, faults, nodes, pages, rows_read

_SEARCHES = {
    "a rare word": "lighthouses",
    "its beginning": "lighth",
    "the same with a typo": "lighthuoses",
    "a word of every post": "harbour",
    "a word of many titles": "post",
    "a word of one post in seventy": "{common}",
    "its beginning, four letters": "{begun}",
    "two of them": "{common} {other}",
    "one with a typo": "{mistyped}",
}
_HEAD = (
    "# Plans\n\nEvery list on {count:,} posts, written by `make plans`: the page after the first, 20 rows of it; the"
    " most rows that it reads of one table; what a page of 100 weighs of its budget.\n\n"
    "| list | read off | rows read | ms in Postgres | bytes of a full page |\n| --- | --- | --- | --- | --- |\n"
)
_SEARCH_HEAD = (
    "\n## Search\n\nThe first page. Posts that have the words are found through one index or the other, whichever is"
    " nearer, and ranked, so many of them.\n\n"
    "| asked for | found | read off | rows read | ms in Postgres |\n| --- | --- | --- | --- | --- |\n"
)


def main() -> None:
    """Judge the local database and write down what was found. Raises CommandError for lists that are too dear."""
    setup_test_environment()
    with transaction.atomic():
        phone, shown = _crowded()
        lists, found = _lists(phone, shown)
        searches = list(_searches(phone))
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM content_post")
            head = _HEAD.format(count=cursor.fetchone()[0])
        transaction.set_rollback(True)
    text = head + "\n".join(lists) + "\n" + _SEARCH_HEAD + "\n".join(searches) + "\n"
    Path("docs/plans.md").write_text(text)
    sys.stdout.write(text)
    if found:
        raise CommandError("\n".join(found))


def _lists(phone: Phone, shown: str) -> tuple[list[str], list[str]]:
    """Return a line for each list, and what is wrong with any."""
    budgets = {
        re.sub(r"api/v\d/", "", re.sub(r"<\w+:(\w+)>", r"{\1}", name)): declared.budget.bytes
        for name, _, declared in operations()
    }
    lines, found = [], []
    for name, said in LISTS.items():
        asked = name.replace("{id}", shown)
        plans = list(pages(phone, asked))
        found += [f"{name}{where}: {x}" for where, plan, n in plans for x in faults(plan, n, said)]
        path = asked.split()[1]
        full = phone.get(path + ("&" if "?" in path else "?") + "limit=100")
        weight, budget = len(full.content), budgets[name.split("?")[0]]
        size = f"{weight:,} of {budget:,}"
        found += [f"{name}: a full page weighs {size}"] if weight > budget else []
        lines.append(_line(f"`{name}`", *_cost(plans[-1][1]), size))
    return lines, found


def _searches(phone: Phone) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word FROM unnest(string_to_array((SELECT body FROM content_post WHERE length(body) > 300"
            " ORDER BY id LIMIT 1 OFFSET 1000), ' ')) AS word WHERE length(word) > 7 LIMIT 2"
        )
        (common,), (other,) = cursor.fetchall() or [["words"], ["post"]]
    mistyped = common[:2] + common[3] + common[2] + common[4:]
    for what, asked in _SEARCHES.items():
        q = asked.format(common=common, other=other, begun=common[:4], mistyped=mistyped)
        page, plan = explained(phone, f"search?q={q}")
        many = f"{len(page['items'])}{' and more' if page['next'] else ''}"
        yield _line(what, many, *_cost(plan))


def _cost(plan: dict[str, Any]) -> tuple[str, str, str]:
    """Return what a page is read off, the most rows of a table, its milliseconds."""
    indexes = dict.fromkeys(n["Index Name"] for n in nodes(plan) if "Index Name" in n)
    most = max(rows_read(plan).values())
    return ", ".join(indexes), f"{most:,.0f}", f"{plan['Actual Total Time']:.1f}"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def signed_in(person: User) -> Phone:
    phone = Phone()
    with transaction.atomic():
        origin = Origin(installation_id=phone.installation_id, platform="ios")
        phone.access = sessions.begin(person, origin).access
    phone.user = {"id": str(person.pk)}
    return phone


def _crowded() -> tuple[Phone, str]:
    """Return somebody who has much of everything, and a post that was talked about."""
    person = User.objects.create(email=f"{uuid.uuid4()}@crowd.test", display_name="Ada Author")
    phone = signed_in(person)
    shown = str(uuid.uuid4())
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO content_post (id, author_id, title, summary, body, language, tags, status, published_at)"
            " VALUES (%s, %s, 'Talked about', '', '', '', '{}', 'published', now())",
            [shown, person.pk],
        )
    crowd.gather(phone, shown)
    return phone, shown
