"""Posts by the million, for plans and benchmarks: who wrote them, what was said to them, and who keeps them."""

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import batched

import pgtrigger
from django.db import connection

from apps.accounts.models import User
from apps.content.models import Bookmark, Comment, Document, Post
from apps.core.bulk import Row, Tell, copy_rows
from apps.core.ids import first_id

_FIRST = datetime(2020, 1, 1, tzinfo=UTC)
# Of twenty posts 17 are in the feed.
_STANDING = {
    7: ("draft", "public"),
    11: ("published", "unlisted"),
    15: ("published", "private"),
}
_COMMENTS_EACH = 3
_KEEPS_EVERY = 10
_BODY = 400
_AT_ONCE = 10_000
_SYLLABLES = ("lan", "ter", "na", "vi", "ga", "tor", "mar", "e", "ble", "so", "quin", "dra", "pe")


def seed_at_scale(count: int, tell: Tell) -> None:
    """Write posts until there are `count` of these, with comments and bookmarks, by a hundredth as many people."""
    everybody = User.objects.order_by("id").values_list("id", flat=True)
    people = [str(person) for person in everybody[: count // 100 + 1]]
    before = Post.objects.filter(pk__gte=first_id(_FIRST), pk__lt=_id(count)).count()
    numbers = range(before, count)
    written = posts(numbers, _BODY, people, random.Random(count))  # noqa: S311 - to read, not to guess
    with _no_documents():
        copy_rows(Post, written, total=len(numbers), tell=tell)
    _write_documents(numbers, tell)
    said = sum(number % _COMMENTS_EACH for number in numbers)
    copy_rows(Comment, _comments(numbers, people), total=said, tell=tell)
    kept = range(before + -before % _KEEPS_EVERY, count, _KEEPS_EVERY)
    copy_rows(Bookmark, _bookmarks(kept, people), total=len(kept), tell=tell)
    with connection.cursor() as cursor:
        # What autovacuum would do within the hour.
        cursor.execute(
            "SELECT gin_clean_pending_list(name) FROM unnest(%s::regclass[]) AS name", [_GIN]
        )
        cursor.execute("ANALYZE")


_GIN = ["document_words", "document_title"]
# As the trigger does, for all at once.
_DOCUMENTS = """
    INSERT INTO content_document (post_id, words, title)
    SELECT id, content_words(language, title, summary, tags, body), lower(unaccent(title))
    FROM content_post WHERE id BETWEEN %s AND %s AND published_at IS NOT NULL
"""


@contextmanager
def _no_documents() -> Iterator[None]:
    """Let posts in without their search documents: one by one they would take most of the time."""
    with connection.cursor() as cursor:
        # A table is altered only while no deferred check of its rows is pending.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        pgtrigger.disable("content.Post:document")
        yield
        pgtrigger.enable("content.Post:document")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _write_documents(numbers: range, tell: Tell) -> None:
    if not numbers:
        return
    with connection.cursor() as cursor:
        for some in batched(numbers, _AT_ONCE):
            cursor.execute(_DOCUMENTS, [_id(some[0]), _id(some[-1])])
            tell(Document._meta.db_table, some[-1] - numbers[0] + 1, len(numbers))


def posts(numbers: range, body: int, people: list[str], chance: random.Random) -> Iterator[Row]:
    """Yield posts with bodies of `body` characters, a minute apart: no two were published at the same moment."""
    text = _text(chance, 400_000)
    span = len(text) - body - 200
    for number in numbers:
        moment = _moment(number).isoformat()
        status, visibility = _STANDING.get(number % 20, ("published", "public"))
        start = chance.randrange(span)
        yield {
            "id": str(_id(number)),
            "author_id": people[chance.randrange(len(people))],
            "title": text[start : start + 48].strip(),
            "summary": text[start + 48 : start + 180].strip(),
            "body": text[start : start + body],
            "status": status,
            "visibility": visibility,
            "language": "en",
            "tags": "{harbour,lights}",
            "comment_count": str(number % _COMMENTS_EACH),
            "created_at": moment,
            "updated_at": moment,
            "published_at": moment if status == "published" else None,
        }


def _comments(numbers: range, people: list[str]) -> Iterator[Row]:
    for number in numbers:
        for place in range(number % _COMMENTS_EACH):
            moment = (_moment(number) + timedelta(seconds=place + 1)).isoformat()
            yield {
                "post_id": str(_id(number)),
                "author_id": people[(number + place) % len(people)],
                "body": "Lovely, and well seen.",
                "created_at": moment,
                "updated_at": moment,
            }


def _bookmarks(numbers: range, people: list[str]) -> Iterator[Row]:
    for number in numbers:
        moment = _moment(number).isoformat()
        keeper = people[number * 7 % len(people)]
        yield {"post_id": str(_id(number)), "user_id": keeper, "created_at": moment}


def _moment(number: int) -> datetime:
    return _FIRST + timedelta(minutes=number)


def _id(number: int) -> uuid.UUID:
    """Name a post by its number, so that nobody has to remember a million ids."""
    return uuid.UUID(int=first_id(_moment(number)).int | number)


def _text(chance: random.Random, length: int) -> str:
    words = ["".join(chance.choices(_SYLLABLES, k=chance.randint(1, 4))) for _ in range(5_000)]
    return " ".join(chance.choices(words, k=length // 6))
