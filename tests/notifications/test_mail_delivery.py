"""Notifications by mail, to a server that really speaks SMTP: who gets one, when, and what every answer comes to."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as product
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from apps.accounts.models import MailSuppression, User
from apps.accounts.services import mailboxes
from apps.notifications.kinds import KINDS, Category, Channel
from apps.notifications.models import Delivery, Notification
from apps.notifications.providers import line_to
from apps.notifications.providers.mail_reports.base import Event, MailReport
from apps.notifications.services.bounces import note_mail_reports
from tests.fakes.smtp import FakeSmtp, Taken
from tests.notifications.news import tell, wait_and_drain
from tests.outbox import drain
from tests.phone import Phone

ADDRESS = "author@example.test"
HOUR = 3_600


@pytest.fixture
def server(settings: Any) -> Iterator[FakeSmtp]:
    with FakeSmtp() as fake:
        settings.MAILERS = fake.mailers
        yield fake


@pytest.fixture
def reader(author: Phone, server: FakeSmtp) -> Phone:
    """Somebody without a phone that rings, who wants mail."""
    drain()
    server.taken.clear()
    return wants_mail(author)


def wants_mail(phone: Phone, on: bool = True) -> Phone:
    choice = {"categories": [{"category": "social", "email": on}]}
    assert phone.patch("notifications/preferences", choice).status == 200
    return phone


def the_mail(notification: Notification) -> Delivery:
    return Delivery.objects.get(notification=notification, channel=Channel.EMAIL)


def fate(notification: Notification) -> tuple[str, str]:
    mail = the_mail(notification)
    return mail.state, mail.reason


def safe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a kind that protects an account go by mail."""
    kind = replace(
        KINDS["post_shared"], category=Category.SECURITY, channels=frozenset({Channel.EMAIL})
    )
    monkeypatch.setitem(KINDS, "post_shared", kind)


def the_only(server: FakeSmtp) -> Taken:
    (taken,) = server.taken
    return taken


# Who gets mail, and when


def test_a_mail_waits_for_its_reader_to_look_first(reader: Phone, server: FakeSmtp) -> None:
    notification = tell(reader)
    drain()
    wait_and_drain(HOUR - 10)
    assert server.taken == []

    wait_and_drain(HOUR + 10)

    taken, mail = the_only(server), the_mail(notification)
    assert (mail.state, mail.provider, mail.attempts) == ("accepted", "smtp", 1)
    assert taken.to == ADDRESS
    assert taken.id == f"<mail.{notification.pk.hex}.{mail.pk.hex}@localhost>"
    assert taken.message["Subject"] == "Sam commented on your post"
    assert taken.message["Auto-Submitted"] == "auto-generated"
    text = taken.message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Sam commented on your post “Harbour lights”." in text
    assert notification.link in text


def test_what_was_read_is_not_mailed(reader: Phone, server: FakeSmtp) -> None:
    notification = tell(reader)
    assert reader.post("notifications/read", {"ids": [str(notification.pk)]}).status == 200

    wait_and_drain(2 * HOUR)

    assert fate(notification) == ("suppressed", "already_read")
    assert server.taken == []


def test_mail_that_nobody_asked_for_is_no_way_and_leaves_no_row(
    author: Phone, server: FakeSmtp
) -> None:
    notification = tell(author)
    assert not Delivery.objects.filter(notification=notification, channel="email").exists()

    chosen = tell(wants_mail(author, on=False))

    assert fate(chosen) == ("suppressed", "preference")


def test_a_choice_counts_until_the_last_moment(reader: Phone, server: FakeSmtp) -> None:
    notification = tell(reader)
    wants_mail(reader, on=False)

    wait_and_drain(2 * HOUR)

    assert fate(notification) == ("suppressed", "preference")


def test_whoever_is_muted_gets_no_mail_and_quiet_hours_do_not_matter(
    reader: Phone, server: FakeSmtp
) -> None:
    clock = timezone.now() + timedelta(hours=1)
    hours = {"begin": f"{clock:%H:%M}", "end": f"{clock + timedelta(hours=3):%H:%M}"}
    assert reader.patch("notifications/preferences", {"quiet_hours": hours}).status == 200
    tell(reader)
    wait_and_drain(HOUR + 120)
    assert len(server.taken) == 1

    until = (timezone.now() + timedelta(days=1)).isoformat()
    assert reader.patch("notifications/preferences", {"muted_until": until}).status == 200

    assert fate(tell(reader)) == ("suppressed", "muted")


def test_only_proven_addresses_of_live_people(
    stranger: Phone, reader: Phone, server: FakeSmtp
) -> None:
    tell(wants_mail(stranger))
    User.objects.filter(pk=stranger.user_id).update(is_active=False)
    gone = tell(reader)
    unproven = {"email": None, "claimed_email": ADDRESS}
    User.objects.filter(pk=reader.user_id).update(**unproven)
    never = tell(reader)

    wait_and_drain(2 * HOUR)

    assert fate(gone) == ("suppressed", "no_address")
    assert fate(never) == ("suppressed", "no_address")
    reasons = set(Delivery.objects.filter(channel="email").values_list("reason", flat=True))
    assert reasons == {"no_address", "recipient_inactive"}
    assert server.taken == []


def test_in_the_readers_language(reader: Phone, server: FakeSmtp) -> None:
    User.objects.filter(pk=reader.user_id).update(locale="de-AT")
    tell(reader, kind="post_shared")

    wait_and_drain(HOUR)

    assert the_only(server).message["Subject"] == "Sam hat einen Beitrag mit dir geteilt"


def test_one_mail_for_many_comments_on_one_post(reader: Phone, server: FakeSmtp) -> None:
    post, other = ("post", uuid.uuid4()), ("post", uuid.uuid4())
    many = [tell(reader, target=post) for _ in range(4)]
    alone = tell(reader, target=other)

    wait_and_drain(2 * HOUR)

    subjects = sorted(one.message["Subject"] for one in server.taken)
    assert subjects == ["4 new comments on your post", "Sam commented on your post"]
    fates = [fate(one) for one in many]
    assert fates.count(("accepted", "")) == 1
    assert fates.count(("suppressed", "digested")) == 3
    assert fate(alone) == ("accepted", "")


def test_so_many_a_day_and_no_more(reader: Phone, server: FakeSmtp, settings: Any) -> None:
    settings.MAIL_DAILY_CAP = 3
    told = [tell(reader, kind="post_shared") for _ in range(5)]

    wait_and_drain(HOUR)

    assert len(server.taken) == 3
    fates = [fate(one) for one in told]
    assert fates.count(("suppressed", "daily_cap")) == 2


# Stopping it


def test_the_headers_of_one_click_work(reader: Phone, server: FakeSmtp) -> None:
    tell(reader)
    wait_and_drain(2 * HOUR)
    message = the_only(server).message
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = re.fullmatch(r"<(.+)>", message["List-Unsubscribe"])[1]  # type: ignore[index]
    for part in ("plain", "html"):
        assert link in message.get_body((part,)).get_content()  # type: ignore[union-attr]

    client = Client(enforce_csrf_checks=True)
    path = link.removeprefix(product.PUBLIC_URL)
    assert client.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200

    assert fate(tell(reader)) == ("suppressed", "preference")


def test_mail_about_safety_can_not_be_stopped_and_does_not_say_how(
    reader: Phone, server: FakeSmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    safe(monkeypatch)
    tell(wants_mail(reader, on=False), kind="post_shared")

    wait_and_drain(HOUR)

    message = the_only(server).message
    assert not [name for name in message if name.startswith("List-")]
    assert "unsubscribe" not in str(message).lower()


# What the server says


@pytest.mark.parametrize(
    ("answer", "failure", "reason", "suppressed"),
    [
        ("550 5.1.1", "address_dead", "smtp_550_5.1.1", True),
        ("550 5.7.1", "refused", "smtp_550_5.7.1", False),
        ("data:554 5.7.1", "refused", "smtp_554_5.7.1", False),
    ],
)
def test_a_final_no(
    reader: Phone, server: FakeSmtp, answer: str, failure: str, reason: str, suppressed: bool
) -> None:
    server.plan(ADDRESS, answer)
    notification = tell(reader)

    wait_and_drain(2 * HOUR)

    assert fate(notification) == ("failed", reason)
    assert the_mail(notification).failure == failure
    assert MailSuppression.objects.standing().exists() == suppressed
    following = tell(reader)
    wait_and_drain(2 * HOUR)
    assert fate(following) == (("suppressed", "bounced") if suppressed else ("accepted", ""))


@pytest.mark.parametrize(
    ("answer", "reason", "repeats"),
    [
        ("450 4.2.0", "smtp_450_4.2.0", 1),
        ("data:451 4.3.0", "smtp_451_4.3.0", 1),
        ("421", "smtp_421", 1),
        ("cut", "disconnected", 2),
        ("hang", "timeout", 2),
    ],
)
def test_a_no_for_now_is_tried_again_under_the_same_id(
    reader: Phone, server: FakeSmtp, answer: str, reason: str, repeats: int
) -> None:
    server.plan(ADDRESS, answer)
    notification = tell(reader)
    wait_and_drain(HOUR + 1)
    assert fate(notification) == ("queued", reason)
    due = the_mail(notification).next_attempt_at
    assert due

    wait_and_drain((due - timezone.now()).total_seconds() - 2)
    assert the_mail(notification).attempts == 1
    wait_and_drain((due - timezone.now()).total_seconds() + 2)

    assert fate(notification) == ("accepted", "")
    assert len(server.taken) == repeats
    assert len({one.id for one in server.taken}) == 1


def test_what_is_late_expires(reader: Phone, server: FakeSmtp) -> None:
    notification = tell(reader)

    wait_and_drain(25 * HOUR)

    assert fate(notification)[0] == "expired"
    assert server.taken == []


def test_a_suppressed_mailbox_gets_none(reader: Phone, server: FakeSmtp) -> None:
    mailboxes.note_complaint(address=ADDRESS, code="abuse")
    notification = tell(reader)

    wait_and_drain(2 * HOUR)

    assert fate(notification) == ("suppressed", "complained")
    MailSuppression.objects.lift()
    tell(reader)
    wait_and_drain(2 * HOUR)
    assert len(server.taken) == 1


def test_a_bounce_that_overtakes_the_answer_ends_it(reader: Phone, server: FakeSmtp) -> None:
    """The connection is cut after the message, and the report comes before the second try."""
    server.plan(ADDRESS, "cut")
    notification = tell(reader)
    wait_and_drain(HOUR + 1)
    mail = the_mail(notification)
    Delivery.objects.filter(pk=mail.pk).update(state="sent", sent_at=Now())

    name = the_only(server).id
    note_mail_reports(
        service="standard",
        reports=[MailReport("1", Event.BOUNCED, name, ADDRESS, "5.1.1")],
    )
    wait_and_drain(2 * HOUR)

    assert fate(notification) == ("failed", "5.1.1")
    assert len(server.taken) == 1


# The server is away


def test_the_ledger_holds_while_the_server_is_away_and_each_intent_is_one_mail(
    reader: Phone, server: FakeSmtp, settings: Any
) -> None:
    with FakeSmtp() as gone:
        settings.MAILERS = gone.mailers
    told = [tell(reader, kind="post_shared") for _ in range(8)]
    wait_and_drain(HOUR)
    assert {fate(one)[0] for one in told} == {"queued"}
    # After three in a row the others wait without trying.
    assert sum(the_mail(one).attempts for one in told) < 8

    settings.MAILERS = server.mailers
    line = line_to("smtp")
    assert line
    line.breaker.succeeded()
    wait_and_drain(3 * HOUR)

    assert {fate(one) for one in told} == {("accepted", "")}
    assert len(server.taken) == len({one.id for one in server.taken}) == 8


def test_many_mails_share_a_few_connections(reader: Phone, server: FakeSmtp, settings: Any) -> None:
    settings.MAIL_CONNECTIONS, settings.MAIL_DAILY_CAP = 2, 1_000
    before = server.connections
    for _ in range(30):
        tell(reader, kind="post_shared")

    wait_and_drain(HOUR)

    assert len(server.taken) == 30
    assert server.connections - before <= 2
