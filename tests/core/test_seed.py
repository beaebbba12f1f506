"""`manage.py seed`: a clone has something to show, however often it is asked for, and production refuses."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.functions import Now

from apps.accounts.models import User
from apps.content.models import Post


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


def test_each_app_builds_on_the_apps_below_it(db: None, local: Any) -> None:
    """Accounts first: the rows of every other app belong to somebody."""
    floors = seeded()

    assert floors[0] == "accounts"
    assert floors == [
        app.label for app in reversed([*apps.get_app_configs()]) if app.label in floors
    ]


def test_a_second_run_adds_nothing(db: None, local: Any) -> None:
    seeded()
    once = counts()

    seeded()

    assert counts() == once


def test_only_a_developers_machine_takes_known_passwords(db: None, settings: Any) -> None:
    settings.LOCAL = False

    with pytest.raises(CommandError, match="known passwords"):
        call_command("seed")

    assert not User.objects.exists()


def test_at_scale_it_makes_what_is_missing_and_shows_how_far_it_is(db: None, local: Any) -> None:
    told = StringIO()
    call_command("seed", scale=300, stdout=told)
    once = counts()

    assert "content_post" in told.getvalue()
    assert "300 of 300" in told.getvalue()
    assert once["content_post"] > 300
    # Whatever was published is found.
    published = Post.objects.exclude(published_at=None)
    assert once["content_document"] == published.count()

    call_command("seed", scale=300, stdout=told)
    assert counts() == once

    call_command("seed", scale=500, stdout=told)
    assert counts()["content_post"] == once["content_post"] + 200
    assert not published.filter(document=None).exists()
    # Whoever publishes after that is found as well.
    post = Post.objects.filter(status="draft").latest("id")
    Post.objects.filter(pk=post.pk).update(status="published", published_at=Now())
    assert published.filter(pk=post.pk, document__title=post.title.lower()).exists()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM content_post AS post WHERE comment_count <>"
            " (SELECT count(*) FROM content_comment WHERE post_id = post.id)"
        )
        assert cursor.fetchone() == (0,)
