"""Rows and files held against each other: whatever a crash leaves behind is found, and only that is deleted."""

import os
from pathlib import Path
from typing import Any

import pytest

from apps.content.media import reconciling
from apps.content.models import Media
from apps.content.services import uploading
from tests.content.media.camera import announced, announcement, picture, ready, sent
from tests.phone import Phone

pytestmark = pytest.mark.django_db


def aged(folder: Path) -> None:
    """Make every file older than the grace."""
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (0, 0))


def test_what_nobody_owns_goes_and_what_is_missing_is_reported(author: Phone, folder: Path) -> None:
    kept, lost = ready(author), ready(author, visibility="public")
    gone = announced(author, picture())
    assert sent(gone["upload"], picture()).status == 204
    Media.objects.filter(pk=gone["media"]["id"]).delete()
    assert reconciling.reconcile(mend=False) == reconciling.Findings([], [])

    aged(folder)
    next(folder.glob(f"public/{lost['id']}/*/small.jpg")).unlink()
    found = reconciling.reconcile()

    assert found.orphans == [f"quarantine/{gone['media']['id']}"]
    assert [str(media_id) for media_id in found.broken] == [lost["id"]]
    assert len(list(folder.glob(f"private/{kept['id']}/*/*"))) == 6
    uploading.take_down(media_id=found.broken[0])
    aged(folder)
    reconciling.reconcile()
    assert reconciling.reconcile(mend=False, deep=True) == reconciling.Findings([], [])


def test_nobody_reserves_more_than_their_share(author: Phone, settings: Any) -> None:
    settings.MEDIA_QUOTA_COUNT, settings.MEDIA_QUOTA_BYTES = 2, 3000
    assert author.post("media", announcement(b"x" * 1000)).status == 201
    over = author.post("media", announcement(b"x" * 2001))
    assert (over.status, over.code) == (409, "media_quota_spent")
    assert author.post("media", announcement(b"x" * 2000)).status == 201
    assert author.post("media", announcement(b"x")).code == "media_quota_spent"
