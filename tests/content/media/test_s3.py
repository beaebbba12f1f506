"""The same pictures in a bucket: uploaded past us, read past us; and what goes on while the bucket does not answer."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.content import storage
from apps.content.media import reconciling
from apps.content.models import Media
from apps.core.models import Job
from tests.content.desk import drafted
from tests.content.media.camera import (
    Refusal,
    announced,
    fetched,
    picture,
    ready,
    refusal,
    sent,
    uploaded,
)
from tests.fakes.s3 import FakeS3
from tests.outbox import drain, drain_twice, pending
from tests.phone import Phone

pytestmark = pytest.mark.django_db


def test_a_picture_from_announcement_to_screen(author: Phone, s3: FakeS3) -> None:
    content = picture(size=(640, 480))
    grant = announced(author, content)
    media_id = grant["media"]["id"]
    assert grant["upload"]["url"] == f"{s3.url}/{s3.bucket}"
    assert author.post(f"media/{media_id}/complete").code == "upload_missing"
    assert sent(grant["upload"], content).status == 204
    assert refusal(fetched(f"{s3.url}/{s3.bucket}/quarantine/{media_id}")).status == 403
    assert author.post(f"media/{media_id}/complete").json["state"] == "processing"

    assert drain_twice() == ["content.process_media"]

    media = author.get(f"media/{media_id}").json
    assert media["state"] == "ready"
    assert sorted(s3.objects) == sorted(
        f"{Media.objects.get().folder}/{file['name']}" for file in media["files"]
    )
    for file in media["files"]:
        shown = fetched(file["url"])
        assert (shown.status, len(shown.content)) == (200, file["bytes"])
        assert shown.headers["Content-Type"] == file["type"]
        assert shown.headers["Cache-Control"] == "private, no-cache"
        assert refusal(fetched(file["url"].split("?")[0])) == Refusal(403, "AccessDenied")
        assert fetched(file["url"].replace(file["name"], "other.jpg")).status == 403
    s3.clock = timedelta(seconds=601)
    assert refusal(fetched(media["files"][0]["url"])) == Refusal(403, "AccessDenied")


def test_public_pictures_are_read_from_the_cdn(author: Phone, s3: FakeS3) -> None:
    media = ready(author, visibility="public")

    for file in media["files"]:
        key = file["url"].removeprefix("https://cdn.example.test/")
        assert key.startswith(f"public/{media['id']}/")
        kept = s3.objects[key]
        assert kept.headers == {
            "Content-Type": file["type"],
            "Cache-Control": "public, max-age=31536000, immutable",
            "Content-Disposition": "inline",
        }
    assert author.delete(f"media/{media['id']}").status == 204
    assert drain_twice() == ["content.delete_media_files"]
    assert s3.objects == {}


def test_a_second_upload_is_the_same_bytes_and_is_swept_up(author: Phone, s3: FakeS3) -> None:
    """S3 remembers no grants: within its ten minutes one puts the same file there again, and nobody looks at it."""
    content = picture()
    grant = announced(author, content)
    media_id = grant["media"]["id"]
    assert sent(grant["upload"], content).status == sent(grant["upload"], content).status == 204
    assert list(s3.objects) == [f"quarantine/{media_id}"]
    author.post(f"media/{media_id}/complete")
    drain()
    before = author.get(f"media/{media_id}").json

    assert sent(grant["upload"], content).status == 204
    assert author.post(f"media/{media_id}/complete").json["state"] == "ready"
    assert drain() == []
    assert author.get(f"media/{media_id}").json["files"][0]["bytes"] == before["files"][0]["bytes"]

    s3.aged(timedelta(hours=2))
    assert reconciling.reconcile() == reconciling.Findings([f"quarantine/{media_id}"], [])
    assert len(s3.objects) == 6
    assert reconciling.reconcile(deep=True) == reconciling.Findings([], [])


@pytest.mark.parametrize("trouble", ["503", "slow", "reset", "gone"])
def test_while_the_bucket_is_away_only_pictures_wait(
    author: Phone, s3: FakeS3, settings: Any, trouble: str
) -> None:
    settings.STORAGE_TIMEOUTS = (0.2, 0.2)
    waits, arrived = uploaded(author, picture()), announced(author, picture())
    assert sent(arrived["upload"], picture()).status == 204
    s3.has(trouble)

    # Nobody is asked for these.
    assert announced(author, picture())["upload"]["url"].startswith(s3.url)
    drafted(author)
    assert author.get(f"media/{waits}").json["state"] == "processing"
    path = f"media/{arrived['media']['id']}/complete"
    answer, asked = author.post(path), len(s3.requests)
    assert (answer.status, answer.code) == (503, "storage_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert drain() == ["content.process_media"]
    job: Job = pending("content.process_media")[0]
    assert job.available_at > datetime.now(UTC) + timedelta(seconds=5)
    assert len(s3.requests) - asked <= 1

    s3.works()
    assert author.post(path).json["state"] == "processing"
    drain(until=datetime.now(UTC) + timedelta(minutes=1))
    assert {media.state for media in Media.objects.exclude(state="pending")} == {"ready"}
    assert not any(one.startswith(storage.QUARANTINE) for one in s3.objects)
