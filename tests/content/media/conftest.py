"""Every test about pictures has a folder of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.content import storage


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Iterator[Path]:
    settings.MEDIA_FOLDER = tmp_path / "media"
    storage.store.cache_clear()
    yield tmp_path / "media"
    storage.store.cache_clear()
