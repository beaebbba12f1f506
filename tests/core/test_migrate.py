"""Migrations may take long, but wait for nobody for long; requests afterwards may not."""

from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.commands import migrate
from django.db import connection


def bounds() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('statement_timeout'), current_setting('lock_timeout')"
        )
        found: tuple[str, str] = cursor.fetchone()
        return found


@pytest.mark.django_db
def test_migrations_take_as_long_as_they_take(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(migrate.Command, "handle", lambda *_, **__: seen.append(bounds()))

    call_command("migrate", verbosity=0)

    assert seen == [("0", "3s")]
    assert bounds() == ("8s", "3s")


@pytest.mark.django_db
def test_a_failed_migration_leaves_the_bound_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(migrate.Command, "handle", fail)

    with pytest.raises(RuntimeError):
        call_command("migrate", verbosity=0)
    assert bounds() == ("8s", "3s")
