"""The feed's first page for a crowd that is not signed in: made once a moment, and standing while Postgres is away."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import OperationalError, connections
from django.test import Client

from apps.core import cache
from apps.core.documents import Document
from apps.core.http import projection, views
from tests.content.desk import published
from tests.phone import Phone

FEED = "/api/v1/feed"


@pytest.fixture(autouse=True)
def _shared_for_a_minute(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SHARED_PAGE_SECONDS = 60.0
    monkeypatch.setattr(views, "_documents", {})


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
    (document,) = views._documents.values()
    monkeypatch.setattr(document, "_trusted_until", 0.0)
    cache.client().hset(f"document:page:{FEED}", "stale_at", "1")

    def away(*_: Any, **__: Any) -> Callable[..., Any]:
        raise OperationalError

    monkeypatch.setattr(projection, "page", away)
    assert Client().get(FEED).content == before
    Document.forget_all()
    cache.client().flushdb()
    assert Client(raise_request_exception=False).get(FEED).status_code == 503
