"""Inside the product's own process: fills a database with people and posts, and signs people in."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction

from apps.accounts.models import User
from apps.accounts.services import sessions
from apps.accounts.services.sessions import Origin
from apps.content.models import Post
from tests.load.people import PASSWORD, address, device

_BATCH = 1_000
_SYLLABLES = ("lan", "ter", "na", "vi", "ga", "tor", "mar", "e", "ble", "so", "quin", "dra", "pe")
_FIRST = datetime(2024, 1, 1, tzinfo=UTC)


def fill(people: int, posts: int, body: int) -> None:
    """Write people and posts, the posts with bodies of `body` characters, by COPY; committed at once.

    Of twenty posts 17 are in the feed; one each is a draft, unlisted and private.
    """
    chance = random.Random(posts)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL synchronous_commit = off")
        # Nobody searches here: the trigger that reads every post for search would take most of the time.
        cursor.execute("SET LOCAL session_replication_role = replica")
        # One hash for all: a hundred megabytes of Argon2 for each of them would take minutes.
        _copy(cursor, User, _people(people, make_password(PASSWORD)))
        cursor.execute(f"SELECT id FROM {User._meta.db_table} ORDER BY email")
        authors = [str(found[0]) for found in cursor.fetchall()]
        # Nothing here searches, and taking millions of texts apart would take hours.
        cursor.execute(f"ALTER TABLE {Post._meta.db_table} DISABLE TRIGGER USER")
        _copy(cursor, Post, _posts(posts, body, authors, chance))
        cursor.execute(f"ALTER TABLE {Post._meta.db_table} ENABLE TRIGGER USER")
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("VACUUM (FREEZE, ANALYZE)")


def _people(count: int, password: str) -> Iterator[dict[str, str]]:
    for number in range(count):
        yield {
            "email": address(number),
            "display_name": f"Reader {number}",
            "password": password,
            "is_superuser": "f",
        }


def _posts(
    count: int, body: int, authors: list[str], chance: random.Random
) -> Iterator[dict[str, str]]:
    text = _text(chance, 400_000)
    span = len(text) - body
    for number in range(count):
        # A minute apart, whatever their number: no two were published at the same moment.
        moment = (_FIRST + timedelta(minutes=number)).isoformat()
        status, visibility = _STANDING.get(number % 20, ("published", "public"))
        start = chance.randrange(span)
        yield {
            "author_id": authors[chance.randrange(len(authors))],
            "title": text[start : start + 48].strip(),
            "summary": text[start + 48 : start + 180].strip(),
            "body": text[start : start + body],
            "status": status,
            "visibility": visibility,
            "language": "en",
            "tags": "{harbour,lights}",
            "created_at": moment,
            "updated_at": moment,
            "published_at": moment if status == "published" else r"\N",
        }


_STANDING = {
    7: ("draft", "public"),
    11: ("published", "unlisted"),
    15: ("published", "private"),
}


def _text(chance: random.Random, length: int) -> str:
    words = ["".join(chance.choices(_SYLLABLES, k=chance.randint(1, 4))) for _ in range(5_000)]
    return " ".join(chance.choices(words, k=length // 6))


def _copy(cursor: object, model: type, rows: Iterator[dict[str, str]]) -> None:
    first = next(rows)
    columns = ", ".join(first)
    # Nothing in the texts needs escaping: they are made of letters and blanks.
    with cursor.copy(f"COPY {model._meta.db_table} ({columns}) FROM STDIN") as copy:  # type: ignore[attr-defined]
        lines = ["\t".join(first.values())]
        for row in rows:
            lines.append("\t".join(row.values()))
            if len(lines) == _BATCH:
                copy.write("\n".join(lines) + "\n")
                lines.clear()
        copy.write("".join(f"{line}\n" for line in lines))


def sign_in(people: int) -> None:
    """Begin a session for each of the first people and print device and access token of each."""
    found = []
    for number, user in enumerate(User.objects.order_by("email")[:people]):
        origin = Origin(installation_id=device(number), platform="ios", app_version="2.4.0")
        with transaction.atomic():
            found.append((device(number), sessions.begin(user, origin).access))
    print(json.dumps(found))
