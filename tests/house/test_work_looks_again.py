"""What waits as a job looks again when it runs: what was taken back meanwhile has no effect (AZ-11)."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Export, User
from apps.accounts.services import standing
from apps.content.models import Media, Post
from apps.core import jobs
from tests.content.desk import published
from tests.content.media import camera
from tests.outbox import drain, pending
from tests.phone import Phone

# What runs whoever may what, because it takes something away, closes something or tells of what has happened.
OWES_NOBODY = {
    "accounts.publish_revocation",
    "accounts.publish_key_revocation",
    "accounts.send_password_notice",
    "accounts.send_address_notice",
    "accounts.exchange_apple_code",
    "content.delete_media_files",
}
# Stopped in between, in `tests/notifications/campaigns/test_control.py` and `test_releasing.py`.
OF_CAMPAIGNS = {
    f"notifications.{step}_campaign" for step in ("begin", "plan", "write", "settle", "follow")
}


def _mails() -> int:
    return len(mail.outbox)


def _ask_for_a_code(author: Phone) -> None:
    assert author.post("auth/password/forgot", {"email": author.email}).status == 204


def _lose_a_token(author: Phone) -> None:
    thief = Phone().keep({"access": author.access, "refresh": author.refresh_token})
    author.refresh()
    author.refresh()
    assert thief.refresh().code == "session_revoked"
    assert author.login().status == 200


def _ask_for_an_archive(author: Phone) -> None:
    assert author.post("me/export").status == 202


def _have_an_archive(author: Phone) -> None:
    _ask_for_an_archive(author)
    (job,) = pending("accounts.build_export")
    jobs.registry[job.name].run(job.kwargs)
    job.delete()


def _change_the_safety(author: Phone) -> None:
    with transaction.atomic():
        jobs.enqueue(
            jobs.registry["accounts.send_security_notice"],
            user_id=uuid.UUID(author.user_id),
            notice_id="totp_on",
            intent_id=uuid.uuid4(),
        )


def _upload_a_picture(author: Phone) -> None:
    content = camera.picture()
    grant = camera.announced(author, content)
    assert camera.sent(grant["upload"], content).status in {200, 201, 204}
    assert author.post(f"media/{grant['media']['id']}/complete").status in {200, 202}


def _leave(author: Phone) -> None:
    assert author.send("DELETE", "me").status in {200, 202, 204}


def _come_back(author: Phone) -> None:
    refused = author.post(
        "auth/login", {"email": author.email, "password": author.password, "device": author.device}
    )
    restored = author.post("me/restore", {"restore": refused.json["restore"]})
    assert restored.status == 200, restored.content
    author.keep(restored.json)


def _leave_and_be_due(author: Phone) -> None:
    _leave(author)
    drain()
    long_ago = timezone.now() - settings.DELETION_GRACE - timedelta(days=1)
    User.objects.filter(pk=author.user_id).update(deleted_at=long_ago)
    with transaction.atomic():
        jobs.enqueue(jobs.registry["accounts.erase_account"], user_id=uuid.UUID(author.user_id))


def _have_words_marked(author: Phone) -> None:
    published(author)
    _out(author)


def _out(author: Phone) -> None:
    with transaction.atomic():
        standing.disable(user_id=uuid.UUID(author.user_id), by=uuid.uuid4())


def _in(author: Phone) -> None:
    with transaction.atomic():
        standing.enable(user_id=uuid.UUID(author.user_id), by=uuid.uuid4())


type Act = Callable[[Phone], Any]
# By job: what makes it wait, what takes back that it may, and where its effect would be seen.
WORK: dict[str, tuple[Act, Act, Callable[[], Any]]] = {
    "accounts.send_code_email": (_ask_for_a_code, _out, _mails),
    "accounts.send_reuse_notice": (_lose_a_token, _out, _mails),
    "accounts.build_export": (
        _ask_for_an_archive,
        _out,
        lambda: list(Export.objects.values_list("state", flat=True)),
    ),
    "accounts.send_export_ready": (_have_an_archive, _out, _mails),
    "accounts.send_security_notice": (_change_the_safety, _out, _mails),
    "accounts.send_farewell": (_leave, _come_back, _mails),
    "accounts.erase_account": (
        _leave_and_be_due,
        _out,
        lambda: User.objects.filter(erased_at=None).count(),
    ),
    "content.process_media": (
        _upload_a_picture,
        _out,
        lambda: list(Media.objects.values_list("state", flat=True)),
    ),
    "content.mark_words": (
        _have_words_marked,
        _in,
        lambda: list(Post.objects.values_list("author_out", flat=True)),
    ),
}


@pytest.mark.parametrize("name", WORK)
def test_what_was_taken_back_has_no_effect(author: Phone, name: str) -> None:
    ask, take_back, seen = WORK[name]
    drain()
    ask(author)
    take_back(author)
    assert pending(name), f"nothing waits: {[job.name for job in pending()]}"
    before = seen()

    for job in pending(name):
        jobs.registry[name].run(job.kwargs)

    assert seen() == before


@pytest.mark.parametrize("name", WORK)
def test_what_was_not_taken_back_has_one(author: Phone, name: str) -> None:
    ask, _, seen = WORK[name]
    drain()
    ask(author)
    before = seen()

    for job in pending(name):
        jobs.registry[name].run(job.kwargs)

    assert seen() != before


def test_no_work_is_forgotten() -> None:
    asked_for = jobs.registry.keys() - jobs.schedules.keys()
    ours = {
        name for name in asked_for if jobs.registry[name].function.__module__.startswith("apps.")
    }

    assert ours == WORK.keys() | OWES_NOBODY | OF_CAMPAIGNS
