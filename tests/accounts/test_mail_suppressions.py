"""Addresses where mail does not arrive: account mail holds back for a day, staff see it and let it go again."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts import personal, selectors
from apps.accounts.models import MailSuppression, User
from apps.accounts.periodic import forget_soft_bounces
from apps.accounts.services import mailboxes
from apps.core.models import AuditEvent, Job
from tests.fakes.smtp import FakeSmtp
from tests.outbox import drain
from tests.phone import Phone

ADDRESS = "author@example.test"


@pytest.fixture
def server(settings: Any) -> Iterator[FakeSmtp]:
    with FakeSmtp() as fake:
        settings.MAILERS = fake.mailers
        yield fake


def the_row() -> MailSuppression:
    return MailSuppression.objects.get()


def code_job() -> Job:
    return Job.objects.filter(name="accounts.send_code_email").latest("created_at")


def test_a_refused_mailbox_holds_account_mail_for_a_day_and_says_so(
    phone: Phone, server: FakeSmtp
) -> None:
    server.plan(ADDRESS, "550 5.1.1")
    phone.register(ADDRESS)
    drain(tolerate_failures=True)
    assert code_job().state == Job.State.DEAD
    assert code_job().error == "the mail server refuses it: smtp_550_5.1.1"

    assert phone.post("auth/verify-email/resend").status == 204
    drain(tolerate_failures=True)

    assert server.taken == []
    assert code_job().state == Job.State.DEAD
    assert code_job().error.startswith("mail to this address bounced lately")
    assert the_row().reason == "bounced"
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        phone = Phone()
        phone.register(ADDRESS)
        drain()
    assert len(server.to(ADDRESS)) == 1


def test_a_refused_message_says_nothing_of_the_mailbox(phone: Phone, server: FakeSmtp) -> None:
    server.plan(ADDRESS, "550 5.7.1")
    phone.register(ADDRESS)

    drain(tolerate_failures=True)

    assert code_job().error == "the mail server refuses it: smtp_550_5.7.1"
    assert not MailSuppression.objects.exists()


@pytest.mark.parametrize("answer", ["450", "data:451", "cut"])
def test_a_server_in_trouble_is_tried_again(phone: Phone, server: FakeSmtp, answer: str) -> None:
    server.plan(ADDRESS, answer)
    phone.register(ADDRESS)

    drain(until=timezone.now() + timedelta(minutes=5), tolerate_failures=True)

    assert (code_job().state, code_job().attempts) == (Job.State.DONE, 2)
    assert ADDRESS not in code_job().error
    assert len({one.id for one in server.to(ADDRESS)}) == 1
    assert not MailSuppression.objects.exists()


def test_a_right_code_shows_that_mail_arrives(phone: Phone) -> None:
    phone.register(ADDRESS)
    code = phone.code_mailed_to(ADDRESS)
    mailboxes.note_bounce(address=ADDRESS, is_final=True, code="x")
    mailboxes.note_complaint(address=ADDRESS, code="x")

    assert phone.verify(code).status == 200

    assert the_row().bounced_at is None
    assert the_row().reason == "complained"


def test_complaints_do_not_stop_account_mail(phone: Phone, server: FakeSmtp) -> None:
    mailboxes.note_complaint(address=ADDRESS, code="abuse")
    phone.register(ADDRESS)

    drain()

    assert len(server.to(ADDRESS)) == 1
    assert selectors.suppressions_of({ADDRESS, "b@example.test"}) == {ADDRESS: "complained"}


@pytest.mark.django_db
def test_one_row_for_each_address_however_it_is_spelled() -> None:
    for address in ("Ada@Example.test", "ada@example.test", " ada@EXAMPLE.test"):
        mailboxes.note_bounce(address=address, is_final=False, code="full")
    mailboxes.note_bounce(address="ädä@example.test", is_final=True, code="x")

    row = the_row()

    assert row.soft_bounces == 3
    assert row.reason == ""
    assert row.address == "ada@example.test"
    assert b"ada@example" not in bytes(row.sealed_address)
    with time_machine.travel(timezone.now() + timedelta(days=91)):
        forget_soft_bounces()
    assert not MailSuppression.objects.exists()


def test_export_and_erasure_know_of_it(author: Phone) -> None:
    mailboxes.note_bounce(address=ADDRESS, is_final=True, code="smtp_550")
    mailboxes.note_bounce(address="other@example.test", is_final=True, code="x")
    user_id = uuid.UUID(author.user_id)

    (shown,) = personal.show_suppressions(user_id)
    assert shown["code"] == "smtp_550"
    assert personal.forget_suppressions(user_id) == 1

    assert the_row().address == "other@example.test"


# Staff


def staff(*rights: str) -> Client:
    user = User.objects.create(email=f"{uuid.uuid4()}@example.test", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client = Client()
    client.force_login(user)
    return client


LIST = reverse("admin:accounts_mailsuppression_changelist")


@pytest.mark.django_db
def test_staff_find_an_address_and_lift_its_suppression() -> None:
    mailboxes.note_bounce(address=ADDRESS, is_final=True, code="smtp_550_5.1.1")
    mailboxes.note_complaint(address="other@example.test", code="abuse")
    row = MailSuppression.objects.at(ADDRESS).get()
    client = staff("view_mailsuppression", "lift_mailsuppression")

    found = client.get(LIST, {"q": " Author@example.test"}).content.decode()
    assert "a…@e….test" in found
    assert "1 mail suppression" in found
    assert ADDRESS not in found.replace("Author", "")
    assert "smtp_550_5.1.1" in client.get(LIST, {"standing": "bounced"}).content.decode()
    assert client.get(reverse("admin:accounts_mailsuppression_change", args=[row.pk])).status_code

    answer = client.post(LIST, {"action": "lift", "_selected_action": [str(row.pk)]})

    assert answer.status_code == 302
    assert selectors.suppressions_of([ADDRESS]) == {}
    event = AuditEvent.objects.get(model="accounts.mailsuppression")
    assert event.object_id == str(row.pk)
    assert ADDRESS not in f"{event.before}{event.after}"


@pytest.mark.django_db
def test_who_may_only_look_lifts_nothing() -> None:
    mailboxes.note_bounce(address=ADDRESS, is_final=True, code="x")

    staff("view_mailsuppression").post(
        LIST, {"action": "lift", "_selected_action": [str(the_row().pk)]}
    )

    assert the_row().reason == "bounced"
    assert staff().get(LIST).status_code == 403
