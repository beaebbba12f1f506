"""A campaign also goes by mail: to those who asked for such mail, once to each, and one click ends it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.services import mailboxes
from apps.notifications.models import Campaign, Delivery, Preference
from apps.notifications.selectors import campaigns as selectors
from apps.notifications.services import campaigns
from tests.fakes.smtp import FakeSmtp
from tests.notifications.campaigns.desk import (
    composed,
    composer,
    crowd,
    installation,
    person,
    written,
)
from tests.outbox import drain

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings: Any) -> Iterator[FakeSmtp]:
    with FakeSmtp() as fake:
        settings.MAILERS = fake.mailers
        yield fake


def keen(name: str, **wishes: Any) -> User:
    """Make somebody with two phones who wants news by mail."""
    reader = person(name, locale="de-AT")
    Preference.objects.create(user=reader, **{"choices": {"news": {"email": True}}, **wishes})
    for _ in range(2):
        installation(reader)
    return reader


def mails(campaign: Campaign) -> dict[tuple[str, str], int]:
    counted = selectors.count_outcomes(campaign)
    return {
        (one["state"], one["reason"]): one["deliveries"]
        for one in counted
        if one["channel"] == "email"
    }


def test_who_asked_for_news_by_mail_gets_one_and_nobody_else(server: FakeSmtp) -> None:
    reader = keen("keen")
    crowd(3)

    campaign = written(link="app://harbour")
    assert mails(campaign) == {("queued", ""): 1}
    drain()

    (taken,) = server.taken
    assert taken.to == reader.email
    assert taken.message["Subject"] == "Der Hafen ist offen"
    text = taken.message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Komm vorbei." in text
    assert "app://harbour" in text
    assert mails(campaign) == {("accepted", ""): 1}


def test_one_click_ends_it(server: FakeSmtp) -> None:
    keen("keen")
    written()
    drain()
    (taken,) = server.taken
    assert taken.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = taken.message["List-Unsubscribe"].strip("<>")

    path = "/" + link.split("/", 3)[3]
    assert Client().post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert mails(written()) == {("suppressed", "preference"): 1}
    drain()
    assert len(server.taken) == 1


def test_what_keeps_a_mail_back_is_a_row_with_its_reason(server: FakeSmtp) -> None:
    keen("muted", muted_until=timezone.now() + timedelta(hours=1))
    complained, unproven = keen("complained"), keen("unproven")
    mailboxes.note_complaint(address=complained.email or "", code="spam")
    User.objects.filter(pk=unproven.pk).update(email=None)

    campaign = written()
    drain()

    assert server.taken == []
    assert mails(campaign) == {
        ("suppressed", "muted"): 1,
        ("suppressed", "complained"): 1,
        ("suppressed", "no_address"): 1,
    }


def test_paused_and_stopped_no_mail_leaves(server: FakeSmtp) -> None:
    keen("keen")
    campaign = written()
    campaigns.pause(campaign_id=campaign.pk)
    drain()
    assert server.taken == []

    campaigns.stop(campaign_id=campaign.pk)
    drain()
    assert server.taken == []
    assert mails(campaign) == {("suppressed", "campaign_stopped"): 1}


def test_a_test_comes_as_everybody_will_see_it(server: FakeSmtp) -> None:
    reader = keen("keen")
    campaign = composed()

    campaigns.send_test(campaign_id=campaign.pk, to=[reader.email], by=composer().pk)
    drain()

    assert [taken.message["Subject"] for taken in server.taken] == ["Der Hafen ist offen"]
    assert not Delivery.objects.filter(campaign=campaign).exists()
