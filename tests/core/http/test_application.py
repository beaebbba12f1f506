"""The short way from the web server to an endpoint answers as Django's own way does."""

from io import BytesIO
from typing import Any

import pytest
from django.core.signals import request_started
from django.db import connection
from django.test import RequestFactory

from apps.core.http.application import Application, Whole
from apps.core.http.views import ApiView


@pytest.fixture(scope="module")
def application() -> Application:
    return Application()


def ask(application: Application, path: str, **headers: str) -> tuple[str, dict[str, str], bytes]:
    environ = RequestFactory().get(path, **headers).environ | {"wsgi.input": BytesIO()}
    said: list[Any] = []
    answer = application(environ, lambda status, headers: said.extend((status, headers)))
    body = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    status, found = said
    return status, dict(found), body


@pytest.mark.parametrize("path", ["/api/v1/seven", "/api/v1/broken", "/api/v1/nothing-here"])
def test_both_ways_say_the_same(application: Application, path: str) -> None:
    heard: list[str] = []

    def hear(environ: dict[str, Any], **_: Any) -> None:
        heard.append(environ["PATH_INFO"])

    request_started.connect(hear)
    by_django = ask(application, path, HTTP_X_REQUEST_ID="request-1")
    # A project's own receiver is told of every request; once it has left, nobody is.
    assert heard == [path]
    request_started.disconnect(hear)

    status, headers, body = ask(application, path, HTTP_X_REQUEST_ID="request-1")

    assert (status, headers.keys(), body) == (by_django[0], by_django[1].keys(), by_django[2])


def test_a_body_in_one_piece_is_marked_as_such(application: Application) -> None:
    environ = RequestFactory().get("/api/v1/nothing-here").environ

    assert isinstance(application(environ, lambda *_: None), Whole)


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_was_taken_is_given_back(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take(*_: Any, **__: Any) -> None:
        connection.ensure_connection()

    monkeypatch.setattr(ApiView, "initial", take)

    ask(application, "/api/v1/seven")

    assert connection.connection is None
