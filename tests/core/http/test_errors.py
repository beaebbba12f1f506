"""One shape for every failure, whoever produces it."""

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from apps.core.http import errors


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["code"] == code
    assert problem["status"] == status
    assert problem["type"].endswith(code)
    assert problem["request_id"] == response["X-Request-Id"]
    assert {"title", "detail", "retryable"} <= problem.keys()
    return problem


def test_every_producer_writes_the_same_shape(phone: Client, settings: Any) -> None:
    assert_problem(phone.get("/api/v1/nowhere"), 404, "not_found")
    assert_problem(phone.delete("/api/v1/things"), 405, "method_not_allowed")
    assert_problem(phone.get("/api/v1/broken?how=loudly"), 500, "internal_error")
    assert_problem(phone.get("/api/v1/seven", headers={"host": "evil.test"}), 400, "unknown_host")
    unsigned = phone.post("/api/v1/things", {"name": "x"}, content_type="application/json")
    assert_problem(unsigned, 401, "unauthenticated")
    assert unsigned["WWW-Authenticate"] == "Bearer"


def test_a_refused_method_names_the_allowed_ones(phone: Client) -> None:
    assert phone.delete("/api/v1/things")["Allow"] == "GET, POST"
    assert phone.options("/api/v1/things").status_code == 405


def test_no_internal_detail_leaves(phone: Client) -> None:
    response = phone.get("/api/v1/broken?how=loudly")

    assert b"secret" not in response.content
    assert b"Traceback" not in response.content


def test_a_slow_query_is_a_503_that_may_be_retried(phone: Client) -> None:
    response = phone.get("/api/v1/broken?how=slow")

    problem = assert_problem(response, 503, "unavailable")
    assert problem["retryable"] is True
    assert int(response["Retry-After"]) >= 1


def test_a_value_that_only_postgres_refuses_is_the_callers_fault(phone: Client) -> None:
    assert phone.get("/api/v1/broken?how=data").status_code in {400, 500}


def test_a_database_that_is_away_before_the_view_is_a_503(
    phone: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("no connection")

    monkeypatch.setattr("tests.core.http.toy.Seven.dispatch", away)

    assert_problem(phone.get("/api/v1/seven"), 503, "unavailable")


def test_validation_faults_point_into_the_body(ada: Client) -> None:
    response = ada.post(
        "/api/v1/things",
        {"label": "x" * 21, "owner": "me", "is/odd~": 1},
        content_type="application/json",
    )

    problem = assert_problem(response, 400, "invalid")
    assert {(fault["pointer"], fault["code"]) for fault in problem["errors"]} == {
        ("/owner", "unknown_field"),
        ("/is~1odd~0", "unknown_field"),
    }


def test_nested_validation_details_become_pointers() -> None:
    detail = {"items": [{}, {"id": ["no"]}], "non_field_errors": ["all wrong"], "tags": ["a", "b"]}

    assert [fault["pointer"] for fault in errors.faults_of(detail)] == [
        "/items/1/id", "", "/tags", "/tags",
    ]  # fmt: skip


def test_a_request_id_is_taken_over_when_it_is_one(phone: Client) -> None:
    taken = phone.get("/api/v1/seven", headers={"X-Request-Id": "phone-0123456789"})
    refused = phone.get("/api/v1/seven", headers={"X-Request-Id": "x\n{evil}"})

    assert taken["X-Request-Id"] == "phone-0123456789"
    assert refused["X-Request-Id"] != "x\n{evil}"
