"""What phones say of pushes, and what people do with the rest of the inbox."""

import uuid
from typing import Any

import pytest
from django.db import transaction

from apps.notifications.models import Delivery, Inbox
from apps.notifications.services import withdraw
from tests.core.threads import somebody_waits, start, until
from tests.fakes.fcm import FakeFcm
from tests.notifications.news import ADDRESS, deliveries_of, fate_of, tell, wait_and_drain
from tests.outbox import drain
from tests.phone import Phone


def report(phone: Phone, event: str, *deliveries: Delivery) -> Any:
    reports = [
        {
            "notification_id": str(one.notification_id),
            "delivery_id": str(one.pk),
            "event": event,
        }
        for one in deliveries
    ]
    answer = phone.post("notifications/opened", {"reports": reports})
    assert answer.status == 200, answer.content
    return answer.json


def test_a_push_that_was_opened_was_delivered_and_is_read(fcm: FakeFcm, reader: Phone) -> None:
    notification = tell(reader)
    tell(reader)
    drain()
    (delivery,) = deliveries_of(notification)

    assert report(reader, "delivered", delivery)["unread"] == 2
    assert fate_of(notification) == ("delivered", "")
    opened = report(reader, "opened", delivery)
    report(reader, "delivered", delivery)

    assert opened == {
        "results": [{"id": str(delivery.pk), "status": "applied", "code": ""}],
        "unread": 1,
    }
    assert fate_of(notification) == ("opened", "")
    delivery.refresh_from_db()
    assert None not in {delivery.accepted_at, delivery.delivered_at, delivery.opened_at}
    assert delivery.accepted_at < delivery.delivered_at < delivery.opened_at


def test_a_phones_word_counts_before_the_answer_was_heard(fcm: FakeFcm, reader: Phone) -> None:
    fcm.plan(ADDRESS, "reset_after_accept")
    notification = tell(reader)
    drain()
    assert fate_of(notification)[0] == "queued"

    report(reader, "delivered", *deliveries_of(notification))
    wait_and_drain(60)

    assert fate_of(notification)[0] == "delivered"
    assert len(fcm.accepted(ADDRESS)) == 1


@pytest.mark.django_db(transaction=True)
def test_reports_of_one_person_do_not_wait_in_a_ring(fcm: FakeFcm, reader: Phone) -> None:
    notification = tell(reader)
    drain()
    (delivery,) = deliveries_of(notification)

    with transaction.atomic():
        Inbox.objects.select_for_update().get()
        waiting = start(lambda: report(reader, "opened", delivery))
        until(somebody_waits)
        # Raises when the report holds it.
        Delivery.objects.select_for_update(nowait=True).get()

    assert waiting.answer()["unread"] == 0


def test_nobody_reports_what_was_never_sent_to_them(
    fcm: FakeFcm, reader: Phone, stranger: Phone
) -> None:
    notification, unsent = tell(reader), tell(stranger)
    assert report(reader, "opened", *deliveries_of(notification))["results"][0]["code"] == (
        "not_found"
    )
    drain()

    (delivery,) = deliveries_of(notification)
    assert report(stranger, "opened", delivery)["results"][0]["status"] == "refused"
    assert report(reader, "opened", *deliveries_of(unsent))["results"][0]["status"] == "refused"
    assert fate_of(notification)[0] == "accepted"


@pytest.mark.parametrize("name", ["unknown event", "twice"])
def test_what_names_nothing_clearly_is_refused(reader: Phone, name: str) -> None:
    one = {"notification_id": str(uuid.uuid4()), "delivery_id": str(uuid.uuid4())}
    bodies = {
        "unknown event": ([{**one, "event": "eaten"}], "/reports/0/event"),
        "twice": ([{**one, "event": "opened"}] * 2, "/reports"),
    }
    reports, pointer = bodies[name]

    answer = reader.post("notifications/opened", {"reports": reports})

    assert (answer.status, answer.pointers) == (400, {pointer})


def test_seen_still_rings_and_archived_does_not(fcm: FakeFcm, reader: Phone) -> None:
    seen, archived, read = (tell(reader) for _ in range(3))

    def mark(verb: str, **marks: Any) -> int:
        return reader.post(f"notifications/{verb}", marks).json["unread"]

    assert mark("seen", up_to=str(read.pk)) == 3
    assert mark("archive", ids=[str(archived.pk)]) == 2
    assert mark("archive", ids=[str(archived.pk)]) == 2
    assert mark("read", ids=[str(archived.pk), str(read.pk)]) == 1
    drain()

    assert [fate_of(one) for one in (seen, archived, read)] == [
        ("accepted", ""),
        ("suppressed", "already_read"),
        ("suppressed", "already_read"),
    ]
    items = reader.get("notifications").json["items"]
    assert [one["id"] for one in items] == [str(read.pk), str(seen.pk)]
    assert all(one["seen_at"] for one in items)
    assert reader.get("notifications/unread-count").json == {"unread": 1}


def test_what_is_taken_back_leaves_inbox_and_count(reader: Phone) -> None:
    tell(reader, "comment-1")
    tell(reader, "comment-2")

    for _ in range(2):
        withdraw(recipient_id=uuid.UUID(reader.user_id), kind="comment_created", key="comment-1")

    assert len(reader.get("notifications").json["items"]) == 1
    assert reader.get("notifications/unread-count").json == {"unread": 1}
    drain()
