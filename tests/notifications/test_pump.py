"""The pump: whose turn it is, what a batch does to its members, and who else may take at the same time."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.notifications.delivery import claiming, pump
from apps.notifications.models import Delivery
from apps.notifications.models.delivery import Turn
from apps.notifications.providers import line_to
from apps.notifications.selectors import due_by_provider
from tests.core.threads import in_threads
from tests.devices.pockets import reachable, set_address
from tests.fakes.apns import FakeApns
from tests.fakes.expo import FakeExpo
from tests.fakes.fcm import FakeFcm
from tests.notifications.news import ADDRESS, deliveries_of, fate_of, tell, wait_and_drain
from tests.outbox import drain
from tests.phone import Phone


def test_what_somebody_waits_for_overtakes_a_campaign(
    fcm: FakeFcm, reader: Phone, settings: Any
) -> None:
    settings.PUSH_IN_FLIGHT = 1
    for _ in range(3):
        tell(reader)
    Delivery.objects.update(priority=Turn.CAMPAIGN)
    prompt = tell(reader)

    drain()

    order = [entry["message"]["data"]["notification_id"] for entry in fcm.accepted(ADDRESS)]
    assert order.index(str(prompt.pk)) == 0
    assert len(order) == 4


def test_one_that_hangs_holds_up_no_other(
    fcm: FakeFcm, reader: Phone, stranger: Phone, settings: Any
) -> None:
    settings.PUSH_IN_FLIGHT = 2
    reachable(stranger, "hangs")
    fcm.plan("hangs", "stall")
    hung = tell(stranger)
    others = [tell(reader) for _ in range(5)]

    drain()

    assert fate_of(hung) == ("queued", "read_timeout")
    assert {fate_of(one) for one in others} <= {("accepted", ""), ("queued", "digest")}
    (late,) = deliveries_of(hung)
    accepted = Delivery.objects.filter(state="accepted")
    assert len(accepted) >= 3
    assert all(one.accepted_at < late.updated_at for one in accepted)


def tell_five_times_by_expo(phone: Phone) -> None:
    reachable(phone, "ExponentPushToken[reader]", provider="expo")
    for _ in range(5):
        tell(phone, kind="device_signed_out", data={"device": "x"}, target=None)


def test_a_request_that_failed_for_all_in_it_is_no_reason_to_give_expo_up(
    expo: FakeExpo, author: Phone
) -> None:
    tell_five_times_by_expo(author)
    expo.plan("ExponentPushToken[reader]", "internal")
    line = line_to("expo")
    assert line

    drain()

    assert expo.sizes == [5]
    assert {one.state for one in Delivery.objects.all()} == {"queued"}
    assert line.breaker.wait() == 0


def test_what_is_due_at_expo_goes_in_one_request_and_so_do_its_receipts(
    expo: FakeExpo, author: Phone
) -> None:
    tell_five_times_by_expo(author)

    drain()
    wait_and_drain(1_400)

    assert (expo.sizes, expo.questions) == ([5], [5])
    assert {one.state for one in Delivery.objects.all()} == {"accepted"}


def test_a_phone_that_went_over_to_another_service_is_found_there(
    fcm: FakeFcm, apns: FakeApns, reader: Phone, settings: Any
) -> None:
    settings.PUSH_PROVIDERS = ["fcm", "apns"]
    notification = tell(reader)
    set_address(reader, "0f" * 32, provider="apns")

    drain()

    assert fate_of(notification) == ("accepted", "")
    assert (len(apns.accepted), fcm.attempts) == (1, [])


def test_what_a_killed_sender_had_is_due_again_and_counted(fcm: FakeFcm, reader: Phone) -> None:
    tell(reader)
    assert due_by_provider(["fcm", "apns"])["fcm"][0] == 1
    assert len(claiming.claim("fcm", 10).claims) == 1
    assert due_by_provider(["fcm"]) == {"fcm": (0, 0.0)}

    Delivery.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=90))
    due, age = due_by_provider(["fcm"])["fcm"]
    assert due == 1
    assert 90 <= age < 120


def test_dead_addresses_and_queues_are_on_the_metrics_page(
    fcm: FakeFcm, reader: Phone, stranger: Phone
) -> None:
    fcm.plan(ADDRESS, "unregistered")
    tell(reader)
    drain()
    tell(reachable(stranger, "another"))

    page = Client().get("/metrics").content.decode()

    assert 'push_addresses_forgotten_total{provider="fcm"}' in page
    assert 'jobs_due{queue="fcm"} 1.0' in page
    assert 'jobs_oldest_age_seconds{queue="fcm"}' in page


def test_whoever_comes_second_leaves_the_work_to_the_first(
    fcm: FakeFcm, reader: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    def look(provider: str, ends: float) -> bool:
        looks.append(provider)
        if len(looks) == 1:
            # Somebody rings while we are at it.
            assert not pump.send_due(queue="fcm", ends=ends)
        return False

    monkeypatch.setattr(pump, "_pump", look)

    assert not pump.send_due(queue="fcm", ends=0)
    # Only the first looks, and once more for the ring.
    assert looks == ["fcm", "fcm"]


@pytest.mark.django_db(transaction=True)
def test_senders_of_two_processes_share_what_is_due(fcm: FakeFcm, author: Phone) -> None:
    reader = reachable(author, ADDRESS)
    for _ in range(6):
        tell(reader, kind="device_signed_out", data={"device": "x"}, target=None)

    taken: list[str] = []

    def take() -> None:
        for _ in range(20):
            batch = claiming.claim("fcm", 3)
            taken.extend(one.due.id for one in batch.claims)

    in_threads(3, take)

    assert len(taken) == len(set(taken)) == 6
