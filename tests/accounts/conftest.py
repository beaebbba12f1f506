"""What stories about accounts share: a clock that can be moved, a Redis that is away, and room to try often."""

import uuid
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from apps.accounts.providers import keysets
from tests.fakes.issuer import CLIENT, FakeIssuer, key, pem
from tests.phone import Phone


class Clock:
    """Our clock, standing still until it is moved; Postgres and Redis keep theirs."""

    def __init__(self, traveller: time_machine.Traveller) -> None:
        self._traveller = traveller

    def forward(self, **span: float) -> None:
        self._traveller.shift(timedelta(**span))


@pytest.fixture
def clock() -> Iterator[Clock]:
    with time_machine.travel(datetime.now(UTC), tick=False) as traveller:
        yield Clock(traveller)


@pytest.fixture
def unlimited(settings: Any) -> None:
    """The caller's own limits are somebody else's story."""
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, (1000000, 60))


@pytest.fixture
def by_staff(django_capture_on_commit_callbacks: Any) -> Callable[..., None]:
    """Have staff do something to somebody, as the admin's actions do."""

    def act(service: Callable[..., None], person: Phone) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            service(user_id=uuid.UUID(person.user_id), by=uuid.uuid4())

    return act


@pytest.fixture
def issuer(settings: Any) -> Iterator[FakeIssuer]:
    """Apple and Google, on this machine."""
    with FakeIssuer() as fake:
        providers = deepcopy(settings.IDENTITY_PROVIDERS)
        for provider in providers.values():
            provider |= {"client_ids": [CLIENT, "other.app"], "keys_url": f"{fake.url}/keys"}
        settings.IDENTITY_PROVIDERS = providers
        settings.APPLE_SERVICE = {
            "base_url": fake.url,
            "team_id": "TEAM",
            "key_id": "KEY",
            "private_key": pem(key("EC")),
        }
        keysets.key_set.cache_clear()
        yield fake


DEAD = "redis://127.0.0.1:1/0"
