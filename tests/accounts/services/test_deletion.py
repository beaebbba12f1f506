"""Leaving: at once out everywhere, a way back for a while, and then nothing but an id."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from apps.accounts import erasure, periodic
from apps.accounts.models import EmailCode, Session, User
from apps.accounts.services import deletion, standing
from apps.content.models import Comment, Post
from apps.core import jobs, personal
from apps.devices.models import Device
from apps.notifications.models import Notification
from tests.accounts.conftest import Clock
from tests.outbox import drain, drain_twice, pending
from tests.phone import Answer, Phone


def leave(person: Phone) -> Answer:
    answer = person.delete("me")
    assert answer.status == 202, answer.content
    return answer


def long_gone(person: Phone) -> None:
    """Let the time to come back go by."""
    past = timezone.now() - timedelta(days=31)
    User.objects.filter(pk=person.user_id).update(deleted_at=past)


def come_back(person: Phone, proof: str) -> Answer:
    return person.post("me/restore", {"restore": proof, "device": person.device})


def test_deleting_signs_out_everywhere_at_once(author: Phone) -> None:
    tablet = Phone()
    assert tablet.login(author.email).status == 200

    answer = leave(author)

    assert set(answer.json) == {"deleted_at", "purged_after"}
    for device in (author, tablet):
        assert device.get("me").code == "session_revoked"
        assert device.refresh().code == "session_revoked"
    reasons = Session.objects.of(author.user_id).values_list("revoked_reason", flat=True)
    assert set(reasons) == {"account_closed"}


def test_deleting_needs_a_recent_proof(author: Phone, clock: Clock) -> None:
    clock.forward(minutes=6)

    assert author.delete("me").code == "reauth_required"
    assert author.get("me").status == 200


def test_a_farewell_says_until_when_one_may_come_back(author: Phone) -> None:
    author.patch("me", {"locale": "de-AT"})
    drain()
    mail.outbox.clear()

    leave(author)
    drain()

    (message,) = mail.outbox
    until = timezone.now() + timedelta(days=30)
    assert message.subject == "Dein Konto wird gelöscht"
    assert f"{until.day}. " in message.body
    assert str(until.year) in message.body


def test_signing_in_brings_it_back_with_all_that_was_there(author: Phone) -> None:
    post = author.post("posts", {"title": "Kept"}).json
    leave(author)

    refused = author.login()

    assert (refused.status, refused.code) == (403, "account_deleted")
    assert author.get("me").status == 401
    restored = come_back(author, refused.json["restore"])
    assert restored.status == 200
    author.keep(restored.json)
    assert author.get(f"posts/{post['id']}").status == 200
    assert author.login().status == 200


def test_a_proof_restores_once_and_not_for_long(author: Phone, clock: Clock) -> None:
    leave(author)
    proof = author.login().json["restore"]
    assert come_back(author, proof).status == 200

    assert come_back(author, proof).code == "restore_expired"
    assert come_back(author, f"{proof[:-2]}xx").code == "restore_expired"
    author.login()
    leave(author)
    stale = author.login().json["restore"]
    clock.forward(minutes=11)
    assert come_back(author, stale).code == "restore_expired"


def test_nobody_comes_back_after_the_grace_period(author: Phone) -> None:
    leave(author)
    proof = author.login().json["restore"]
    long_gone(author)

    assert author.login().code == "invalid_credentials"
    assert come_back(author, proof).code == "restore_expired"


def test_whoever_comes_back_in_time_is_not_erased(author: Phone) -> None:
    leave(author)
    erasure.erase(uuid.UUID(author.user_id))
    assert come_back(author, author.login().json["restore"]).status == 200

    erasure.erase(uuid.UUID(author.user_id))
    periodic.erase_deleted_accounts()

    assert pending("accounts.erase_account") == []
    assert User.objects.get(pk=author.user_id).email == "author@example.test"


def test_a_ban_is_no_deletion(
    author: Phone, stranger: Phone, by_staff: Callable[..., None]
) -> None:
    by_staff(standing.disable, author)
    leave(stranger)
    long_gone(stranger)
    by_staff(standing.disable, stranger)

    assert deletion.erase_due_accounts() == 0
    erasure.erase(uuid.UUID(stranger.user_id))

    assert User.objects.filter(erased_at=None).count() == 2
    assert stranger.login().code == "account_disabled"


def test_a_guest_leaves_for_good_at_once(phone: Phone) -> None:
    phone.register("claimed@example.test")
    User.objects.filter(pk=phone.user_id).update(is_guest=True, claimed_email=None)

    leave(phone)
    drain()

    assert User.objects.get(pk=phone.user_id).erased_at


def test_what_is_left_is_an_id(author: Phone, stranger: Phone) -> None:
    post = author.post("posts", {"title": "Secret", "body": "Words"}).json
    author.post(f"posts/{post['id']}/publish")
    own = stranger.post("posts", {"title": "Stays"}).json
    stranger.post(f"posts/{own['id']}/publish")
    comment = author.post(f"posts/{own['id']}/comments", {"body": "Mine"}).json
    leave(author)
    long_gone(author)
    drain()
    mail.outbox.clear()

    periodic.erase_deleted_accounts()
    assert drain_twice() == ["accounts.erase_account"]

    user = User.objects.get(pk=author.user_id)
    assert (user.email, user.display_name, user.has_usable_password()) == (None, "", False)
    for model in (Session, EmailCode, Device):
        assert not model.objects.filter(user=user).exists()
    assert Post.objects.get(pk=post["id"]).title == ""
    assert Comment.objects.get(pk=comment["id"]).body == ""
    assert stranger.get(f"posts/{own['id']}").json["comment_count"] == 0
    assert not Notification.objects.filter(recipient=stranger.user_id).exists()
    assert [message.subject for message in mail.outbox[:1]] == ["Your account is erased"]
    assert mail.outbox[0].to == ["author@example.test"]


def test_the_address_is_free_again(author: Phone) -> None:
    leave(author)
    long_gone(author)
    erasure.erase(uuid.UUID(author.user_id))

    again = Phone().verified("author@example.test")

    assert again.user_id != author.user_id


def test_a_worker_that_dies_on_the_way_is_replaced(
    author: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every batch commits by itself: whoever comes next finds what is left, and the receipt goes out at the end."""
    for number in range(5):
        author.post("posts", {"title": f"Post {number}"})
    leave(author)
    long_gone(author)
    drain()
    mail.outbox.clear()
    monkeypatch.setattr(personal, "BATCH", 2)
    monkeypatch.setattr(erasure, "_SECONDS", -1)
    goes = 0

    # Each go is stopped after its first batch.
    while goes < 50:
        goes += 1
        try:
            erasure.erase(uuid.UUID(author.user_id))
        except jobs.Retry:
            assert mail.outbox == []
        else:
            break

    assert goes > 5
    assert [post.title for post in Post.objects.filter(author=author.user_id)] == [""] * 5
    assert len(mail.outbox) == 1


def test_staff_bring_an_account_back(author: Phone, by_staff: Callable[..., Any]) -> None:
    leave(author)

    by_staff(deletion.restore_for, author)

    assert author.login().status == 200
