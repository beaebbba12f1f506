"""Prepared statements: what they bind and bring back, whose transaction they are in, and how they fail."""

import time
import uuid
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, ProgrammingError, connection, transaction

from apps.core import pipeline, statements
from apps.core.models import Slot

MOMENT = datetime(2026, 11, 21, 12, 30, 0, 5, tzinfo=UTC)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("cast", "value"),
    [
        ("uuid", uuid.UUID(int=7)), ("text", "50% of \u00e4%s"), ("timestamptz", MOMENT), ("bigint", 2**40),
        ("int", 3), ("bytea", b"\x00\xff"), ("text[]", ["a", "b,c"]), ("boolean", True), ("text", None),
    ],
)  # fmt: skip
def test_values_come_back_as_they_went(cast: str, value: Any) -> None:
    for _ in range(2):
        assert statements.first(f"SELECT %s::{cast}, '%%'", [value]) == (value, "%")


@pytest.mark.django_db
def test_one_text_takes_numbers_of_every_size() -> None:
    for number in (1, 2**20, 2**40, 2**70):
        assert statements.first("SELECT %s::numeric::text", [number]) == (str(number),)


@pytest.mark.django_db
def test_nothing_found_is_none() -> None:
    assert statements.first("SELECT 1 WHERE %s", [False]) is None


@pytest.mark.django_db(transaction=True)
def test_it_takes_part_in_the_transaction() -> None:
    with transaction.atomic():
        assert statements.insert(Slot(name="kept by nobody", due_at=MOMENT))
        transaction.set_rollback(True)
    with transaction.atomic():
        assert statements.insert(Slot(name="kept", due_at=MOMENT))
        assert not statements.insert(Slot(name="kept", due_at=MOMENT))

    assert list(Slot.objects.filter(name__startswith="kept").values_list("name")) == [("kept",)]


@pytest.mark.django_db(transaction=True)
def test_a_plan_for_an_empty_table_is_not_kept_when_it_fills(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moment = time.monotonic()
    clock = SimpleNamespace(monotonic=lambda: moment)
    monkeypatch.setattr(statements, "time", clock)
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM core_slot")
    assert statements.first(FIND, ["7"]) is None
    Slot.objects.bulk_create(Slot(name=f"{number}", due_at=MOMENT) for number in range(5_000))
    assert statements.first(FIND, ["7"]) == (MOMENT,)
    assert "Seq Scan" in plan_in_use()

    moment += 61

    assert statements.first(FIND, ["7"]) == (MOMENT,)
    assert "Index Scan" in plan_in_use()


FIND = "SELECT due_at FROM core_slot WHERE name = %s"


def plan_in_use() -> str:
    """Return the plan that this connection has for `FIND`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM pg_prepared_statements WHERE statement = %s",
            [FIND.replace("%s", "$1")],
        )
        ((name,),) = cursor.fetchall()
        cursor.execute(f"EXPLAIN EXECUTE {name}('7')")
        return "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.django_db(transaction=True)
def test_it_borrows_a_connection_for_the_statement_alone() -> None:
    connection.close()

    assert statements.first("SELECT %s::int", [1]) == (1,)
    assert connection.connection is None


@pytest.mark.django_db(transaction=True)
def test_failures_are_djangos() -> None:
    with pytest.raises(ProgrammingError):
        statements.first("SELECT nothing FROM nowhere", [])
    with pytest.raises(IntegrityError):
        statements.first(
            "INSERT INTO core_slot (name, due_at) VALUES (%s, NULL) RETURNING name", ["x"]
        )
    assert statements.first("SELECT %s::int", [1]) == (1,), "the connection is none the worse"


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_postgres_closed_is_an_operational_error() -> None:
    with pytest.raises(OperationalError), transaction.atomic():
        _go_on_after_being_thrown_out()
    connection.close()

    assert statements.first("SELECT %s::int", [1]) == (1,)


def _go_on_after_being_thrown_out() -> None:
    (backend,) = statements.first("SELECT pg_backend_pid()", []) or (0,)
    another = connection.copy()
    with another.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [backend])
    another.close()
    statements.first("SELECT %s::int", [1])


@pytest.mark.django_db(transaction=True)
def test_a_transaction_begins_with_its_first_statement_and_ends_with_its_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trips = []
    original = pipeline.results_of

    def counting(pgconn: Any, steps: Any) -> Any:
        trips.append(len(steps))
        return original(pgconn, steps)

    monkeypatch.setattr(pipeline, "results_of", counting)
    ran: list[str] = []
    with transaction.atomic():
        transaction.on_commit(lambda: ran.append("hook"))
        statements.first("SELECT %s::int", [1])
        statements.insert(Slot(name="kept", due_at=MOMENT))
        statements.commit(INSERT, ["kept too", MOMENT])
        assert not ran

    assert trips == [2, 2]
    assert ran == ["hook"]
    assert Slot.objects.filter(name__startswith="kept").count() == 2
    assert connection.get_autocommit()


INSERT = "INSERT INTO core_slot (name, due_at) VALUES (%s, %s) RETURNING name"


def in_one_transaction(first: tuple[str, list[Any]], last: tuple[str, list[Any]]) -> None:
    with transaction.atomic():
        statements.first(*first)
        statements.commit(*last)


@pytest.mark.django_db(transaction=True)
def test_a_last_statement_that_fails_commits_nothing() -> None:
    twice = (INSERT, ["kept by nobody", MOMENT])
    with pytest.raises(IntegrityError):
        in_one_transaction(twice, twice)

    assert not Slot.objects.filter(name="kept by nobody").exists()
    assert statements.first("SELECT %s::int", [1]) == (1,)


@pytest.mark.django_db(transaction=True)
def test_a_commit_that_fails_is_told() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE late (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)")
    try:
        twice = ("INSERT INTO late VALUES (%s::int) RETURNING id", [1])
        with pytest.raises(IntegrityError):
            in_one_transaction(twice, twice)
        assert statements.first("SELECT count(*) FROM late", []) == (0,)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE late")


@pytest.mark.django_db(transaction=True)
def test_a_first_statement_that_fails_leaves_a_transaction_to_roll_back() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        statements.first(INSERT, ["x", None])

    with transaction.atomic():
        assert statements.first("SELECT %s::int", [1]) == (1,)


@pytest.mark.django_db(transaction=True)
def test_what_does_not_fit_into_the_socket_is_sent_in_pieces() -> None:
    large = "x" * 20_000_000
    with transaction.atomic():
        assert statements.first("SELECT length(%s::text)", [large]) == (len(large),)


@pytest.mark.django_db(transaction=True)
def test_inside_another_transaction_it_is_that_one_which_commits() -> None:
    with transaction.atomic():
        with transaction.atomic():
            statements.commit(INSERT, ["kept by nobody", MOMENT])
        transaction.set_rollback(True)

    assert not Slot.objects.filter(name="kept by nobody").exists()


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_is_lost_while_it_commits_is_an_operational_error() -> None:
    thrown_out = ("SELECT pg_terminate_backend(pg_backend_pid()) AND %s", [True])
    with pytest.raises(OperationalError):
        in_one_transaction(("SELECT %s::int", [1]), thrown_out)
    connection.close()

    assert statements.first("SELECT %s::int", [1]) == (1,)


@pytest.mark.django_db
def test_a_test_s_own_transaction_is_not_committed() -> None:
    statements.commit(INSERT, ["kept by nobody", MOMENT])

    assert connection.connection.info.transaction_status.name == "INTRANS"
