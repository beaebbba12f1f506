"""Streams end when they must: with the session, with the token, with the server; and there are only so many."""

import json
import re
import signal
import socket
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from apps.notifications.models import Notification
from apps.notifications.services.hinting import bell
from tests.canaries import Canaries
from tests.notifications.news import tell
from tests.notifications.streams.servers import Server, following, stream_server, until
from tests.phone import Answer, OverHttp, Phone

pytestmark = pytest.mark.django_db(transaction=True)


def asked(
    phone: Phone, server: Server, path: str = "events", verb: str = "GET", **headers: str
) -> Answer:
    """Ask a stream server for what it refuses."""
    line = OverHttp(server.url)
    try:
        return replace(phone, line=line).send(verb, path, **headers)
    finally:
        line.close()


def test_a_session_that_is_over_is_told_within_a_second(server: Server, author: Phone) -> None:
    tablet = Phone(line=author.line, email=author.email)
    assert tablet.login().status == 200
    with following(author, server) as (_, mine), following(tablet, server) as (_, theirs):
        until(mine, "unread")
        until(theirs, "unread")

        assert author.delete("me/sessions").status == 204
        over_at = time.monotonic()
        until(theirs, "close", reason="session_over")
        assert time.monotonic() - over_at < 1
        assert not list(theirs)

        tell(author)
        until(mine, "unread", unread=1)
    assert asked(tablet, server).status == 401


def test_a_token_takes_its_stream_along(server: Server, author: Phone, settings: Any) -> None:
    settings.ACCESS_TOKEN_LIFETIME = timedelta(seconds=6)
    assert author.refresh().status == 200
    with following(author, server) as (inbox, events):
        until(events, "close", reason="token_expired")
        assert not list(events)
    tell(author)
    assert asked(author, server).code == "token_expired"

    settings.ACCESS_TOKEN_LIFETIME = timedelta(seconds=600)
    assert author.refresh().status == 200
    with following(author, server, inbox) as (_, events):
        until(events, "notification")


def test_a_server_that_stops_sends_its_apps_elsewhere(author: Phone) -> None:
    with stream_server() as server, following(author, server) as (_, events):
        until(events, "unread")
        # Gracefully, and then by the signal, as uvicorn ends.
        assert server.stop() == -signal.SIGTERM
        until(events, "close", reason="restart")
        assert "Traceback" not in server.said()


def test_one_more_of_a_session_ends_its_oldest(
    server: Server, author: Phone, settings: Any
) -> None:
    with ExitStack() as open_ones:
        streams = [
            open_ones.enter_context(following(author, server))[1]
            for _ in range(settings.STREAMS_PER_SESSION + 1)
        ]
        until(streams[0], "close", reason="replaced")
        assert not list(streams[0])
        tell(author)
        for events in streams[1:]:
            until(events, "unread", unread=1)


def test_one_person_has_only_so_many(server: Server, author: Phone, settings: Any) -> None:
    with ExitStack() as open_ones:
        for _ in range(settings.STREAMS_PER_PERSON // settings.STREAMS_PER_SESSION):
            device = Phone(line=author.line, email=author.email)
            assert device.login().status == 200
            for _ in range(settings.STREAMS_PER_SESSION):
                _, events = open_ones.enter_context(following(device, server))
                until(events, "unread")

        refused = asked(author, server)

        assert (refused.status, refused.code) == (429, "too_many_streams")
        assert int(refused.headers["Retry-After"]) >= 1
        # Whoever is there is not refused a newer one.
        with following(device, server) as (_, events):
            until(events, "unread")


def test_one_server_has_only_so_many(author: Phone, stranger: Phone) -> None:
    with stream_server(STREAMS_MOST="1") as server:
        with following(author, server) as (_, events):
            until(events, "unread")
            refused = asked(stranger, server)
            assert (refused.status, refused.code) == (503, "streams_full")
            assert int(refused.headers["Retry-After"]) >= 1
            assert server.metric("event_streams") == 1
        _gone(server, "gone", 1)
        with following(stranger, server) as (_, events):
            until(events, "unread")


def _gone(server: Server, reason: str, count: int) -> None:
    name = f'event_streams_ended_total{{reason="{reason}"}}'
    deadline = time.monotonic() + 20
    while server.metric(name) < count:
        assert time.monotonic() < deadline, f"{reason}: {server.said()}"
    assert server.metric("event_streams") == 0


REFUSED = [
    ("GET", "events?since=1", 400, "invalid"),
    ("POST", "events", 405, "method_not_allowed"),
    ("GET", "feed", 421, "misdirected"),
    ("GET", "/api/v9/events", 404, "not_found"),
    ("GET", "/admin/", 421, "misdirected"),
]


@pytest.mark.parametrize(("verb", "path", "status", "code"), REFUSED)
def test_what_does_not_stream_is_a_problem(
    server: Server, author: Phone, verb: str, path: str, status: int, code: str
) -> None:
    refused = asked(author, server, path, verb)

    assert (refused.status, refused.code) == (status, code)


def test_nobody_and_an_outdated_token_are_refused_before_anything_is_told(
    server: Server, phone: Phone
) -> None:
    assert asked(phone, server).code == "unauthenticated"
    phone.access = "not.a.token"
    assert asked(phone, server).code == "token_invalid"


def test_an_app_that_does_not_read_is_let_go_and_fills_nobodys_memory(author: Phone) -> None:
    told = [tell(author) for _ in range(40)]
    with stream_server() as server:
        host, port = "127.0.0.1", server.port
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            deaf.connect((host, port))
            deaf.sendall(
                f"GET /api/v1/events HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {author.access}\r\n\r\n".encode()
            )
            assert deaf.recv(12) == b"HTTP/1.1 200"
            before = _resident(server)
            ended = 'event_streams_ended_total{reason="slow"}'
            deadline = time.monotonic() + 60
            while server.metric(ended) == 0:
                assert time.monotonic() < deadline, server.said()
                Notification.objects.filter(recipient=author.user_id).update(updated_at=Now())
                bell.ring_for([told[0].recipient_id])
            assert _resident(server) - before < 10_000
        assert server.metric("event_streams") == 0


def _resident(server: Server) -> int:
    """Kilobytes."""
    with open(f"/proc/{server.process.pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])  # type: ignore[index]


def test_what_opens_a_stream_stays_out_of_the_log(server: Server, author: Phone) -> None:
    canaries = Canaries("id", "query", "token")
    assert asked(author, server, f"events?{canaries['query']}=1").status == 400
    broken = replace(author, access=canaries["token"])
    assert asked(broken, server).status == 401
    with following(author, server) as (inbox, events):
        until(events, "unread")
    inbox.last_id = canaries["id"]
    with following(author, server, inbox) as (_, events):
        until(events, "resync")

    log = server.said()
    assert canaries.found_in(log) == []
    assert author.access not in log
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert {"request", "stream ended"} <= {line["event"] for line in lines}
