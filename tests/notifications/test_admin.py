"""What staff see of notifications."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from tests.devices.pockets import reachable
from tests.notifications.news import deliveries_of, tell
from tests.phone import Phone

PAGES = ("/admin/notifications/notification/", "/admin/notifications/delivery/")


@pytest.fixture
def staff(db: None) -> Client:
    browser = Client()
    browser.force_login(User.objects.create_superuser("staff@example.test", "a long password"))
    return browser


@pytest.mark.parametrize("page", PAGES)
def test_a_list_costs_the_same_for_one_and_for_many(
    staff: Client, author: Phone, stranger: Phone, page: str
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as statements:
            assert staff.get(page).status_code == 200
        return len(statements)

    tell(reachable(author, "phone"))
    for_one = cost()
    tell(author)
    tell(reachable(stranger, "another"))

    assert cost() == for_one


def test_what_became_of_a_push_is_found_and_shown(staff: Client, author: Phone) -> None:
    notification = tell(reachable(author, "secret-address"))
    (delivery,) = deliveries_of(notification)

    by_notification = staff.get(PAGES[1], {"q": str(notification.pk)}).content.decode()
    by_person = staff.get(PAGES[0], {"q": author.email}).content.decode()
    assert str(delivery.pk) in by_notification
    assert str(notification.pk) in by_person
    for page in (
        staff.get(f"{PAGES[0]}{notification.pk}/change/"),
        staff.get(f"{PAGES[1]}{delivery.pk}/change/"),
    ):
        assert page.status_code == 200
        # What people wrote to each other is not for support's eyes, and where push goes is for nobody's.
        assert "Harbour lights" not in page.content.decode()
        assert "secret-address" not in page.content.decode()
