"""The plumbing's tests run against the toy API."""

import uuid
from typing import Any

import pytest
from django.test import Client

ADA = str(uuid.UUID(int=1))
GRACE = str(uuid.UUID(int=2))


@pytest.fixture(autouse=True)
def _toy_api(settings: Any, db: None) -> None:
    settings.ROOT_URLCONF = "tests.core.http.toy"


@pytest.fixture
def phone() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def ada() -> Client:
    return Client(raise_request_exception=False, headers={"X-Test-User": ADA})


@pytest.fixture
def grace() -> Client:
    return Client(raise_request_exception=False, headers={"X-Test-User": GRACE})
