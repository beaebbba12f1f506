"""An open app hears what happens to its inbox: from one of several real servers, over real sockets."""

import uuid
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction

from apps.core import cache
from apps.notifications.kinds import Topic
from apps.notifications.models import Notification
from apps.notifications.services import hint, withdraw
from tests.golden import golden, steady
from tests.notifications.news import tell
from tests.notifications.streams.servers import Server, following, stream_server, until
from tests.phone import Inbox, OverHttp, Phone

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_inbox_is_told_as_it_changes(server: Server, author: Phone) -> None:
    with following(author, server) as (inbox, events):
        assert until(events, "unread").data == {"unread": 0}
        told = tell(author)
        until(events, "unread", unread=1)
        assert inbox.notifications == {
            one["id"]: one for one in author.get("notifications").json["items"]
        }
        assert steady([[one.name, one.data] for one in inbox.told]) == golden(__file__, "events")

        assert author.post("notifications/seen", {"ids": [str(told.pk)]}).status == 200
        assert until(events, "notification").data["notification"]["seen_at"]
        assert author.post("notifications/read", {"up_to": str(told.pk)}).status == 200
        until(events, "unread", unread=0)
        assert inbox.notifications[str(told.pk)]["read_at"]
        assert author.post("notifications/archive", {"ids": [str(told.pk)]}).status == 200
        until(events, "archived", notification_id=str(told.pk))
        assert inbox.notifications == {}


def test_others_hear_nothing_of_it(server: Server, author: Phone, stranger: Phone) -> None:
    with following(stranger, server) as (inbox, events):
        until(events, "unread")
        tell(author)
        told = tell(stranger)
        until(events, "unread", unread=1)

    assert inbox.notifications.keys() == {str(told.pk)}


def test_every_server_tells_whoever_came_to_it(servers: list[Server], author: Phone) -> None:
    tablet = Phone(line=author.line, email=author.email)
    assert tablet.login().status == 200

    with (
        following(author, servers[0]) as (_, here),
        following(tablet, servers[1]) as (_, there),
        following(tablet, servers[1]) as (_, there_again),
    ):
        for events in (here, there, there_again):
            until(events, "unread", unread=0)
        tell(author)
        for events in (here, there, there_again):
            until(events, "notification")
            until(events, "unread", unread=1)


def test_what_is_taken_back_has_the_app_read_its_inbox_again(server: Server, author: Phone) -> None:
    told = tell(author)
    with following(author, server) as (_, events):
        until(events, "unread", unread=1)
        with transaction.atomic():
            withdraw(recipient_id=told.recipient_id, kind=told.kind, key=told.key)
        until(events, "resync")
        until(events, "unread", unread=0)


def test_a_hint_says_what_to_ask_for_again(server: Server, author: Phone) -> None:
    person = uuid.UUID(author.user_id)
    with following(author, server) as (inbox, events):
        until(events, "unread")
        with transaction.atomic():
            hint(topic=Topic.POSTS, people=[person])
        until(events, "hint", topic="posts")

    with transaction.atomic():
        hint(topic=Topic.POSTS, people=[person])
        hint(topic=Topic.POSTS, people=[person])
    with following(author, server, inbox) as (_, events):
        until(events, "hint", topic="posts")
        until(events, "unread")
    with following(author, server, inbox) as (_, events):
        assert next(events).name == "unread"


def test_only_what_is_in_the_inbox_is_told(server: Server, author: Phone) -> None:
    quiet = {"categories": [{"category": "social", "in_app": False}]}
    assert author.patch("notifications/preferences", quiet).status == 200
    with following(author, server) as (inbox, events):
        until(events, "unread")
        tell(author)
        with transaction.atomic():
            hint(topic=Topic.POSTS, people=[uuid.UUID(author.user_id)])
        until(events, "hint")

    assert inbox.notifications == {}
    assert inbox.unread == 0


def test_a_ring_that_was_lost_is_made_up_for(server: Server, author: Phone) -> None:
    """What changes past every service rings no bell; the next heartbeat finds it."""
    told = tell(author)
    with following(author, server) as (_, events):
        until(events, "unread", unread=1)
        Notification.objects.filter(pk=told.pk).update(data={"name": "Nobody", "title": "Nothing"})
        assert "Nobody" in until(events, "notification").data["notification"]["title"]


def test_cut_off_from_redis_and_back_nothing_is_missed(server: Server, author: Phone) -> None:
    with following(author, server) as (_, events):
        until(events, "unread", unread=0)
        cache.client().flushdb()
        cache.client().client_kill_filter(_type="pubsub")
        tell(author)
        until(events, "unread", unread=1)
        tell(author)
        until(events, "unread", unread=2)


def test_without_redis_streams_look_by_themselves(author: Phone) -> None:
    with (
        stream_server(REDIS_URL="redis://127.0.0.1:1") as lonely,
        following(author, lonely) as (_, events),
    ):
        until(events, "unread", unread=0)
        tell(author)
        until(events, "unread", unread=1)
        assert "nobody rings" in lonely.said()


def test_where_nothing_streams_the_answer_ends_and_the_app_asks_again(author: Phone) -> None:
    first = author.get("events")
    tell(author)
    inbox = Inbox()
    assert [one.name for one in inbox.read(iter(first.content.decode().split("\n")))] == ["unread"]

    again = author.get("events", last_event_id=inbox.last_id)

    names = [one.name for one in inbox.read(iter(again.content.decode().split("\n")))]
    assert names == ["notification", "unread"]
    assert first.headers["Content-Type"] == "text/event-stream"


def test_an_answer_that_goes_on_is_one_that_proxies_pass_on(server: Server, author: Phone) -> None:
    line = OverHttp(server.url)
    asked: Any = replace(author, line=line)
    head = asked.head("events")
    line.close()

    assert head.status == 200
    assert head.headers["Content-Type"] == "text/event-stream"
    assert head.headers["X-Accel-Buffering"] == "no"
    assert head.headers["Cache-Control"] == "no-store"
    assert "Content-Length" not in head.headers
    assert "Content-Encoding" not in head.headers
