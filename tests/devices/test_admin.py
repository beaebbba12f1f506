"""What staff see of devices."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.devices.models import Device
from tests.devices.pockets import reachable, register
from tests.phone import Phone


@pytest.fixture
def staff(db: None) -> Client:
    browser = Client()
    browser.force_login(User.objects.create_superuser("staff@example.test", "a long password"))
    return browser


def test_devices_are_found_by_holder_and_installation(staff: Client, author: Phone) -> None:
    reachable(author, "secret-address")

    for words in (author.installation_id, author.email):
        page = staff.get("/admin/devices/device/", {"q": words})
        assert author.installation_id in page.content.decode()
    assert author.installation_id not in staff.get("/admin/devices/device/?q=no").content.decode()


def test_a_device_is_shown_without_its_address_and_changed_by_nobody(
    staff: Client, author: Phone
) -> None:
    reachable(author, "secret-address")
    device = Device.objects.get(installation_id=author.installation_id)

    page = staff.get(f"/admin/devices/device/{device.pk}/change/").content.decode()

    assert "iPhone19,2" in page
    assert "secret-address" not in page
    assert "push_address" not in page.replace("push_address_kind", "")
    assert staff.post(f"/admin/devices/device/{device.pk}/change/", {}).status_code == 403
    assert staff.get("/admin/devices/device/add/").status_code == 403


def test_the_list_costs_the_same_for_one_and_for_many(staff: Client, author: Phone) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as statements:
            assert staff.get("/admin/devices/device/").status_code == 200
        return len(statements)

    for_one = cost()
    for author.installation_id in ("second", "third"):
        register(author)

    assert cost() == for_one
