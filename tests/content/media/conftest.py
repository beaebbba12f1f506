"""Every test about pictures has a folder of its own; and whoever asks for it, a bucket."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.content import storage
from tests.fakes.s3 import FakeS3


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Iterator[Path]:
    settings.MEDIA_FOLDER = tmp_path / "media"
    storage.store.cache_clear()
    yield tmp_path / "media"
    storage.store.cache_clear()


@pytest.fixture
def s3(folder: Path, settings: Any) -> Iterator[FakeS3]:
    """Keep files in a bucket, with a CDN in front of what is public."""
    with FakeS3() as fake:
        settings.MEDIA_STORAGE, settings.MEDIA_ORIGIN = "s3", "https://cdn.example.test"
        settings.S3_BUCKET, settings.S3_ENDPOINT_URL = fake.bucket, fake.url
        settings.S3_REGION, settings.S3_ADDRESSING = fake.keys.region, "path"
        settings.S3_ACCESS_KEY_ID, settings.S3_SECRET_ACCESS_KEY = (
            fake.keys.access,
            fake.keys.secret,
        )
        yield fake


@pytest.fixture(params=["disk", "s3"])
def place(request: Any) -> str:
    """Where files are kept: the test is told twice."""
    if request.param == "s3":
        request.getfixturevalue("s3")
    return str(request.param)
