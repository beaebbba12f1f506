"""What holds every request of the suite to one order of locks notices what it should."""

import pytest
from django.db import transaction

from apps.accounts.models import EmailCode, Session, User
from apps.core.http.views import ApiView
from tests import budgets
from tests.lock_order import OutOfOrder, locked_by
from tests.phone import Phone


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ('SELECT * FROM "a" WHERE x FOR UPDATE', ["a"]),
        ('SELECT * FROM "a" JOIN "b" ON x FOR NO KEY UPDATE OF "b", "a"', ["b", "a"]),
        ('SELECT * FROM "a" FOR UPDATE SKIP LOCKED', []),
        ('SELECT * FROM "a" JOIN "b" ON x FOR UPDATE OF "a", "b" SKIP LOCKED', []),
        ('UPDATE "a" SET x = 1', ["a"]),
        ('DELETE FROM "a" WHERE x', ["a"]),
        ("WITH gone AS (\n  DELETE FROM a RETURNING x\n) UPDATE b SET x = 1 FROM gone", ["a", "b"]),
        ("INSERT INTO a VALUES (1)\nON CONFLICT (x) DO UPDATE SET x = 1", ["a"]),
        ("INSERT INTO a VALUES (1) ON CONFLICT DO NOTHING", []),
        ('SELECT "updated_at" FROM "a"', []),
    ],
)
def test_what_a_statement_locks(sql: str, tables: list[str]) -> None:
    assert list(locked_by(sql)) == tables


def test_who_locks_from_the_other_side_is_noticed(
    author: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong_way(view: ApiView) -> None:
        with transaction.atomic():
            list(EmailCode.objects.select_for_update())
            User.objects.filter(pk=view.actor.id).update(locale="de")

    monkeypatch.setattr(ApiView, "parameters", property(wrong_way))

    with pytest.raises(OutOfOrder, match="accounts_user is locked after accounts_emailcode"):
        author.get("me")


def test_one_transaction_after_another_may(author: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    def in_two(view: ApiView) -> dict[str, str]:
        with transaction.atomic():
            list(Session.objects.select_for_update())
        with transaction.atomic():
            User.objects.filter(pk=view.actor.id).update(locale="de")
        return {}

    monkeypatch.setattr(ApiView, "parameters", property(in_two))
    monkeypatch.setattr(budgets, "_compare", lambda *_: None)

    assert author.get("me").status == 200
