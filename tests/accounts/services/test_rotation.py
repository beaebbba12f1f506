"""Refreshing, row by row of the table in reliability C3, with the clock in hand."""

import uuid
from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings as project
from django.core import mail
from django.utils import timezone

from apps.accounts import keys, tokens
from apps.accounts.models import Session
from apps.core import cache
from tests.accounts.conftest import Clock
from tests.outbox import drain
from tests.phone import Answer, Phone

pytestmark = pytest.mark.usefixtures("clock", "unlimited")


def row_of(phone: Phone) -> Session:
    return Session.objects.get(pk=tokens.read_access(phone.access).session_id)


def leaf(refresh_token: str) -> str:
    return tokens.read_refresh(refresh_token).leaf


def copy_of(phone: Phone) -> Phone:
    """What a thief holds who copied the phone's storage; or the phone itself, before an answer it never got."""
    return replace(phone)


def assert_signed_out(answer: Answer) -> None:
    assert (answer.status, answer.code) == (401, "session_revoked")


# The current leaf


def test_the_current_leaf_rotates(author: Phone) -> None:
    before = row_of(author)
    spent = copy_of(author)

    answer = author.refresh()

    after = row_of(author)
    assert answer.status == 200
    assert answer.json["expires_in"] == 600
    assert answer.json["user"] == spent.user
    assert leaf(author.refresh_token) != leaf(spent.refresh_token)
    assert after.generation == before.generation + 1
    assert bytes(after.parent_hash) == bytes(before.leaf_hash)
    assert after.confirmed_at is None
    assert author.get("me").status == 200


def test_the_row_keeps_no_token(author: Phone) -> None:
    author.refresh()
    row = row_of(author)
    kept = b"|".join(
        bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
        for value in vars(row).values()
    )

    secret = tokens.leaf_in(tokens.read_refresh(author.refresh_token))
    assert keys.hash_of(secret) in kept
    assert secret not in kept
    assert secret.hex().encode() not in kept
    assert author.refresh_token.encode() not in kept


def test_an_access_token_is_no_way_to_refresh(author: Phone) -> None:
    author.refresh_token = author.access

    assert author.refresh().code == "token_invalid"


def test_only_one_row_however_often_it_is_refreshed(clock: Clock, author: Phone) -> None:
    """Twice a day for a month (AU-16)."""
    for _ in range(60):
        clock.forward(hours=12)
        assert author.refresh().status == 200

    assert Session.objects.filter(user_id=author.user_id).count() == 1


# The parent, soon after the rotation


def test_a_lost_answer_is_given_again(clock: Clock, author: Phone) -> None:
    lost = copy_of(author)
    author.refresh()
    generation = row_of(author).generation

    clock.forward(seconds=10)
    assert lost.refresh().status == 200

    assert leaf(lost.refresh_token) == leaf(author.refresh_token)
    assert row_of(author).generation == generation
    assert lost.get("me").status == author.get("me").status == 200


def test_it_is_given_again_when_the_first_one_was_already_used(author: Phone) -> None:
    twin = copy_of(author)
    author.refresh()
    assert author.get("me").status == 200

    assert twin.refresh().status == 200
    assert leaf(twin.refresh_token) == leaf(author.refresh_token)


def test_it_is_given_again_five_times(author: Phone) -> None:
    spent = copy_of(author)
    author.refresh()

    assert [copy_of(spent).refresh().status for _ in range(5)] == [200] * 5

    refused = copy_of(spent).refresh()
    assert (refused.status, refused.code) == (429, "rate_limited")
    assert 1 <= int(refused.headers["Retry-After"]) <= 10
    assert author.refresh().status == 200


def test_every_rotation_has_five_repeats_of_its_own(author: Phone) -> None:
    for _ in range(2):
        spent = copy_of(author)
        author.refresh()
        assert [copy_of(spent).refresh().status for _ in range(5)] == [200] * 5


def test_the_same_attempt_may_ask_for_a_minute(clock: Clock, author: Phone) -> None:
    lost = copy_of(author)
    author.refresh(attempt="a-nonce-of-this-attempt")
    assert author.get("me").status == 200

    clock.forward(seconds=60)
    assert lost.refresh(attempt="a-nonce-of-this-attempt").status == 200
    assert leaf(lost.refresh_token) == leaf(author.refresh_token)


def test_an_attempt_does_not_last_longer(clock: Clock, author: Phone) -> None:
    lost = copy_of(author)
    author.refresh(attempt="a-nonce-of-this-attempt")
    assert author.get("me").status == 200

    clock.forward(seconds=61)
    assert_signed_out(lost.refresh(attempt="a-nonce-of-this-attempt"))


def test_another_attempt_is_no_repeat(clock: Clock, author: Phone) -> None:
    thief = copy_of(author)
    author.refresh(attempt="a-nonce-of-this-attempt")
    assert author.get("me").status == 200

    clock.forward(seconds=11)
    assert_signed_out(thief.refresh(attempt="another"))


# The parent of a leaf that never showed


@pytest.mark.parametrize("later", [{"seconds": 11}, {"hours": 1}, {"days": 29}])
def test_an_answer_that_never_arrived_is_superseded(
    clock: Clock, author: Phone, later: dict[str, float]
) -> None:
    undelivered = copy_of(author)
    undelivered.refresh()
    generation = row_of(author).generation

    clock.forward(**later)
    assert author.refresh().status == 200

    assert leaf(author.refresh_token) != leaf(undelivered.refresh_token)
    assert row_of(author).generation == generation
    assert author.get("me").status == 200


def test_two_answers_in_a_row_may_be_lost(clock: Clock, author: Phone) -> None:
    for _ in range(2):
        copy_of(author).refresh()
        clock.forward(minutes=5)

    assert author.refresh().status == 200
    assert author.get("me").status == 200
    clock.forward(minutes=10)
    assert author.refresh().status == 200


@pytest.mark.parametrize("use", ["refresh", "access"])
def test_a_superseded_leaf_is_poison(clock: Clock, author: Phone, use: str) -> None:
    quiet = copy_of(author)
    quiet.refresh()
    clock.forward(minutes=1)
    author.refresh()
    assert author.get("me").status == 200

    assert_signed_out(quiet.refresh() if use == "refresh" else quiet.get("me"))

    assert_signed_out(author.get("me"))
    assert_signed_out(author.refresh())
    assert row_of(author).revoked_reason == Session.End.REUSE


def test_poison_works_a_generation_later(clock: Clock, author: Phone) -> None:
    quiet = copy_of(author)
    quiet.refresh()
    clock.forward(minutes=1)
    author.refresh()
    author.refresh()

    assert_signed_out(quiet.get("me"))
    assert_signed_out(author.get("me"))


def test_ten_supersedes_an_hour_and_no_sign_out(clock: Clock, author: Phone) -> None:
    copy_of(author).refresh()
    for _ in range(10):
        clock.forward(seconds=11)
        assert copy_of(author).refresh().status == 200

    clock.forward(seconds=11)
    refused = author.refresh()
    assert (refused.status, refused.code) == (429, "rate_limited")
    assert 3400 < int(refused.headers["Retry-After"]) <= 3600

    clock.forward(hours=1)
    assert author.refresh().status == 200


# Reuse


def test_the_parent_of_a_leaf_in_use_is_reuse(clock: Clock, author: Phone) -> None:
    thief = copy_of(author)
    author.refresh()
    assert author.get("me").status == 200

    clock.forward(seconds=11)
    assert_signed_out(thief.refresh())

    assert row_of(author).revoked_reason == Session.End.REUSE
    assert_signed_out(author.get("me"))
    assert_signed_out(author.refresh())


def test_a_refresh_is_use(clock: Clock, author: Phone) -> None:
    thief = copy_of(author)
    author.refresh()
    author.refresh()

    assert_signed_out(thief.refresh())
    assert_signed_out(author.refresh())


@pytest.mark.parametrize("generations", [2, 3, 7])
def test_an_older_leaf_is_reuse(clock: Clock, author: Phone, generations: int) -> None:
    thief = copy_of(author)
    for _ in range(generations):
        author.refresh()

    assert_signed_out(thief.refresh())
    assert_signed_out(author.get("me"))


def test_the_owner_is_told_of_reuse(author: Phone) -> None:
    thief = copy_of(author)
    author.refresh()
    author.refresh()
    thief.refresh()
    mail.outbox.clear()

    drain()

    (notice,) = mail.outbox
    assert notice.to == ["author@example.test"]
    assert "signed out" in notice.subject


# What proves nothing changes nothing


def test_garbage_can_not_end_a_session(author: Phone) -> None:
    head, body, signature = author.refresh_token.split(".")
    forged = f"{head}.{body}.{'A' * len(signature)}"
    before = row_of(author)

    for nonsense in ("x", "a.b.c", forged, author.access):
        answer = author.post("auth/refresh", {"refresh": nonsense})
        assert (answer.status, answer.code) == (401, "token_invalid")

    assert vars(row_of(author)).items() >= {
        (name, value) for name, value in vars(before).items() if name != "_state"
    }
    assert author.refresh().status == 200


def test_a_session_that_nobody_knows(author: Phone) -> None:
    Session.objects.filter(user_id=author.user_id).delete()

    assert_signed_out(author.refresh())


def test_a_generation_ahead_of_a_restored_database_is_no_theft(author: Phone) -> None:
    ahead = copy_of(author)
    restored = row_of(author)
    ahead.refresh()
    ahead.refresh()
    restored.save()

    assert_signed_out(ahead.refresh())

    assert row_of(author).revoked_at is None
    assert author.refresh().status == 200


# The ends of a session


def test_thirty_idle_days_end_it(clock: Clock, author: Phone) -> None:
    clock.forward(days=29, hours=23)
    assert author.refresh().status == 200

    clock.forward(days=30)
    assert_signed_out(author.refresh())


def test_the_row_decides_whatever_the_token_says(author: Phone) -> None:
    Session.objects.filter(user_id=author.user_id).update(idle_expires_at=timezone.now())
    cache.client().flushdb()

    assert_signed_out(author.refresh())
    assert_signed_out(author.get("me"))


def test_no_refresh_goes_beyond_ninety_days(clock: Clock, author: Phone) -> None:
    for _ in range(8):
        clock.forward(days=11)
        assert author.refresh().status == 200
    clock.forward(days=1, hours=23, minutes=55)

    last = author.refresh()
    assert last.json["expires_in"] == 300

    clock.forward(minutes=5)
    assert_signed_out(author.refresh())


@pytest.mark.parametrize("change", [{"is_active": False}, {"deleted_at": "2026-01-01T00:00Z"}])
def test_somebody_who_is_not_let_in_can_not_refresh(author: Phone, change: dict[str, Any]) -> None:
    row = row_of(author)
    type(row).user.field.related_model.objects.filter(pk=author.user_id).update(**change)

    assert_signed_out(author.refresh())


# Keys


def test_a_key_is_rotated_without_signing_anybody_out(settings: Any, author: Phone) -> None:
    lost = copy_of(author)
    author.refresh()

    settings.TOKEN_SIGNING_KEYS = ["a-new-key-" * 5, *project.TOKEN_SIGNING_KEYS]
    assert author.get("me").status == 200
    assert lost.refresh().status == 200
    assert leaf(lost.refresh_token) == leaf(author.refresh_token)

    assert author.refresh().status == 200
    settings.TOKEN_SIGNING_KEYS = settings.TOKEN_SIGNING_KEYS[:1]
    assert author.get("me").status == 200
    assert author.refresh().status == 200


def test_a_key_out_of_the_ring_opens_nothing(settings: Any, author: Phone) -> None:
    settings.TOKEN_SIGNING_KEYS = ["another-key-" * 5]

    assert author.get("me").code == "token_invalid"
    assert author.refresh().code == "token_invalid"


def test_unknown_sessions_of_another_database(author: Phone) -> None:
    session = row_of(author)
    session.pk = uuid.uuid4()
    author.refresh_token = tokens.refresh_for(session, b"\0" * 32)

    assert_signed_out(author.refresh())
