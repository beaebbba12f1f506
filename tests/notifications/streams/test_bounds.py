"""How many streams somebody may have holds over all stream servers, and over each alone while Redis is away."""

import time
import uuid
from contextlib import ExitStack

import pytest

from apps.core import cache
from apps.notifications.errors import TooManyStreams
from apps.notifications.streaming import leases
from apps.notifications.streaming.wire import Subscription
from tests.notifications.news import tell
from tests.notifications.streams.servers import Server, following, stream_server, until
from tests.notifications.streams.test_ending import asked
from tests.phone import Phone

pytestmark = pytest.mark.django_db(transaction=True)


def another_device_of(phone: Phone) -> Phone:
    device = Phone(line=phone.line, email=phone.email)
    assert device.login().status == 200
    return device


def test_one_more_of_a_session_ends_its_oldest_wherever_it_is(
    servers: list[Server], author: Phone, transactional_db: None
) -> None:
    here, there = servers
    with ExitStack() as open_ones:
        streams = []
        for server in (here, there, here):
            _, events = open_ones.enter_context(following(author, server))
            until(events, "unread")
            streams.append(events)

        _, newest = open_ones.enter_context(following(author, there))

        until(streams[0], "close", reason="replaced")
        assert not list(streams[0])
        tell(author)
        for events in (*streams[1:], newest):
            until(events, "unread", unread=1)


def test_one_person_has_only_so_many_at_all_servers(
    servers: list[Server], author: Phone, transactional_db: None
) -> None:
    here, there = servers
    # As if these were devices that follow elsewhere.
    person = uuid.UUID(author.user_id)
    others = [Subscription(person, uuid.uuid4(), 0) for _ in range(10)]
    for one in others:
        leases.begin(one)
    tablet, television = another_device_of(author), another_device_of(author)
    with following(author, here) as (_, mine), ExitStack() as gone:
        until(mine, "unread")
        _, theirs = gone.enter_context(following(tablet, here))
        until(theirs, "unread")

        refused = asked(television, there)
        assert (refused.status, refused.code) == (429, "too_many_streams")
        assert int(refused.headers["Retry-After"]) >= 1
        # Whoever is there is not refused a newer one, at the price of the older.
        with following(tablet, there) as (_, newer):
            until(newer, "unread")
            until(theirs, "close", reason="replaced")

        gone.close()
        deadline = time.monotonic() + 15
        while asked_quietly(television, there) == 429:
            assert time.monotonic() < deadline
        with following(television, there) as (_, events):
            until(events, "unread")


def asked_quietly(phone: Phone, server: Server) -> int:
    return asked(phone, server, verb="HEAD").status


def test_without_redis_each_server_counts_its_own(author: Phone) -> None:
    with stream_server(REDIS_URL="redis://127.0.0.1:1") as lonely, ExitStack() as open_ones:
        streams = [open_ones.enter_context(following(author, lonely))[1] for _ in range(4)]
        until(streams[0], "close", reason="replaced")
        until(streams[3], "unread")


@pytest.fixture
def somebody() -> uuid.UUID:
    return uuid.uuid4()


def streams_of(person: uuid.UUID, count: int) -> list[Subscription]:
    return [Subscription(person, uuid.uuid4(), 0) for _ in range(count)]


def test_what_a_killed_server_had_is_free_again_after_a_while(
    somebody: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "_lasts", lambda: 1)
    for one in streams_of(somebody, 12):
        leases.begin(one)
    monkeypatch.undo()
    deadline = time.monotonic() + 10
    while cache.client().exists(leases.key_of(somebody)):
        assert time.monotonic() < deadline

    for one in streams_of(somebody, 12):
        leases.begin(one)
    with pytest.raises(TooManyStreams):
        leases.begin(*streams_of(somebody, 1))


def test_what_redis_forgot_is_told_to_it_again_as_far_as_there_is_room(somebody: uuid.UUID) -> None:
    before = streams_of(somebody, 3)
    for one in before:
        leases.begin(one)
    cache.client().flushdb()
    for one in streams_of(somebody, 10):
        leases.begin(one)

    assert leases.lost(before) == {before[2]}
    assert leases.lost(before[:2]) == set()
    leases.end(before)
    for one in streams_of(somebody, 2):
        leases.begin(one)
