"""`manage.py seed`: a clone has something to show, however often it is asked for, and production refuses."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.accounts.models import User
from tests.phone import PASSWORD, Phone


@pytest.fixture
def local(settings: Any, tmp_path: Path) -> Any:
    settings.LOCAL = True
    settings.LOCAL_STATE = tmp_path
    return settings


def seeded() -> list[str]:
    told = StringIO()
    call_command("seed", stdout=told)
    return [line.split()[0] for line in told.getvalue().splitlines()]


def counts() -> dict[str, int]:
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        found = {}
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")
            found[table] = cursor.fetchone()[0]
    return found


def test_a_second_run_adds_nothing(db: None, local: Any) -> None:
    floors = seeded()
    assert floors == sorted(floors, key=["accounts", "devices", "notifications", "content"].index)
    assert {"accounts", "content"} <= set(floors)
    once = counts()

    seeded()

    assert counts() == once


def test_what_it_makes_can_be_read(db: None, local: Any) -> None:
    seeded()
    phone = Phone()

    feed = phone.get("feed?limit=100").json["items"]
    assert len(feed) > 30
    assert len({post["author"]["display_name"] for post in feed}) >= 5
    moments = [post["published_at"] for post in feed]
    assert moments == sorted(set(moments), reverse=True)
    talked_about = next(post for post in feed if post["comment_count"])
    comments = phone.get(f"posts/{talked_about['id']}/comments").json["items"]
    assert len(comments) == talked_about["comment_count"]


def test_the_people_it_makes_can_sign_in(db: None, local: Any) -> None:
    seeded()

    people = json.loads((local.LOCAL_STATE / "demo.json").read_text())

    for person in people:
        phone = Phone()
        assert phone.login(person["email"], person["password"]).status == 200
    assert {person["label"] for person in people} >= {"Ada", "Grace"}
    ada = Phone()
    ada.login("ada@example.test", PASSWORD)
    assert {post["status"] for post in ada.get("posts").json["items"]} == {
        "published",
        "draft",
        "archived",
    }


def test_what_was_deleted_stays_deleted(db: None, local: Any) -> None:
    seeded()
    ada = Phone()
    ada.login("ada@example.test", PASSWORD)
    post = ada.get("posts?limit=1").json["items"][0]
    ada.delete(f"posts/{post['id']}", if_match="*")

    seeded()

    assert ada.get(f"posts/{post['id']}").status == 404


def test_only_a_developers_machine_takes_known_passwords(db: None, settings: Any) -> None:
    settings.LOCAL = False

    with pytest.raises(CommandError, match="known passwords"):
        call_command("seed")

    assert not User.objects.exists()
