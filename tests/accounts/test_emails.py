"""Mail about accounts: in the person's language, whole in every language, and handed over safely."""

import re
import smtplib
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.template.loader import get_template

from apps.accounts import emails
from apps.accounts.models import EmailCode, Session, User
from apps.core import attempts, outbox
from apps.core.models import Job
from tests.outbox import drain, pending
from tests.phone import Phone

FOLDER = Path("templates/accounts/email")
KINDS = sorted(folder.name for folder in FOLDER.iterdir() if folder.is_dir())


def mailed(phone: Phone) -> EmailMultiAlternatives:
    drain()
    return mail.outbox[-1]  # type: ignore[return-value]


def test_both_kinds_of_body_say_the_same(phone: Phone) -> None:
    phone.register("author@example.test")

    message = mailed(phone)

    ((html, kind),) = message.alternatives
    code = re.findall(r"\b\d{6}\b", message.body)
    assert kind == "text/html"
    assert len(code) == 1
    assert code[0] in html
    assert code[0] in message.subject
    assert "10 minutes" in message.body
    assert "10 minutes" in html


@pytest.mark.parametrize(
    ("locale", "word"),
    [
        ("en", "code"),
        ("de", "Code für"),
        ("de-AT", "Code für"),
        ("fr", "code"),
        ("zh-Hant", "code"),
    ],
)
def test_in_the_person_s_language(phone: Phone, locale: str, word: str) -> None:
    phone.register("author@example.test", locale=locale)

    message = mailed(phone)

    assert word in message.subject
    assert ("gilt 10 Minuten" in message.body) == (word == "Code für")
    assert (' lang="de"' in message.alternatives[0].content) == (word == "Code für")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", [code for code, _ in project.LANGUAGES])
@pytest.mark.parametrize("part", ["subject.txt", "body.txt", "body.html"])
def test_nothing_is_missing_in_any_language(kind: str, language: str, part: str) -> None:
    written = get_template(f"accounts/email/{kind}/{language}/{part}").render(
        {"product": "Lighthouse", "code": "314159", "minutes": 10, "device": "iPhone"}
    )

    assert written.strip()
    other = get_template(f"accounts/email/{kind}/en/{part}").render(
        {"product": "Lighthouse", "code": "314159", "minutes": 10, "device": "iPhone"}
    )
    assert language == "en" or written != other
    for placed in ("314159", "iPhone"):
        assert (placed in written) == (placed in other)


def test_headers(phone: Phone) -> None:
    phone.register("author@example.test")
    row = EmailCode.objects.get(user_id=phone.user_id)

    message = mailed(phone).message()

    assert message["Message-ID"] == f"<code.{row.pk}@localhost>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["To"] == "author@example.test"


def test_an_ampersand_is_one_in_text_and_escaped_in_html(phone: Phone, settings: Any) -> None:
    settings.PROJECT_NAME = "Salt & Pepper"
    phone.register("author@example.test")

    message = mailed(phone)

    assert "Salt & Pepper" in message.subject
    assert "Salt & Pepper" in message.body
    assert "Salt &amp; Pepper" in message.alternatives[0].content


# Servers that refuse


class Refusing:
    def __init__(self, failure: Exception) -> None:
        self.failure = failure

    def __call__(self, *_: object) -> int:
        raise self.failure


def refused_with(failure: Exception, phone: Phone, monkeypatch: pytest.MonkeyPatch) -> Job:
    phone.register("author@example.test")
    with monkeypatch.context() as patch:
        patch.setattr(EmailMultiAlternatives, "send", Refusing(failure))
        # One attempt: draining would go on with the next, which is due in a moment.
        claimed = outbox.claim("urgent")
        assert claimed
        attempts.run(claimed)
    return Job.objects.get(name="accounts.send_code_email")


def test_an_address_that_does_not_exist_is_not_tried_again(
    phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = smtplib.SMTPRecipientsRefused({"author@example.test": (550, b"no such user")})

    job = refused_with(failure, phone, monkeypatch)

    assert job.state == Job.State.DEAD
    assert job.error == "the mail server refuses it: smtp_550"


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (
            smtplib.SMTPRecipientsRefused({"author@example.test": (451, b"greylisted")}),
            "MailFailed: smtp_451",
        ),
        (
            smtplib.SMTPServerDisconnected("author@example.test"),
            "MailFailed: disconnected",
        ),
        (TimeoutError("timed out"), "TimeoutError: timed out"),
    ],
    ids=str,
)
def test_a_server_that_is_busy_is_tried_again(
    phone: Phone, monkeypatch: pytest.MonkeyPatch, failure: Exception, error: str
) -> None:
    job = refused_with(failure, phone, monkeypatch)

    assert (job.state, job.error) == (Job.State.PENDING, error)
    assert "author" not in job.error
    Job.objects.update(available_at=job.created_at)
    assert phone.verify(phone.code_mailed_to("author@example.test")).status == 200


def test_a_code_of_a_lost_key_is_not_sent(phone: Phone, settings: Any) -> None:
    phone.register("author@example.test")
    settings.SECRET_KEY = "another-secret-key-" * 4

    drain(tolerate_failures=True)

    assert mail.outbox == []
    (job,) = Job.objects.filter(state=Job.State.DEAD)
    assert job.error.startswith("the code was made under another key")


# The notice of reuse


def session_of(author: Phone) -> Session:
    return Session.objects.select_related("user").get(user_id=author.user_id)


def test_the_notice_names_the_device_and_escapes_it(author: Phone) -> None:
    session = session_of(author)
    session.device_model = "<b>iPhone</b>"

    emails.send_reuse_notice(session)

    message = mail.outbox[-1]
    assert "(<b>iPhone</b>)" in message.body
    assert "(&lt;b&gt;iPhone&lt;/b&gt;)" in message.alternatives[0].content  # type: ignore[attr-defined]


def test_no_notice_to_an_address_that_nobody_proved(phone: Phone) -> None:
    from apps.accounts import tasks

    phone.register("author@example.test")
    drain()
    mail.outbox.clear()

    tasks.send_reuse_notice(session_id=session_of(phone).pk)
    tasks.send_reuse_notice(session_id=uuid.uuid4())
    User.objects.filter(pk=phone.user_id).update(
        email="author@example.test", claimed_email=None, is_active=False
    )
    tasks.send_reuse_notice(session_id=session_of(phone).pk)

    assert mail.outbox == []
    assert pending() == []
