"""Error reports: what is unexpected arrives, what is private never does."""

import logging as stdlib
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
import sentry_sdk
import structlog
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import Http404
from django.test import Client, RequestFactory
from rest_framework.exceptions import ParseError

from apps.core.errors import Conflict, Unavailable
from apps.core.observability import logging, sentry
from tests.canaries import Canaries
from tests.core.observability.dependencies import absent, frozen
from tests.sentry_sink import Sink, envelopes

type Serve = Callable[[WSGIRequest], str]

pytestmark = pytest.mark.urls("tests.core.observability.urls")


@pytest.fixture
def report_to(settings: Any) -> Iterator[Callable[[str], None]]:
    """Start reporting to a DSN; stop, and forget it, after the story."""

    def start(dsn: str) -> None:
        settings.SENTRY_DSN = dsn
        settings.RELEASE = "product@4711"
        sentry.start()

    yield start
    sentry_sdk.get_client().close(timeout=0)
    sentry_sdk.get_global_scope().set_client(None)


@pytest.fixture
def sink(report_to: Callable[[str], None]) -> Iterator[Sink]:
    with envelopes() as received:
        report_to(received.dsn)
        yield received


@pytest.fixture
def serve(db: None) -> Serve:
    """Answer a request as a web server does; the test client would go around what Sentry watches.

    A server looks after the database's connections between requests, whether the request needs one or not.
    """

    def call(request: WSGIRequest) -> str:
        statuses: list[str] = []
        answer = WSGIHandler()(request.environ, lambda status, headers: statuses.append(status))
        answer.close()
        return statuses[0]

    return call


def delivered(sink: Sink) -> list[dict[str, Any]]:
    sentry_sdk.flush(timeout=5)
    return sink.events


def test_an_unexpected_error_arrives_with_what_is_needed_to_find_it(
    sink: Sink, serve: Serve, rf: RequestFactory
) -> None:
    phone = {"X-Request-Id": "phone-0042", "X-Client-Version": "7.1.3"}
    assert serve(rf.post("/api/breaks?page=2", headers=phone)) == "500 Internal Server Error"

    (event,) = delivered(sink)
    (failure,) = event["exception"]["values"]
    assert failure["type"] == "ZeroDivisionError"
    assert failure["stacktrace"]["frames"][-1]["function"] == "breaks"
    assert event["tags"]["request_id"] == "phone-0042"
    assert event["release"] == "product@4711"
    assert event["transaction"] == "/api/breaks"
    assert event["request"]["url"] == "http://testserver/api/breaks"
    assert event["request"]["method"] == "POST"
    assert event["request"]["headers"]["X-Client-Version"] == "7.1.3"


def test_nothing_private_arrives(sink: Sink, serve: Serve, rf: RequestFactory) -> None:
    canaries = Canaries("password", "refresh", "token", "cookie", "code", "agent", "link", "ip")
    rf.cookies["session"] = canaries["cookie"]
    request = rf.post(
        f"/api/breaks?code={quote(canaries['code'])}&next={quote(canaries['link'])}",
        {"password": canaries["password"], "device": {"refresh": canaries["refresh"]}},
        content_type="application/json",
        headers={
            "Authorization": f"Bearer {canaries['token']}",
            "User-Agent": f"phone/1 author+{canaries['agent']}@example.test",
            "X-Api-Key": canaries["token"],
            "X-Forwarded-For": canaries["ip"],
        },
        REMOTE_ADDR="203.0.113.77",
    )
    assert serve(request) == "500 Internal Server Error"

    (event,) = delivered(sink)
    assert event["request"]["url"] == "http://testserver/api/breaks"
    assert b"203.0.113.77" not in sink.everything
    assert canaries.found_in(sink.everything) == []


def test_an_actor_is_an_id_and_nothing_else(sink: Sink) -> None:
    logging.bind_actor("0199-author")
    stdlib.getLogger("theirs").error("failed")
    (event,) = delivered(sink)
    logging.clear()
    assert event["user"] == {"id": "0199-author"}


def test_an_error_line_arrives_as_structured_and_scrubbed_as_in_the_log(sink: Sink) -> None:
    canaries = Canaries("otp", "email", "header")
    try:
        raise RuntimeError(f"refused Bearer {canaries['header']}")
    except RuntimeError:
        structlog.get_logger("ours").exception(
            "delivery failed", attempt=3, payload=[{"otp": canaries["otp"]}]
        )
    stdlib.getLogger("theirs").error("no mail to %s", f"{canaries['email']}@example.test")

    ours, theirs = delivered(sink)
    assert ours["logentry"] == {"message": "delivery failed"}
    assert ours["extra"]["attempt"] == 3
    assert ours["exception"]["values"][0]["value"] == "refused Bearer [hidden]"
    assert theirs["level"] == "error"
    assert canaries.found_in(sink.everything) == []


@pytest.mark.parametrize(
    "error",
    [Conflict("Somebody was faster."), Unavailable(), Http404(), ParseError()],
    ids=lambda error: type(error).__name__,
)
def test_an_answer_to_the_caller_is_no_error_of_ours(sink: Sink, error: Exception) -> None:
    sentry_sdk.capture_exception(error)
    assert delivered(sink) == []


def test_an_answer_that_asks_for_patience_is_no_error_of_ours(
    sink: Sink, serve: Serve, rf: RequestFactory
) -> None:
    assert serve(rf.get("/api/away")) == "503 Service Unavailable"
    assert delivered(sink) == []


def test_without_a_dsn_nothing_is_sent(report_to: Callable[[str], None], browser: Client) -> None:
    report_to("")
    assert browser.post("/api/breaks").status_code == 500
    assert not sentry_sdk.is_initialized()


@pytest.mark.parametrize("failure", [absent, frozen])
def test_a_sentry_that_is_away_costs_no_time(
    report_to: Callable[[str], None], browser: Client, failure: Any
) -> None:
    browser.post("/api/breaks")
    with failure() as address:
        report_to(f"http://public@{address}/1")
        started = time.monotonic()
        for _ in range(50):
            assert browser.post("/api/breaks").status_code == 500
        assert time.monotonic() - started < 5
