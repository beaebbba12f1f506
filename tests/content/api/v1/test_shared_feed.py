"""The feed's first page, shared by all who see the same: made once a moment, and standing while Postgres is away."""

import socket
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import OperationalError, connections
from django.test import Client

from apps.core import cache
from apps.core.documents import Document
from apps.core.http import projection, shared_pages
from tests.content.desk import published
from tests.phone import Phone

FEED = "/api/v1/feed"


@pytest.fixture(autouse=True)
def _shared_for_a_minute(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SHARED_PAGE_SECONDS = 60.0
    monkeypatch.setattr(shared_pages, "_documents", {})


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was worked out, in order."""
    made: list[object] = []
    original = projection.page

    def page(read: Any, *arguments: Any, **options: Any) -> Any:
        made.append(read)
        return original(read, *arguments, **options)

    monkeypatch.setattr(projection, "page", page)
    return made


def test_everybody_who_is_not_signed_in_shares_one(author: Phone, asked: list[object]) -> None:
    published(author, title="First")
    first = Client().get(FEED)
    published(author, title="Second")

    again = Client().get(FEED)
    assert again.content == first.content
    assert Client().get(FEED, headers={"If-None-Match": first["ETag"]}).status_code == 304
    assert len(asked) == 1


def test_its_next_page_and_people_who_are_signed_in_get_their_own(
    author: Phone, asked: list[object]
) -> None:
    published(author, title="First")
    Client().get(FEED)
    published(author, title="Second")

    titles = [post["title"] for post in author.get("feed").json["items"]]
    assert titles == ["Second", "First"]
    assert len(Client().get(f"{FEED}?limit=1").json()["items"]) == 1
    assert len(asked) == 3


@pytest.mark.django_db(transaction=True)
def test_a_crowd_has_it_worked_out_once(author: Phone, asked: list[object]) -> None:
    published(author, title="First")

    def ask(_: int) -> bytes:
        try:
            return Client().get(FEED).content
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as crowd:
        answers = set(crowd.map(ask, range(80)))

    assert len(answers) == 1
    assert len(asked) == 1


def test_the_last_one_stands_while_postgres_is_away(
    author: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(author, title="First")
    before = Client().get(FEED).content
    (document,) = shared_pages._documents.values()
    monkeypatch.setattr(document, "_trusted_until", 0.0)
    cache.client().hset(f"document:page:{FEED}", "stale_at", "1")

    def away(*_: Any, **__: Any) -> Callable[..., Any]:
        raise OperationalError

    monkeypatch.setattr(projection, "page", away)
    assert Client().get(FEED).content == before
    Document.forget_all()
    cache.client().flushdb()
    assert Client(raise_request_exception=False).get(FEED).status_code == 503


def quiet(*phones: Phone) -> None:
    """As if they had not written for a while."""
    for phone in phones:
        cache.client().delete(cache.wrote_key(uuid.UUID(phone.user_id)))


def titles(phone: Phone) -> list[str]:
    return [post["title"] for post in phone.get("feed").json["items"]]


def test_who_is_no_different_shares_it_signed_in(
    author: Phone, stranger: Phone, asked: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(25):
        published(author, title=f"Post {number}")
    Client().get(FEED)
    quiet(author, stranger)

    shown = stranger.get("feed")
    again = stranger.get("feed", if_none_match=shown.headers["ETag"])

    assert len(asked) == 1
    assert again.status == 304
    # Only the cursor is the reader's own, and leads on.
    assert (
        author.get("feed").json["items"]
        == shown.json["items"]
        == Client().get(FEED).json()["items"]
    )
    following = stranger.get(f"feed?cursor={shown.json['next']}")
    assert [post["title"] for post in following.json["items"]] == [
        f"Post {n}" for n in range(4, -1, -1)
    ]
    assert author.get(f"feed?cursor={shown.json['next']}").status == 400


def test_it_is_what_the_reader_would_be_shown_alone(
    author: Phone, stranger: Phone, settings: Any
) -> None:
    for number in range(25):
        published(author, title=f"Post {number}")
    quiet(stranger)
    shared = stranger.get("feed")

    settings.SHARED_PAGE_SECONDS = 0.0
    alone = stranger.get("feed")

    assert alone.content == shared.content
    assert alone.headers["ETag"] == shared.headers["ETag"]


def test_who_just_wrote_sees_what_they_wrote(author: Phone, stranger: Phone) -> None:
    published(author, title="First")
    quiet(author, stranger)
    assert titles(author) == titles(stranger) == ["First"]

    published(author, title="Second")

    assert titles(author) == ["Second", "First"]
    assert titles(stranger) == ["First"]


@pytest.mark.parametrize("blocked", ["author", "stranger"])
def test_whoever_meets_somebody_no_more_is_shown_a_page_of_their_own(
    author: Phone, stranger: Phone, blocked: str
) -> None:
    published(author, title="By the author")
    published(stranger, title="By the stranger")
    quiet(author, stranger)
    assert titles(author) == titles(stranger) == ["By the stranger", "By the author"]
    people = {"author": author, "stranger": stranger}
    other = people[blocked]
    blocker = author if other is stranger else stranger

    assert blocker.post("me/blocks", {"user_id": other.user_id}).status in {200, 201}
    quiet(author, stranger)

    assert titles(author) == ["By the author"]
    assert titles(stranger) == ["By the stranger"]


def test_while_redis_is_away_everybody_is_shown_their_own(
    author: Phone, stranger: Phone, settings: Any
) -> None:
    published(author, title="First")
    quiet(author, stranger)
    assert titles(stranger) == ["First"]
    published(author, title="Second")

    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        settings.CACHE_URL = f"redis://127.0.0.1:{unused.getsockname()[1]}/0"
        assert titles(stranger) == ["Second", "First"]
