"""What tests of notifications start from: a push service of their own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.notifications import providers
from apps.notifications.delivery import journal
from tests.devices.pockets import reachable
from tests.fakes.apns import KEY_ID, TEAM_ID, TOPIC, FakeApns
from tests.fakes.expo import TOKEN, FakeExpo
from tests.fakes.fcm import FakeFcm
from tests.notifications.news import ADDRESS
from tests.phone import Phone


@pytest.fixture(autouse=True)
def _as_a_new_worker(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """No connections, no open breaker, no alarm that was rung already, no answers left behind."""
    settings.PUSH_JOURNAL = str(tmp_path / "push-journal")
    monkeypatch.setattr(journal, "PAUSE", 0.0)
    providers.release()
    yield
    providers.release()


@pytest.fixture
def fcm(tmp_path: Path, settings: Any) -> Iterator[FakeFcm]:
    """A fake FCM that deliveries really go to, with a patience of two seconds."""
    with FakeFcm(tmp_path / "fcm.jsonl") as fake:
        settings.PUSH_PROVIDERS = ["fcm"]
        settings.FCM_BASE_URL = fake.url
        settings.FCM_CREDENTIALS = fake.tokens.credentials()
        settings.PUSH_TIMEOUTS = (1.0, 1.0)
        yield fake


@pytest.fixture
def apns(tmp_path: Path, settings: Any) -> Iterator[FakeApns]:
    """A fake APNs that deliveries really go to, with a patience of two seconds."""
    with FakeApns(tmp_path) as fake:
        settings.PUSH_PROVIDERS = ["apns"]
        settings.APNS_URL = settings.APNS_SANDBOX_URL = fake.url
        settings.APNS_KEY = fake.key
        settings.APNS_KEY_ID, settings.APNS_TEAM_ID = KEY_ID, TEAM_ID
        settings.APNS_TOPIC = TOPIC
        settings.PUSH_CA_FILE = fake.ca_file
        settings.PUSH_TIMEOUTS = (1.0, 1.0)
        yield fake


@pytest.fixture
def expo(settings: Any) -> Iterator[FakeExpo]:
    """A fake Expo that deliveries really go to, with a patience of two seconds."""
    with FakeExpo() as fake:
        settings.PUSH_PROVIDERS = ["expo"]
        settings.EXPO_URL = fake.url
        settings.EXPO_ACCESS_TOKEN = TOKEN
        settings.PUSH_TIMEOUTS = (1.0, 1.0)
        yield fake


@pytest.fixture
def reader(author: Phone) -> Phone:
    """Somebody whose phone rings."""
    return reachable(author, ADDRESS)
