"""What the clock does to devices: addresses where nobody listens go, and installations that nobody holds."""

from datetime import timedelta

import time_machine
from django.utils import timezone

from apps.devices.models import Device
from apps.devices.periodic import delete_abandoned_devices, retire_stale_addresses
from tests.devices.pockets import devices_of, reachable, set_address
from tests.phone import Phone


def test_an_address_that_was_not_confirmed_for_long_is_forgotten(
    author: Phone, stranger: Phone
) -> None:
    reachable(author, "in-a-drawer")
    reachable(stranger, "in-use")

    with time_machine.travel(timezone.now() + timedelta(days=271)):
        set_address(stranger.login() and stranger, "in-use")
        retire_stale_addresses()

        silent = Device.objects.get(installation_id=author.installation_id)
        assert (silent.push_provider, silent.push_silenced_reason) == ("", "address_stale")
        assert devices_of(stranger)[stranger.installation_id]["push_provider"] == "fcm"


def test_an_installation_that_nobody_holds_is_deleted_after_a_while(
    author: Phone, stranger: Phone
) -> None:
    author.delete(f"devices/{author.installation_id}")

    delete_abandoned_devices()
    assert Device.objects.count() == 2
    with time_machine.travel(timezone.now() + timedelta(days=91)):
        delete_abandoned_devices()

    (kept,) = Device.objects.all()
    assert kept.installation_id == stranger.installation_id
