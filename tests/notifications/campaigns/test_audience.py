"""Whom a campaign reaches, and how many that are."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.devices.models import Device, Flag
from apps.devices.services import decisions
from apps.notifications.models import Campaign
from apps.notifications.selectors import audience
from tests.crowd import many
from tests.crowd import person as person_at
from tests.notifications.campaigns.desk import crowd, days_ago, installation, person, told, written

pytestmark = pytest.mark.django_db

# One phone that fits and one that does not, by what a campaign asks for.
FILTERS: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"platforms": ["ios"]}, {"platform": "ios"}, {"platform": "android"}),
    ({"minimum_version": "2.9"}, {"app_version": "2.10.1"}, {"app_version": "2.8.9"}),
    ({"below_version": "2.10"}, {"app_version": "2.9.9"}, {"app_version": "2.10.0"}),
    ({"minimum_version": "1"}, {"app_version": "1.0"}, {"app_version": ""}),
    ({"locales": ["de"]}, {"locale": "de-AT"}, {"locale": "en-GB"}),
    ({"locales": ["pt-br"]}, {"locale": "pt-BR"}, {"locale": "pt-PT"}),
    ({"seen_within_days": 7}, {"last_seen_at": 6}, {"last_seen_at": 8}),
    ({"unseen_for_days": 7}, {"last_seen_at": 8}, {"last_seen_at": 6}),
]


@pytest.mark.parametrize(("asked", "fits", "differs"), FILTERS)
def test_every_filter_lets_in_those_who_fit(
    asked: dict[str, Any], fits: dict[str, Any], differs: dict[str, Any]
) -> None:
    def phone(said: dict[str, Any]) -> Device:
        if "last_seen_at" in said:
            said = {"last_seen_at": days_ago(said["last_seen_at"])}
        (one,) = crowd(1, **said)
        return one

    wanted, _ = phone(fits), phone(differs)

    campaign = written(**asked)

    assert told(campaign) == [wanted.pk]
    assert str(audience.count_audience(campaign)) == "1"


def test_a_phone_that_says_no_language_reads_its_owners() -> None:
    phone = installation(person("reader", locale="de-CH"), locale="")

    assert told(written(locales=["de"])) == [phone.pk]


def test_groups_and_flags_name_people() -> None:
    testers = Group.objects.create(name="Testers")
    inside, outside = person("inside"), person("outside")
    inside.groups.add(testers)
    phone, _ = installation(inside), installation(outside)
    flag = Flag(key="new-harbour", enabled=True, groups=["Testers"])
    decisions.decide(decision=flag)

    assert told(written(groups=["Testers"])) == [phone.pk]
    assert told(written(flag="new-harbour")) == [phone.pk]


def test_a_share_is_the_same_whenever_it_is_asked_for() -> None:
    phones = {one.pk for one in crowd(200)}

    campaign = written(percentage=25)

    some = set(told(campaign))
    assert 25 <= len(some) <= 75
    assert some < phones
    again = audience.audience_in(campaign, audience.START, max(phones))
    assert {one.device_id for one in again} == some


def test_nobodys_phones_and_those_of_people_who_left_are_not_in_it() -> None:
    (phone,) = crowd(1)
    gone = timezone.now() - timedelta(days=1)
    installation(None, push_provider="", push_index=None, push_address=None)
    installation(person("suspended", is_active=False))
    installation(person("left", deleted_at=gone))

    assert told(written()) == [phone.pk]


def test_counting_stops_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd(12)
    monkeypatch.setattr(audience, "_STEP", 5)

    assert str(audience.count_audience(Campaign())) == "12"
    monkeypatch.setattr(audience, "ENOUGH", 8)
    assert str(audience.count_audience(Campaign())) == "more than 10"
    monkeypatch.setattr(audience, "PATIENCE", 0)
    assert str(audience.count_audience(Campaign())) == "more than 0"


def test_a_step_reads_its_rows_off_the_primary_key() -> None:
    many(
        "accounts_user", 2_000, id=person_at("n - 1"), email="n || '@crowd.test'", is_active="true"
    )
    many(
        "devices_device",
        id="uuidv7()",
        installation_id="n::text",
        user_id=person_at("n % 2000"),
        platform="CASE WHEN n % 1000 = 0 THEN 'web' ELSE 'ios' END",
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE devices_device, accounts_user")
    middle = Device.objects.order_by("pk").values_list("pk", flat=True)[9_999]

    with CaptureQueriesContext(connection) as sent:
        end = audience.end_of_step(middle, 2_000)
        assert end
        found = audience.audience_in(Campaign(platforms=["web"]), middle, end)

    assert len(found) == 2
    reads = [one["sql"] for one in sent if 'FROM "devices_device"' in one["sql"]]
    assert len(reads) == 2
    for statement in reads:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.replace('%', '%%')}", [])
            plan = cursor.fetchone()[0][0]["Plan"]
        assert _rows(plan, "devices_device") <= 2_000
        assert "devices_device_pkey" in str(plan)


def _rows(plan: dict[str, Any], table: str) -> int:
    own = 0
    if plan.get("Relation Name") == table:
        own = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
    return own + sum(_rows(inner, table) for inner in plan.get("Plans", []))
