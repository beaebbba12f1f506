"""What staff do with campaigns in the admin."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.core import roles
from apps.core.models import AuditEvent
from apps.notifications.models import Campaign, Delivery
from apps.notifications.services import campaigns
from tests.notifications.campaigns.desk import composed, crowd, written

pytestmark = pytest.mark.django_db

LIST = "/admin/notifications/campaign/"
FIELDS = {
    "title": "Open day",
    "kind": "announcement",
    "title_en": "The harbour is open",
    "body_en": "Come and look.",
    "percentage": "100",
    "time_zone": "UTC",
}


@pytest.fixture
def staff() -> Client:
    browser = Client()
    browser.force_login(User.objects.create_superuser("staff@example.test", "a long password"))
    return browser


def member_of(role: str) -> Client:
    roles.write()
    user = User.objects.create(email=f"{role.lower()}@example.test", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    browser = Client()
    browser.force_login(user)
    return browser


def page_of(browser: Client, campaign: Campaign) -> str:
    answer = browser.get(f"{LIST}{campaign.pk}/change/")
    assert answer.status_code == 200
    return answer.content.decode()


def do(browser: Client, campaign: Campaign, verb: str, **body: Any) -> int:
    return browser.post(f"{LIST}{campaign.pk}/do/{verb}/", body).status_code


def buttons(page: str) -> set[str]:
    return set(re.findall(r"/do/(\w+)/", page))


def test_it_is_written_previewed_and_released(staff: Client) -> None:
    crowd(3)
    assert staff.post(f"{LIST}add/", FIELDS).status_code == 302
    campaign = Campaign.objects.get()
    assert campaign.content == {"en": {"title": "The harbour is open", "body": "Come and look."}}

    page = page_of(staff, campaign)
    assert "The harbour is open" in page
    assert "(falls back)" in page
    assert "Fits 3 installations now." in page
    assert buttons(page) == {"release", "submit", "test"}

    assert do(staff, campaign, "release") == 302
    campaign.refresh_from_db()
    assert campaign.state == "scheduled"
    assert campaign.released_by_id == User.objects.get(email="staff@example.test").pk
    written_down = AuditEvent.objects.filter(object_id=str(campaign.pk)).order_by("id")
    assert [event.action for event in written_down] == ["insert", "update"]
    assert written_down[1].after["state"] == "scheduled"
    assert str(written_down[1].actor_id) == str(campaign.released_by_id)


def test_the_words_of_a_draft_can_be_changed(staff: Client) -> None:
    campaign = composed()

    page = page_of(staff, campaign)
    assert 'value="Der Hafen ist offen"' in page
    answer = staff.post(f"{LIST}{campaign.pk}/change/", {**FIELDS, "title_en": "Closed"})

    assert answer.status_code == 302
    campaign.refresh_from_db()
    assert campaign.content == {"en": {"title": "Closed", "body": "Come and look."}}
    assert len(campaign.composed_by) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "device_signed_out"},
        {"time_zone": "Atlantis/Centre"},
        {"send_on": "2031-01-01"},
        {"image": "http://plain.test/picture.png"},
        {"minimum_version": "newest"},
        {"pace": "0"},
    ],
)
def test_what_can_not_be_is_refused(staff: Client, wrong: dict[str, str]) -> None:
    answer = staff.post(f"{LIST}add/", FIELDS | wrong)

    assert answer.status_code == 200
    assert not Campaign.objects.exists()


def test_the_count_follows_the_form(staff: Client) -> None:
    crowd(3)
    crowd(2, platform="android")

    def count(**asked: Any) -> Any:
        return staff.post(f"{LIST}audience/", FIELDS | asked).json()

    assert count() == {"count": "5"}
    assert count(platforms=["android"]) == {"count": "2"}
    assert count(minimum_version="newest") == {"wrong": ["minimum_version"]}
    # Words are no matter of the audience.
    assert count(title_en="") == {"count": "5"}


def test_under_way_it_is_watched_and_held(staff: Client) -> None:
    crowd(4)
    campaign = written()
    Delivery.objects.filter(pk=Delivery.objects.values_list("pk")[:1]).move(
        "suppressed", reason="daily_cap"
    )

    page = page_of(staff, campaign)
    assert 'aria-label="queued: 3, suppressed: 1"' in page
    assert "push suppressed: daily cap" in page
    assert '<progress max="100" value="100">' in page
    assert 'name="title_en"' not in page
    assert buttons(page) == {"pause", "stop"}

    assert do(staff, campaign, "pause") == 302
    assert buttons(page_of(staff, campaign)) == {"resume", "stop"}
    # What is over, or not yet, is said and changes nothing.
    assert do(staff, campaign, "release") == 302
    campaign.refresh_from_db()
    assert campaign.state == "paused"


def test_the_pages_cost_the_same_for_few_and_for_many(staff: Client) -> None:
    def cost(path: str) -> int:
        with CaptureQueriesContext(connection) as sent:
            assert staff.get(path).status_code == 200
        return len(sent)

    crowd(1)
    first = written()
    campaigns.outcomes_of(first)
    page = f"{LIST}{first.pk}/change/"
    costs = cost(LIST), cost(page)
    crowd(20)
    second = written()
    campaigns.outcomes_of(second)

    assert (cost(LIST), cost(f"{LIST}{second.pk}/change/")) == costs


def test_who_may_do_what(db: None) -> None:
    campaign, editors, support = composed(), member_of(roles.CAMPAIGNS), member_of(roles.SUPPORT)

    assert buttons(page_of(support, campaign)) == set()
    assert do(support, campaign, "release") == do(support, campaign, "test", to="x") == 403
    assert support.get(f"{LIST}add/").status_code == 403
    assert support.post(f"{LIST}audience/", FIELDS).status_code == 403
    assert do(editors, campaign, "nonsense") == 404
    assert editors.get(f"{LIST}{campaign.pk}/do/release/").status_code == 404
    assert do(editors, campaign, "release") == 302
    assert do(Client(), campaign, "stop") == 302
    campaign.refresh_from_db()
    assert campaign.state == "scheduled"


def test_only_a_draft_can_be_deleted(staff: Client) -> None:
    draft, under_way = composed(), written()

    assert staff.post(f"{LIST}{under_way.pk}/delete/", {"post": "yes"}).status_code == 403
    assert staff.post(f"{LIST}{draft.pk}/delete/", {"post": "yes"}).status_code == 302
    assert list(Campaign.objects.all()) == [under_way]


def test_a_test_is_sent_and_noted(staff: Client) -> None:
    campaign, (phone,) = composed(), crowd(1)

    assert do(staff, campaign, "test", to=f"{phone.installation_id}") == 302
    assert do(staff, campaign, "test", to="nobody@example.test") == 302

    assert Delivery.objects.count() == 1
    noted = AuditEvent.objects.filter(object_id=str(campaign.pk), action="note")
    assert [event.after for event in noted] == [{"did": "sent a test"}]
