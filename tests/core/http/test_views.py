"""The base of every endpoint: closed by default, deprecations told."""

import time
import uuid

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from prometheus_client import REGISTRY

from apps.core.http.views import ApiView


def test_a_verb_without_a_policy_can_not_even_be_written() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"Open\.get declares no operation"):

        class Open(ApiView):
            def get(self, request: object) -> None: ...


def test_a_deprecated_route_says_since_when_until_when_and_what_instead(phone: Client) -> None:
    response = phone.get(
        "/api/v1/old", headers={"X-Client-Platform": "ios", "X-Client-Version": "1.0.0"}
    )

    assert response["Deprecation"] == "@1767225600"
    assert response["Sunset"] == "Fri, 01 Jan 2027 00:00:00 GMT"
    assert response["Link"] == '</api/v2/old>; rel="successor-version"'


def test_calls_of_a_deprecated_route_are_counted_by_app_version(phone: Client) -> None:
    labels = {"route": "api/v1/old", "platform": "ios", "app_version": "1.0.7"}
    before = REGISTRY.get_sample_value("deprecated_requests_total", labels) or 0

    phone.get("/api/v1/old", headers={"X-Client-Platform": "ios", "X-Client-Version": "1.0.7"})

    assert REGISTRY.get_sample_value("deprecated_requests_total", labels) == before + 1


def test_api_answers_carry_strict_headers(phone: Client) -> None:
    for path in ("/api/v1/seven", "/api/v1/nowhere"):
        response = phone.get(path)
        assert response["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Cache-Control"] in {"no-store", "private, no-cache"}


def test_a_foreign_origin_is_never_reflected(phone: Client) -> None:
    response = phone.get("/api/v1/seven", headers={"Origin": "https://evil.test"})

    assert "Access-Control-Allow-Origin" not in response


def test_method_override_headers_are_ignored(phone: Client) -> None:
    response = phone.get("/api/v1/seven", headers={"X-HTTP-Method-Override": "DELETE"})

    assert response.status_code == 200


def test_what_only_the_person_may_do_asks_for_a_recent_proof(phone: Client) -> None:
    def tried(proven: float) -> int:
        headers = {"X-Test-User": str(uuid.uuid4()), "X-Test-Proven": str(int(proven))}
        return phone.post("/api/v1/seven", headers=headers).status_code

    assert tried(time.time()) == tried(time.time() - 290) == 204
    assert tried(time.time() - 301) == tried(0) == 403
    refused = phone.post("/api/v1/seven", headers={"X-Test-User": str(uuid.uuid4())})
    assert refused.json()["code"] == "reauth_required"
    assert phone.post("/api/v1/seven").status_code == 401
