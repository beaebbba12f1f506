"""One JSON object per line, whoever logs, and nothing in it that was a secret."""

import logging as stdlib
import re
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from _pytest.logging import LogCaptureHandler
from celery import current_app
from django.test import Client
from structlog.stdlib import ProcessorFormatter

from apps.core.observability import logging
from apps.core.observability.scrubbing import scrub
from tests.core.observability.conftest import Lines


def test_every_library_writes_the_same_shape(logged: Lines) -> None:
    logging.bind_request("req-12345678", trace="4bf92f35")
    logging.bind_actor(author := uuid.uuid4())

    structlog.get_logger("ours").info("post published", post=7)
    stdlib.getLogger("theirs").warning("retrying in %s s", 3, extra={"attempt": 2})

    ours, theirs = logged()
    for line in (ours, theirs):
        assert line["request_id"] == "req-12345678"
        assert line["trace"] == "4bf92f35"
        assert line["actor"] == str(author)
        written = datetime.fromisoformat(line["time"])
        assert written.utcoffset() == timedelta(0)
        assert abs(datetime.now(UTC) - written) < timedelta(minutes=1)
    assert (ours["level"], ours["logger"], ours["event"], ours["post"]) == (
        "info",
        "ours",
        "post published",
        7,
    )
    assert (theirs["level"], theirs["logger"]) == ("warning", "theirs")
    assert (theirs["event"], theirs["attempt"]) == ("retrying in 3 s", 2)


@pytest.mark.urls("tests.core.observability.urls")
def test_a_request_leaves_one_line(logged: Lines, browser: Client) -> None:
    browser.get("/livez?email=author@example.test", headers={"X-Request-Id": "phone-0001"})

    (line,) = logged()
    assert line["logger"] == "access"
    assert line["request_id"] == "phone-0001"
    assert (line["method"], line["route"], line["status"]) == ("GET", "livez", 200)
    assert line["duration_ms"] > 0


@pytest.mark.urls("tests.core.observability.urls")
def test_a_failure_is_told_once_with_its_request(logged: Lines, browser: Client) -> None:
    browser.post("/api/breaks", headers={"X-Request-Id": "phone-0002"})
    browser.get("/api/away", headers={"X-Request-Id": "phone-0003"})

    failure, broken, away = logged()
    assert failure["logger"] == "django.request"
    assert failure["exception"][0]["exc_type"] == "ZeroDivisionError"
    assert failure["request_id"] == broken["request_id"] == "phone-0002"
    assert (broken["logger"], broken["status"]) == ("access", 500)
    assert (away["logger"], away["status"], away["request_id"]) == ("access", 503, "phone-0003")


def test_the_console_shows_people_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    logging.configure({"level": "INFO", "format": "console"})
    logging.access_log("GET", "api/v1/feed", 200, 3.14159, platform="ios", app_version="2.4.0")
    try:
        int("\x1b[31mred")
    except ValueError:
        stdlib.getLogger("theirs").exception("not a number", extra={"password": "hunter2"})

    text = capsys.readouterr().err
    assert "api/v1/feed" in text
    assert "3.14" in text
    assert "Traceback" in text
    assert "hunter2" not in text
    assert "\x1b[31mred" not in text


def test_a_job_speaks_for_the_request_that_asked_for_it(logged: Lines) -> None:
    logging.bind_request("req-of-the-phone", route="api/v1/posts")
    logging.bind_actor("author")
    carried = logging.current_context()
    assert carried == {"request_id": "req-of-the-phone", "actor": "author"}

    logging.clear()
    logging.bind_request("req-of-the-worker", worker="w1")
    with logging.restored_context({**carried, "job": "content.publish"}):
        structlog.get_logger("jobs").info("done")
    structlog.get_logger("jobs").info("idle")

    inside, after = logged()
    assert (inside["request_id"], inside["actor"]) == ("req-of-the-phone", "author")
    assert inside["job"] == "content.publish"
    assert "worker" not in inside
    assert after["request_id"] == "req-of-the-worker"
    assert "actor" not in after
    assert "job" not in after


def test_nobody_is_nobody(logged: Lines) -> None:
    logging.bind_request("req-12345678")
    logging.bind_actor("")
    assert logging.current_context() == {"request_id": "req-12345678"}


def test_an_exception_is_structured_and_without_locals(logged: Lines) -> None:
    typed = "482913-canary"
    try:
        len(typed) / 0
    except ZeroDivisionError:
        structlog.get_logger("ours").exception("failed")

    (line,) = logged()
    (exception,) = line["exception"]
    assert exception["exc_type"] == "ZeroDivisionError"
    assert exception["frames"][-1]["name"] == "test_an_exception_is_structured_and_without_locals"
    assert "482913" not in str(line)


HOSTILE = [
    'curl\r\n{"level":"critical","event":"forged"}',
    "\x1b[2J\x1b[31mred",
    "next\x85line",
    "line\u2028separator",
    "evil\u202etxt.exe",
    "half a \ud800 pair",
    "nul\0",
]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_value_forges_a_line_or_steers_a_terminal(
    printed: Callable[[], str], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # pytest keeps what is logged for its report, and could not hand half a pair from one process to another.
    ours = [one for one in stdlib.getLogger().handlers if not isinstance(one, LogCaptureHandler)]
    monkeypatch.setattr(stdlib.getLogger(), "handlers", ours)
    logging.access_log(text, "livez", 200, 1, platform="ios", app_version="2.4.0")
    structlog.get_logger("ours").info(text, name=text, **{text: text})
    stdlib.getLogger("theirs").info("hello %s", text)

    output = printed()
    assert len(output.splitlines()) == 3
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e\ud800]", output)


SECRETS = {
    "password": "hunter2hunter2",
    "new_password": "hunter2hunter2",
    "access": "opaque-access",
    "refresh": "opaque-refresh",
    "otp": "482913",
    "code": 482913,
    "email": "author at example",
    "Authorization": "Basic aHVudGVyMg",
    "HTTP_COOKIE": "session=hunter2",
    "push_address": "fcm-registration",
    "pushAddress": "fcm-registration",
    "phone_number": "+49 170 0000000",
    "api_key": "gw_live_1234",
    "SECRET_KEY": "hunter2hunter2",
    "client_secret": "hunter2hunter2",
    "recovery_codes": ["abcd-efgh"],
    "FCM_CREDENTIALS": {"type": "service_account"},
}


@pytest.mark.parametrize("name", SECRETS)
def test_what_goes_by_a_secret_name_is_hidden_however_deep(logged: Lines, name: str) -> None:
    secret = SECRETS[name]
    structlog.get_logger("ours").info("received", **{name: secret})
    structlog.get_logger("ours").info("received", body={"items": [{"inner": {name: secret}}]})
    stdlib.getLogger("theirs").info("received", extra={name: secret})

    flat, deep, foreign = logged()
    assert flat[name] == foreign[name] == "[hidden]"
    assert deep["body"] == {"items": [{"inner": {name: "[hidden]"}}]}


@pytest.mark.parametrize(
    "sentence",
    [
        "no account for author@example.test",
        "sent Authorization: Bearer canary-4711",
        "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnktNDcxMSJ9.c2lnbmF0dXJl expired",
        "can't reach postgres://app:canary-4711@db.internal:5432/app",
        "GET https://bucket.example/x.jpg?X-Amz-Signature=canary-4711&part=1",
        'sent {"password": "canary-4711"}',
        "sent {'refresh': 'canary-4711'}",
        "reset?code=canary-4711",
        "duplicate key value\nDETAIL:  Key (email)=(canary-4711) already exists.",
        'invalid input syntax for type uuid: "canary-4711"',
    ],
)
def test_what_looks_like_a_secret_is_hidden_in_any_sentence(
    printed: Callable[[], str], sentence: str
) -> None:
    stdlib.getLogger("theirs").warning(sentence)
    structlog.get_logger("ours").info("said", sentence=sentence)
    try:
        raise RuntimeError(sentence)
    except RuntimeError:
        stdlib.getLogger("theirs").exception("failed")

    output = printed()
    assert "canary-4711" not in output
    assert "author@example.test" not in output
    assert "Y2FuYXJ5" not in output
    assert "eyJzdWIi" not in output


def test_ordinary_words_stay_readable(logged: Lines) -> None:
    structlog.get_logger("ours").info(
        "delivery failed", error_code="unregistered", keyboard="de", is_email=True, at=None
    )
    (line,) = logged()
    assert line["error_code"] == "unregistered"
    assert line["keyboard"] == "de"
    assert line["is_email"] is True
    assert line["at"] is None


def test_objects_are_named_and_never_printed(logged: Lines) -> None:
    class Letter:
        def __repr__(self) -> str:
            return "canary-4711"

    structlog.get_logger("ours").info("sent", letter=Letter(), raw=b"canary-4711", huge=2**80)
    (line,) = logged()
    assert (line["letter"], line["raw"], line["huge"]) == ("<Letter>", "<bytes>", "<int>")


def test_a_huge_value_makes_a_bounded_line(printed: Callable[[], str]) -> None:
    structlog.get_logger("ours").info("received", text="a" * 10**6, many=list(range(10**5)))
    assert len(printed()) < 6000

    endless: list[object] = []
    endless.append(endless)
    assert str(scrub(endless)) == "[" * 8 + "'<list>'" + "]" * 8


def test_a_line_that_cannot_be_written_says_so_without_its_arguments(logged: Lines) -> None:
    canary = "canary-4711"
    record = stdlib.LogRecord("theirs", stdlib.INFO, "theirs.py", 7, "%d tries", (canary,), None)
    ours = next(
        handler
        for handler in stdlib.getLogger().handlers
        if isinstance(handler.formatter, ProcessorFormatter)
    )
    ours.handle(record)

    (line,) = logged()
    assert (line["level"], line["event"], line["logger"]) == ("error", "unloggable", "theirs")
    assert canary not in str(line)


def test_servers_and_workers_log_through_the_same_handler(logged: Lines) -> None:
    names = ("django", "celery", "celery.task", "gunicorn.error")
    for name in names:
        library = stdlib.getLogger(name)
        library.propagate = False
        library.addHandler(stdlib.StreamHandler())
    logging.configure({"level": "INFO", "format": "json"})

    for name in (*names, "django.security", "celery.worker"):
        stdlib.getLogger(name).error("said")

    assert [line["logger"] for line in logged()] == [*names, "django.security", "celery.worker"]


def test_celery_leaves_logging_and_standard_output_alone(logged: Lines) -> None:
    root, output = stdlib.getLogger(), sys.stdout
    before = list(root.handlers), root.level
    current_app.log.already_setup = False
    current_app.log.setup(loglevel="DEBUG", redirect_stdouts=True, hostname="worker@test")

    assert (root.handlers, root.level) == before
    assert sys.stdout is output
    assert not stdlib.getLogger("celery.task").handlers
