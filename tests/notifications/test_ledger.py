"""The ledger itself: its months, its states, and what no two deliveries share."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.core.ids import first_id
from apps.notifications.models import Delivery
from apps.notifications.models.delivery import State
from apps.notifications.periodic import keep_delivery_months
from tests.devices.pockets import reachable
from tests.notifications.news import deliveries_of, later, tell
from tests.phone import Phone

# What each state may become; whatever is not here can't happen.
FATES = {
    State.QUEUED: {"queued", "suppressed", "sent", "delivered", "opened", "expired"},
    State.SENT: {
        "queued",
        "suppressed",
        "sent",
        "accepted",
        "delivered",
        "opened",
        "failed",
        "expired",
    },
    State.ACCEPTED: {"delivered", "opened", "failed"},
    State.DELIVERED: {"opened", "failed"},
}


def months() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = 'notifications_delivery'::regclass ORDER BY 1"
        )
        return [name.removeprefix("notifications_delivery_") for (name,) in cursor.fetchall()]


def test_a_state_follows_only_what_may_come_before_it(author: Phone) -> None:
    tell(reachable(author, "phone"))
    now = timezone.now()
    times = {"sent_at": now, "accepted_at": now, "reason": "test"}
    for before in State:
        reached = set()
        for after in State:
            Delivery.objects.update(state=before, **times)
            if Delivery.objects.move(after):
                reached.add(after.value)
        assert reached == FATES.get(before, set()), before


def test_one_way_to_one_phone_is_one_delivery(author: Phone) -> None:
    (delivery,) = deliveries_of(tell(reachable(author, "phone")))

    delivery.pk = first_id(timezone.now())
    with (
        pytest.raises(IntegrityError, match="notification_id, device_id, channel"),
        transaction.atomic(),
    ):
        delivery.save(force_insert=True)
    delivery.device = None
    delivery.save(force_insert=True)
    delivery.pk = first_id(timezone.now() + timedelta(seconds=1))
    with (
        pytest.raises(IntegrityError, match="notification_id, device_id, channel"),
        transaction.atomic(),
    ):
        delivery.save(force_insert=True)


def test_months_are_made_ahead_and_dropped_whole(author: Phone) -> None:
    tell(reachable(author, "phone"))
    born, before = timezone.now(), months()
    assert len(before) == 5
    assert Delivery.objects.count() == 1

    with later(timedelta(days=62).total_seconds()):
        keep_delivery_months()
    assert len(months()) == 7

    with connection.cursor() as cursor:
        # What a commit would check; this test's own transaction never commits.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with later(timedelta(days=130).total_seconds()):
        keep_delivery_months()
    assert f"{born:%Y_%m}" not in months()
    assert not Delivery.objects.exists()


def test_one_delivery_is_looked_for_in_one_month(author: Phone) -> None:
    (delivery,) = deliveries_of(tell(reachable(author, "phone")))
    found = Delivery.objects.at(delivery.notification_id, delivery.pk)

    month = f"notifications_delivery_{delivery.created_at:%Y_%m}"
    plan = found.explain()
    assert month in plan
    assert plan.count("notifications_delivery_") <= plan.count(month) + 3, plan
    assert "notifications_delivery_rest" not in plan
