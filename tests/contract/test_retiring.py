"""The guide `docs/retiring-v1.md`, followed once: each step is felt by the phones it is about and by no other."""

from typing import Any

import pytest
from django.urls import clear_url_caches

from apps.core import dashboard
from apps.devices import periodic
from apps.devices.models import VersionPolicy
from tests.content.desk import published
from tests.devices.rules import decided
from tests.phone import Phone

STORE = "https://store.example.test/app"


def deprecated_requests() -> dict[str, int]:
    """Read the panel as staff do, a minute later."""
    periodic.write_down_calls()
    panels = {panel.title: panel.content for panel in dashboard.panels()}
    rows: Any = panels["Requests to deprecated routes, last 30 days"]
    return {row.label.rpartition(" by ")[2]: row.value for row in rows}


@pytest.fixture
def policy(db: None) -> VersionPolicy:
    return decided(VersionPolicy(platform="ios", store_url=STORE, message="Please update."))


def test_version_1_is_retired(author: Phone, policy: VersionPolicy, settings: Any) -> None:
    post = published(author)["id"]
    comments = f"posts/{post}/comments"
    old = [Phone(version="1.9", installation_id=f"old-{number}") for number in range(40)]
    new = Phone(version="2.0", api="/api/v2")

    # 2. Who still speaks it is counted, and told.
    for phone in old:
        assert phone.get(comments).headers["Sunset"]
    new.get(comments)
    assert deprecated_requests() == {"ios 1.9": 40}

    # 3. Recommended.
    policy.recommended = "2.0"
    decided(policy)
    assert old[0].get(comments).headers["X-Client-Recommended-Version"] == "2.0"
    assert old[0].get("app/config").json["version"]["update_recommended"]
    assert not new.get("app/config").json["version"]["update_recommended"]

    # 4. Required, of the same and ever more.
    def refused() -> set[str]:
        return {phone.installation_id for phone in old if phone.get("feed").status == 426}

    before: set[str] = set()
    for percentage in (10, 50, 100):
        policy.next_minimum, policy.next_minimum_percentage = "2.0", percentage
        decided(policy)
        found = refused()
        assert before <= found
        assert percentage < 100 or len(found) == len(old)
        assert abs(len(found) - len(old) * percentage / 100) <= 10
        assert new.get("feed").status == 200
        # Who does not say which installation it is can't be told apart from those that wait.
        assert Phone(version="1.9", installation_id="").get("feed").status == 200
        before = found
    policy.minimum, policy.next_minimum, policy.next_minimum_percentage = "2.0", "", 0
    decided(policy)
    answer = old[0].get(comments)
    assert (answer.status, answer.json["store_url"]) == (426, STORE)
    assert answer.json["minimum_version"] == "2.0"
    assert Phone(version="1.9", installation_id="").get("feed").status == 426

    # 5. Silent: who is refused calls nothing.
    counted = deprecated_requests()
    assert {phone.get(comments).status for phone in old} == {426}
    assert deprecated_requests() == counted

    # 6. Removed.
    settings.ROOT_URLCONF = "tests.contract.without_v1"
    clear_url_caches()
    for phone in (old[0], Phone(platform="", version="", installation_id="")):
        for answer in (phone.get(comments), phone.post("auth/login", {"email": "x"})):
            assert (answer.status, answer.code) == (426, "client_upgrade_required")
    assert old[0].get("feed").json["store_url"] == STORE
    assert new.get(comments).status == 200
