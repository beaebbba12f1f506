"""Telling somebody: in the transaction of the cause, once per cause, on every device that push reaches."""

import uuid
from dataclasses import replace

import pytest
from django.conf import settings as product
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.notifications import rendering
from apps.notifications.checks import check_words
from apps.notifications.kinds import KINDS
from apps.notifications.models import Delivery, Notification
from apps.notifications.services import notify
from tests.devices.pockets import another_phone_of, reachable
from tests.notifications.news import deliveries_of, fate_of, tell, waiting
from tests.phone import Phone


def test_every_reachable_device_gets_one_delivery_in_the_queue_of_its_service(
    author: Phone,
) -> None:
    tablet = another_phone_of(author, platform="android")
    reachable(author, "phone")
    reachable(tablet, "tablet")
    another_phone_of(author, platform="web")

    notification = tell(author)

    deliveries = deliveries_of(notification)
    assert {one.device.installation_id for one in Delivery.objects.select_related("device")} == {
        author.installation_id,
        tablet.installation_id,
    }
    assert [(one.provider, one.priority) for one in deliveries] == [("fcm", 0)] * 2
    assert waiting() == deliveries


def test_what_rolls_back_was_never_said(author: Phone) -> None:
    reachable(author, "phone")

    @transaction.atomic
    def comment() -> None:
        tell(author)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        comment()

    assert not Notification.objects.exists()
    assert not Delivery.objects.exists()
    assert waiting() == []


def test_saying_it_again_changes_nothing(author: Phone, stranger: Phone) -> None:
    reachable(author, "phone")
    first = tell(author, "comment-1")

    again = tell(author, "comment-1", data={"name": "Other", "title": "Words"})

    assert again.pk == first.pk
    assert again.data["name"] == "Sam"
    assert len(waiting()) == 1
    assert tell(stranger, "comment-1").pk != first.pk


def test_somebody_without_a_phone_finds_it_in_the_inbox(author: Phone) -> None:
    notification = tell(author)

    assert fate_of(notification) == ("suppressed", "no_device")
    assert waiting() == []
    (item,) = author.get("notifications").json["items"]
    assert item["id"] == str(notification.pk)


def test_a_kind_that_does_not_exist_is_a_mistake_of_the_caller(author: Phone) -> None:
    with pytest.raises(KeyError):
        tell(author, kind="gossip")


def test_every_kind_has_words_in_every_language_and_starts_only_with_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert check_words() == []

    comment = KINDS["comment_created"]
    monkeypatch.setitem(KINDS, "gossip", comment)
    monkeypatch.setitem(KINDS, "comment_created", replace(comment, data=frozenset({"title"})))

    faults = [error.msg for error in check_words()]
    languages = len(product.LANGUAGES)
    assert len(faults) == 3 * languages
    assert "there is no templates/notifications/gossip.en.txt" in faults[0 + languages]
    assert "nobody gives name" in faults[0]


def test_what_a_kind_does_not_declare_is_a_mistake_of_the_caller(author: Phone) -> None:
    with pytest.raises(TypeError, match="wants"):
        tell(author, data={"name": "Sam"})


def test_words_are_plain_one_line_and_bounded() -> None:
    params = {"name": "<b>Sam</b>\n& Co", "title": "x" * 1_000}

    title = rendering.title_of("comment_created", params, "en")

    assert title == "<b>Sam</b> & Co commented on your post"
    body = rendering.body_of("comment_created", params, "en")
    assert len(body) == 300
    assert body.endswith("…")


def test_a_language_that_is_not_spoken_falls_back() -> None:
    params = {"name": "Sam", "title": "Harbour lights"}

    german = rendering.title_of("comment_created", params, "de-AT")
    assert german == "Sam hat deinen Beitrag kommentiert"
    assert rendering.title_of("comment_created", params, "tlh") == rendering.title_of(
        "comment_created", params, "en"
    )


def test_telling_somebody_with_one_phone_costs_four_statements(author: Phone) -> None:
    reachable(author, "phone")

    with CaptureQueriesContext(connection) as statements, transaction.atomic():
        notify(
            recipient_id=uuid.UUID(author.user_id),
            kind="comment_created",
            data={"name": "Sam", "title": "Harbour lights"},
            key="comment-1",
        )

    # The reader and what they want, the row and its count, the devices, their deliveries.
    assert len([one for one in statements if "SAVEPOINT" not in one["sql"]]) == 4
