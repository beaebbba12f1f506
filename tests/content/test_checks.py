"""Each boot check of pictures, with a configuration that it refuses."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.checks import CheckMessage

from apps.content import checks

type Check = Callable[[], list[CheckMessage]]


@pytest.fixture(autouse=True)
def _sound(settings: Any) -> None:
    """Start from settings that every check accepts."""
    settings.PUBLIC_URL = "https://api.example.test"
    settings.MEDIA_ORIGIN = "https://media.example.test"
    settings.ALLOWED_HOSTS = ["api.example.test", "media.example.test"]
    settings.MEDIA_STORAGE = "local"
    settings.S3_BUCKET, settings.S3_REGION = "pictures", "eu-central-1"


@pytest.mark.parametrize("store", ["local", "s3"])
def test_a_sound_configuration_is_accepted(settings: Any, store: str) -> None:
    settings.MEDIA_STORAGE = store
    assert checks.check_store() == checks.check_origin() == []


def test_a_cdn_needs_no_host_here(settings: Any) -> None:
    settings.MEDIA_STORAGE, settings.ALLOWED_HOSTS = "s3", ["api.example.test"]
    assert checks.check_origin() == []


@pytest.mark.parametrize(
    ("check", "id", "broken"),
    [
        (checks.check_store, "content.E001", {"MEDIA_STORAGE": "S3"}),
        (checks.check_store, "content.E001", {"MEDIA_STORAGE": ""}),
        (checks.check_store, "content.E002", {"MEDIA_STORAGE": "s3", "S3_BUCKET": ""}),
        (checks.check_store, "content.E002", {"MEDIA_STORAGE": "s3", "S3_REGION": ""}),
        (checks.check_origin, "content.E003", {"MEDIA_ORIGIN": "http://media.example.test"}),
        (checks.check_origin, "content.E003", {"MEDIA_ORIGIN": "https://media.example.test/cdn"}),
        (checks.check_origin, "content.E004", {"MEDIA_ORIGIN": "https://api.example.test"}),
        (checks.check_origin, "content.E004", {"MEDIA_ORIGIN": "https://API.example.test:8443"}),
        (checks.check_origin, "content.E005", {"ALLOWED_HOSTS": ["api.example.test"]}),
    ],
)
def test_an_unsound_configuration_is_refused_by_name(
    settings: Any, check: Check, id: str, broken: dict[str, Any]
) -> None:
    for name, value in broken.items():
        setattr(settings, name, value)

    (message,) = check()
    assert message.id == id
    assert message.is_serious()
