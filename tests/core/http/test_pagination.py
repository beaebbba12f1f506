"""Keyset pages: complete, stable, and with cursors nobody can bend."""

import base64
import random
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.core.models import Job

URL = "/api/v1/things"


@pytest.fixture
def things() -> list[Job]:
    """45 rows, many of them born at the same moment."""
    now = timezone.now()
    rows = [
        Job(name=f"thing {number}", queue="bulk", created_at=now - timedelta(minutes=number // 7))
        for number in range(45)
    ]
    random.Random(1).shuffle(rows)
    return Job.objects.bulk_create(rows)


def walk(phone: Client, limit: int = 7) -> list[str]:
    seen: list[str] = []
    cursor = ""
    while True:
        page = phone.get(f"{URL}?limit={limit}" + (f"&cursor={cursor}" if cursor else "")).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            return seen


def test_pages_are_complete_and_in_order_through_ties(phone: Client, things: list[Job]) -> None:
    in_order = sorted(things, key=lambda thing: (thing.created_at, thing.id), reverse=True)

    assert walk(phone) == [str(thing.id) for thing in in_order]
    assert walk(phone, limit=45) == walk(phone, limit=1)


def test_a_row_that_arrives_meanwhile_shifts_nothing(phone: Client, things: list[Job]) -> None:
    first = phone.get(f"{URL}?limit=10").json()
    Job.objects.create(name="newest", queue="bulk")
    second = phone.get(f"{URL}?limit=10&cursor={first['next']}").json()

    ids = [item["id"] for item in first["items"] + second["items"]]
    assert len(set(ids)) == 20


def test_twenty_by_default_and_null_at_the_end(phone: Client, things: list[Job]) -> None:
    assert len(phone.get(URL).json()["items"]) == 20
    assert phone.get(f"{URL}?limit=45").json()["next"] is None


def test_a_page_is_one_query(
    phone: Client, things: list[Job], django_assert_num_queries: Any
) -> None:
    cursor = phone.get(f"{URL}?limit=5").json()["next"]

    with django_assert_num_queries(1) as captured:
        phone.get(f"{URL}?limit=5&cursor={cursor}")
    assert '"kwargs"' not in captured[0]["sql"], "columns that the shape does not show are not read"


def test_a_cursor_belongs_to_its_account(ada: Client, grace: Client, things: list[Job]) -> None:
    cursor = ada.get(f"{URL}?limit=5").json()["next"]

    assert ada.get(f"{URL}?cursor={cursor}").status_code == 200
    assert grace.get(f"{URL}?cursor={cursor}").json()["errors"][0]["code"] == "invalid_cursor"


def test_every_bent_cursor_is_refused(phone: Client, things: list[Job]) -> None:
    cursor = phone.get(f"{URL}?limit=5").json()["next"]
    raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    bent = [cursor[:length] for length in range(1, len(cursor), 9)]
    for position in range(len(raw)):
        raw[position] ^= 1
        bent.append(base64.urlsafe_b64encode(raw).rstrip(b"=").decode())
        raw[position] ^= 1

    for one in bent:
        answer = phone.get(URL, {"cursor": one})
        assert answer.status_code == 400, one
        assert answer.json()["errors"] == [
            {
                "pointer": "/query/cursor",
                "code": "invalid_cursor",
                "detail": "Start again without a cursor.",
            }
        ]


def test_a_cursor_survives_a_rotated_secret_key(
    phone: Client, things: list[Job], settings: Any
) -> None:
    cursor = phone.get(f"{URL}?limit=5").json()["next"]

    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the next key, with enough characters to be one"

    assert phone.get(f"{URL}?cursor={cursor}").status_code == 200


def test_fields_narrow_the_answer(phone: Client, things: list[Job]) -> None:
    assert phone.get(f"{URL}?fields=id,name&limit=1").json()["items"][0].keys() == {"id", "name"}
