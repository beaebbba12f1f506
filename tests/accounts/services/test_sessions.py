"""Devices: how many, whose, and that a session that ended is over at once, with Redis and without."""

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts import revocation, tokens
from apps.accounts.models import Session, User
from apps.accounts.services import sessions, standing
from apps.accounts.signals import session_ended, session_started
from apps.core import cache
from tests.accounts.conftest import DEAD, Clock
from tests.core.threads import in_threads
from tests.outbox import drain, pending
from tests.phone import Answer, Phone


def id_of(phone: Phone) -> str:
    return str(tokens.read_access(phone.access).session_id)


def assert_signed_out(answer: Answer) -> None:
    assert (answer.status, answer.code) == (401, "session_revoked")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def remembered(phone: Phone) -> str | None:
    return cache.call(
        lambda server: server.get(cache.session_key(tokens.read_access(phone.access).session_id))
    )


# What a sign-in leaves behind


def test_a_session_says_which_device(phone: Phone) -> None:
    about = {"os_version": "18.1", "model": "iPhone17,1", "app_version": "3.0"}
    phone.register("author@example.test", device=phone.device | about)

    session = Session.objects.get(pk=id_of(phone))

    assert session.installation_id == phone.installation_id
    assert (session.platform, session.app_version) == ("ios", "3.0")
    assert (session.os_version, session.device_model) == ("18.1", "iPhone17,1")
    assert session.ip_prefix == "127.0.0.0/24"
    assert session.auth_time == session.last_seen_at


def test_without_a_device_the_headers_speak(author: Phone) -> None:
    author.post("auth/login", {"email": author.email, "password": author.password})

    session = Session.objects.filter(user_id=author.user_id, revoked_at=None).get()
    assert session.installation_id == author.installation_id
    assert (session.platform, session.app_version) == ("ios", "2.0.0")


def test_refreshing_keeps_the_session_up_to_date(clock: Clock, author: Phone) -> None:
    author.version = "2.1.0"
    clock.forward(hours=1)
    author.refresh()

    session = Session.objects.get(pk=id_of(author))
    assert session.app_version == "2.1.0"
    assert session.last_seen_at > session.auth_time


def test_starts_and_ends_are_announced(author: Phone) -> None:
    heard: list[tuple[str, Any]] = []

    def on_start(session: Session, device: Any, **_: object) -> None:
        heard.append(("started", device and device["installation_id"]))

    def on_end(session_id: Any, user_id: Any, reason: str, **_: object) -> None:
        heard.append((reason, str(user_id)))

    session_started.connect(on_start)
    session_ended.connect(on_end)
    try:
        author.login()
        author.logout()
    finally:
        session_started.disconnect(on_start)
        session_ended.disconnect(on_end)

    assert heard == [
        ("replaced", author.user_id),
        ("started", author.installation_id),
        ("signed_out", author.user_id),
    ]


def test_an_end_is_announced_once(author: Phone) -> None:
    session = Session.objects.get(pk=id_of(author))
    reasons: list[str] = []

    def on_end(reason: str, **_: object) -> None:
        reasons.append(reason)

    session_ended.connect(on_end)
    try:
        author.logout()
        with transaction.atomic():
            sessions.end([session], Session.End.REUSE)
    finally:
        session_ended.disconnect(on_end)

    assert reasons == ["signed_out"]
    assert len(pending("accounts.publish_revocation")) == 1
    session.refresh_from_db()
    assert session.revoked_reason == "signed_out"


# How many


def test_signing_in_again_replaces_the_session_of_the_device(author: Phone) -> None:
    before = replace(author)
    author.login()

    assert_signed_out(before.get("me"))
    assert_signed_out(before.refresh())
    assert author.get("me").status == 200


def test_another_account_on_the_device_leaves_the_first_alone(
    author: Phone, stranger: Phone
) -> None:
    stranger.installation_id = author.installation_id
    stranger.login()

    assert author.get("me").status == 200


def test_twenty_devices_and_no_more(author: Phone, unlimited: None) -> None:
    phones = [author]
    phones += [Phone(email=author.email) for _ in range(20)]
    hashed = make_password(author.password)
    User.objects.filter(pk=author.user_id).update(password=hashed)
    for number, phone in enumerate(phones[1:]):
        cache.client().flushdb()
        assert phone.login().status == 200, number

    assert_signed_out(phones[0].get("me"))
    assert phones[1].get("me").status == 200
    assert Session.objects.get(pk=id_of(author)).revoked_reason == Session.End.OVER_CAP


@pytest.mark.django_db(transaction=True)
def test_one_session_of_a_device_however_often_it_signs_in_at_once(
    author: Phone, unlimited: None
) -> None:
    statuses = in_threads(6, lambda: replace(author).login().status)

    assert statuses == [200] * 6
    live = Session.objects.filter(user_id=author.user_id, revoked_at=None)
    assert live.count() == 1


# Seeing and ending them


def test_my_devices_are_mine_to_see(author: Phone, stranger: Phone) -> None:
    tablet = Phone(platform="android", version="1.9")
    tablet.login(author.email)

    answer = author.get("me/sessions")

    assert [one["id"] for one in answer.json["items"]] == [id_of(tablet), id_of(author)]
    assert [one["current"] for one in answer.json["items"]] == [False, True]
    assert [one["platform"] for one in answer.json["items"]] == ["android", "ios"]
    assert id_of(stranger) not in answer.content.decode()


def test_what_is_over_is_not_listed(author: Phone) -> None:
    tablet, forgotten = Phone(), Phone()
    for phone in (tablet, forgotten):
        phone.login(author.email)
    tablet.logout()
    Session.objects.filter(pk=id_of(forgotten)).update(idle_expires_at=Now())

    assert [one["id"] for one in author.get("me/sessions").json["items"]] == [id_of(author)]


def test_ending_a_device_from_another(author: Phone) -> None:
    tablet = Phone()
    tablet.login(author.email)
    assert tablet.get("me").status == 200

    assert author.delete(f"me/sessions/{id_of(tablet)}").status == 204

    assert_signed_out(tablet.get("me"))
    assert_signed_out(tablet.refresh())
    assert author.get("me").status == 200


def test_a_stranger_s_device_is_not_there(author: Phone, stranger: Phone) -> None:
    foreign = stranger.delete(f"me/sessions/{id_of(author)}")
    absent = stranger.delete("me/sessions/01936d2f-8c7a-7c3e-9b1f-4a5d6e7f8091")

    assert (foreign.status, foreign.code) == (404, "session_not_found")
    assert {**foreign.json, "request_id": ""} == {**absent.json, "request_id": ""}
    assert author.get("me").status == 200


def test_ending_it_twice(author: Phone) -> None:
    tablet = Phone()
    tablet.login(author.email)
    author.delete(f"me/sessions/{id_of(tablet)}")

    assert author.delete(f"me/sessions/{id_of(tablet)}").status == 404


def test_signing_out_everywhere_else(author: Phone, stranger: Phone) -> None:
    tablets = [Phone(), Phone()]
    for tablet in tablets:
        tablet.login(author.email)

    assert author.delete("me/sessions").status == 204

    for tablet in tablets:
        assert_signed_out(tablet.get("me"))
    assert author.get("me").status == 200
    assert stranger.get("me").status == 200


# At once


def test_signed_out_is_signed_out(author: Phone) -> None:
    assert author.get("me").status == 200

    assert author.logout().status == 204

    assert_signed_out(author.get("me"))
    assert_signed_out(author.refresh())
    assert_signed_out(author.logout())


def test_also_while_redis_is_away(author: Phone, settings: Any) -> None:
    assert author.get("me").status == 200
    settings.CACHE_URL = DEAD

    assert author.get("me").status == 200
    assert author.logout().status == 204

    assert_signed_out(author.get("me"))


def test_also_when_redis_comes_back_with_what_it_knew(author: Phone, settings: Any) -> None:
    assert author.get("me").status == 200
    alive, settings.CACHE_URL = settings.CACHE_URL, DEAD
    author.logout()
    settings.CACHE_URL = alive
    assert remembered(author) != cache.REVOKED

    drain()

    assert remembered(author) == cache.REVOKED
    assert_signed_out(author.get("me"))


def test_the_end_is_published_until_it_is_heard(author: Phone, settings: Any, clock: Clock) -> None:
    alive, settings.CACHE_URL = settings.CACHE_URL, DEAD
    author.logout()

    drain(limit=5)
    (waiting,) = pending("accounts.publish_revocation")
    assert waiting.error == "later: cache down"
    settings.CACHE_URL = alive


def test_a_slow_request_does_not_bring_a_session_back(author: Phone) -> None:
    session = Session.objects.get(pk=id_of(author))
    author.logout()

    revocation.remember(session.pk, session.leaf_hash)

    assert remembered(author) == cache.REVOKED


@pytest.mark.parametrize("redis_is_away", [False, True])
def test_the_disabled_are_out_everywhere(
    author: Phone, by_staff: Any, settings: Any, redis_is_away: bool
) -> None:
    tablet = Phone()
    tablet.login(author.email)
    assert author.get("me").status == tablet.get("me").status == 200
    if redis_is_away:
        settings.CACHE_URL = DEAD

    by_staff(standing.disable, author)

    for phone in (author, tablet):
        assert_signed_out(phone.get("me"))
        assert_signed_out(phone.refresh())


# What the cache remembers


def test_a_session_is_looked_up_once(author: Phone, django_assert_num_queries: Any) -> None:
    author.get("me")

    with django_assert_num_queries(1):
        author.get("me")


def test_a_parent_s_access_token_lives_out_its_minutes(
    author: Phone, django_assert_num_queries: Any
) -> None:
    slow_request = replace(author)
    author.get("me")
    author.refresh()

    cache.client().flushdb()

    # Nobody used the new leaf yet: the old one is looked up once and then costs nothing more.
    for queries in (2, 1):
        with django_assert_num_queries(queries):
            assert slow_request.get("me").status == 200

    assert author.get("me").status == 200
    # Now the cache is the new leaf's, and the old one does not take it back.
    with django_assert_num_queries(2):
        assert slow_request.get("me").status == 200
    with django_assert_num_queries(1):
        assert author.get("me").status == 200


def test_a_grandparent_s_access_token_is_merely_old(author: Phone) -> None:
    old = replace(author)
    author.refresh()
    author.refresh()
    author.get("me")

    answer = old.get("me")

    assert (answer.status, answer.code) == (401, "token_expired")
    assert author.get("me").status == 200


def test_the_first_arrival_is_noted_and_no_other(clock: Clock, author: Phone) -> None:
    author.get("me")
    first = Session.objects.get(pk=id_of(author)).confirmed_at
    assert first is not None

    clock.forward(minutes=1)
    cache.client().flushdb()
    author.get("me")

    assert Session.objects.get(pk=id_of(author)).confirmed_at == first


def test_only_the_current_leaf_arrives(author: Phone) -> None:
    session = Session.objects.get(pk=id_of(author))
    Session.objects.update(confirmed_at=None)

    found = Session.objects.confirmed(
        session.pk, generation=session.generation, digest=b"another leaf", now=timezone.now()
    )

    assert not found.has_arrived
    assert Session.objects.get(pk=session.pk).confirmed_at is None


@pytest.mark.parametrize("change", [{"is_active": False}, {"deleted_at": Now()}], ids=str)
def test_nobody_is_let_in_whose_account_is_closed(author: Phone, change: dict[str, Any]) -> None:
    User.objects.filter(pk=author.user_id).update(**change)
    cache.client().flushdb()

    assert_signed_out(author.get("me"))


def test_a_flushed_cache_signs_nobody_in(author: Phone) -> None:
    author.logout()
    cache.client().flushdb()

    assert_signed_out(author.get("me"))
