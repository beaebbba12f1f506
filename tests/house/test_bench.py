"""The bench compares like with like: the twin answers the JSON that ours answers, from the same tables."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from tests.load import same
from tests.load.same import Asker
from tests.phone import Phone

DRAFT = {
    "title": "Harbour lights",
    "summary": "What the night ferry sees.",
    "body": "The first lamp is lit at five.",
    "visibility": "public",
    "tags": ["harbour", "lights"],
}


@pytest.fixture
def people(transactional_db: None) -> tuple[Phone, Phone]:
    """Committed, because the twin is another process."""
    author = Phone().verified("author@example.test", display_name="Ada Author")
    stranger = Phone().verified("stranger@example.test", display_name="Sam Stranger")
    return author, stranger


@pytest.fixture
def twin(people: tuple[Phone, Phone]) -> Iterator[Asker]:
    author, _ = people
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.load.twin.settings",
        "DATABASE_URL": urlunsplit(url),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "tests.load.twin", author.user_id],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdin
        assert process.stdout

        def ask(method: str, path: str, body: dict[str, Any] | None) -> tuple[int, Any]:
            print(json.dumps([method, path, body]), file=process.stdin, flush=True)
            status, shown = json.loads(process.stdout.readline())
            return status, shown

        yield ask
        process.stdin.close()


def test_the_twin_answers_the_same_json(people: tuple[Phone, Phone], twin: Asker) -> None:
    author, stranger = people
    for number, writer in enumerate([author, stranger] * 4):
        written = published(writer, {**DRAFT, "title": f"Harbour lights {number}"})
    published(stranger, {**DRAFT, "visibility": "private"})

    assert same.differences(as_asker(author), twin, written, DRAFT) == []


def test_what_is_not_the_same_is_told() -> None:
    def ours(method: str, path: str, body: dict[str, Any] | None) -> tuple[int, Any]:
        return 200, {"items": [{"title": "Harbour lights"}], "next": "a cursor"}

    def another(method: str, path: str, body: dict[str, Any] | None) -> tuple[int, Any]:
        return 200, {"items": [{"title": "Harbour"}], "next": "an address"}

    assert same.differences(ours, ours, "id", DRAFT) == []
    assert len(same.differences(ours, another, "id", DRAFT)) == 4


def published(writer: Phone, draft: dict[str, Any]) -> str:
    post: str = writer.post("posts", draft).json["id"]
    assert writer.post(f"posts/{post}/publish").status == 200
    return post


def as_asker(phone: Phone) -> Asker:
    def ask(method: str, path: str, body: dict[str, Any] | None) -> tuple[int, Any]:
        answer = phone.send(method, path, body)
        return answer.status, answer.json

    return ask
