"""One key, one effect, one answer: under repeats, races, refusals and failures."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from apps.core.http import idempotency
from apps.core.models import IdempotencyRecord, Job
from tests.core.http.conftest import ADA
from tests.core.threads import start

URL = "/api/v1/things"


def make(
    phone: Client, key: str | None = "key-1", name: str = "a", query: str = "", **headers: str
) -> Any:
    keyed = {"Idempotency-Key": key, **headers} if key is not None else headers
    return phone.post(URL + query, {"name": name}, content_type="application/json", headers=keyed)


def test_a_repeat_gets_the_first_answer(ada: Client) -> None:
    first, second = make(ada), make(ada)

    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert first.get("Idempotency-Replayed") is None
    assert second["Idempotency-Replayed"] == "true"
    assert second["Content-Type"] == "application/json"
    assert Job.objects.count() == 1


def test_both_spellings_name_the_same_key(ada: Client) -> None:
    make(ada, "abc")

    assert make(ada, '"abc"')["Idempotency-Replayed"] == "true"


def test_without_a_key_every_request_counts(ada: Client) -> None:
    make(ada, None)
    make(ada, None)

    assert Job.objects.count() == 2


def test_another_body_or_address_under_the_key_is_refused(ada: Client) -> None:
    make(ada)

    for other in (make(ada, name="b"), make(ada, query="?x=1")):
        assert other.status_code == 422
        assert other.json()["code"] == "idempotency_key_reused"
    assert Job.objects.count() == 1


def test_a_key_belongs_to_an_account_and_a_device(ada: Client, grace: Client) -> None:
    make(ada)
    make(grace)
    make(ada, **{"X-Device-Id": "tablet"})

    assert Job.objects.count() == 3


@pytest.mark.parametrize("key", ["", " ", '""', "a b", "é", "x" * 256, "a\tb"])
def test_a_bad_key_is_refused(ada: Client, key: str) -> None:
    response = make(ada, key)

    assert response.status_code == 400
    assert response.json()["code"] == "idempotency_key_invalid"
    assert not Job.objects.exists()


def test_a_final_refusal_is_kept_and_leaves_nothing(ada: Client) -> None:
    first, second = make(ada, name="refuse"), make(ada, name="refuse")

    assert first.status_code == second.status_code == 409
    assert second["Idempotency-Replayed"] == "true"
    assert first.json()["code"] == second.json()["code"] == "refused_for_good"
    assert not Job.objects.exists()


def test_a_failure_is_not_kept_and_leaves_nothing(ada: Client) -> None:
    assert make(ada, name="break").status_code == 503
    assert not Job.objects.exists()
    assert not IdempotencyRecord.objects.exists()


def test_an_invalid_request_may_be_mended_under_its_key(ada: Client) -> None:
    assert make(ada, name="").status_code == 400
    assert make(ada, name="good").status_code == 201


def test_an_expired_record_gives_way(ada: Client) -> None:
    make(ada)
    IdempotencyRecord.objects.update(expires_at=timezone.now())

    assert make(ada, name="b").status_code == 201
    assert Job.objects.count() == 2
    assert IdempotencyRecord.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_five_at_once_have_one_effect_and_agree(settings: Any) -> None:
    barrier = threading.Barrier(5)

    def race(_: int) -> Any:
        phone = Client(raise_request_exception=False, headers={"X-Test-User": ADA})
        barrier.wait()
        try:
            return make(phone)
        finally:
            connections.close_all()

    for round_number in range(5):
        Job.objects.all().delete()
        IdempotencyRecord.objects.all().delete()
        with ThreadPoolExecutor(5) as pool:
            answers = list(pool.map(race, range(5)))

        assert Job.objects.count() == 1, round_number
        assert {answer.status_code for answer in answers} <= {201, 409}
        assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
        for answer in answers:
            if answer.status_code == 409:
                assert answer.json()["code"] == "idempotency_in_progress"
                assert answer.json()["retryable"] is True
                assert answer["Retry-After"] == "1"


@pytest.mark.django_db(transaction=True)
def test_who_asks_while_the_first_one_works_is_refused_at_once(ada: Client) -> None:
    claim = idempotency._Claim(f"{ADA}:", hashlib.sha256(b"key-1").digest(), b"", "")

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [claim.lock])
        twin = start(lambda: make(ada)).answer()

    assert (twin.status_code, twin.json()["code"]) == (409, "idempotency_in_progress")
    assert twin["Retry-After"] == "1"
    assert not Job.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_lock_ends_with_the_transaction(ada: Client) -> None:
    make(ada, name="break")

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database "
            "WHERE locktype = 'advisory' AND datname = current_database()"
        )
        assert cursor.fetchone()[0] == 0


@pytest.mark.django_db
def test_an_answer_that_a_twin_stored_meanwhile_is_not_written_over() -> None:
    claim = idempotency._Claim("ada:phone", b"k" * 32, b"f" * 33, "api/v1/things")
    idempotency._store(claim, HttpResponse(b"first", status=201))

    with pytest.raises(idempotency.InProgress) as refused, transaction.atomic():
        idempotency._store(claim, HttpResponse(b"second", status=201))

    assert refused.value.retry_after == 1
    assert bytes(IdempotencyRecord.objects.get().body) == b"first"
