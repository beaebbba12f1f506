"""A picture's way: announced, uploaded, looked at, shown; and who may see it at which point of it."""

import json
import re
import uuid
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from apps.content import storage
from apps.content.models import Media
from apps.content.storage import local
from tests.content.desk import drafted, published
from tests.content.media.camera import (
    announced,
    announcement,
    fetched,
    picture,
    ready,
    sent,
    uploaded,
)
from tests.golden import golden, steady
from tests.outbox import drain, drain_twice
from tests.phone import Phone

pytestmark = pytest.mark.django_db


def bare(document: Any) -> Any:
    """Return the document without what is secret, made of a clock, or of the release of an encoder."""
    text = json.dumps(steady(document))
    text = re.sub(r"/[0-9a-f]{32}/", "/<secret>/", text)
    text = re.sub(r"expires=\d+", "expires=<time>", text)
    text = re.sub(r"signature=[0-9a-f]+", "signature=<signed>", text)
    text = re.sub(r'"(policy|signature|x-amz-checksum-sha256)": "[^"]+"', r'"\1": "<made>"', text)
    text = re.sub(r'"bytes": \d+', '"bytes": "<number>"', text)
    return json.loads(text)


def test_announced_again_it_is_the_same_picture(author: Phone, stranger: Phone) -> None:
    content = picture()
    body = announcement(content)
    first = author.post("media", body)

    again = author.post("media", body)

    assert (first.status, again.status) == (201, 200)
    assert again.json["media"] == first.json["media"]
    assert sent(again.json["upload"], content).status == 204
    assert author.post("media", body | {"size": len(content) + 1}).code == "media_differs"
    assert stranger.post("media", body).code == "id_taken"
    author.post(f"media/{body['id']}/complete")
    late = author.post("media", body)
    assert (late.status, late.json["upload"]) == (200, None)
    assert Media.objects.count() == 1


def test_a_picture_from_announcement_to_screen(author: Phone) -> None:
    content = picture(size=(1600, 1200))
    answer = author.post("media", announcement(content))
    assert answer.status == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert bare(answer.json) == golden(__file__, "announced")
    media_id = answer.json["media"]["id"]

    assert sent(answer.json["upload"], content).status == 204
    completed = author.post(f"media/{media_id}/complete")
    assert (completed.status, completed.json["state"]) == (200, "processing")
    assert drain_twice() == ["content.process_media"]

    media = author.get(f"media/{media_id}")
    assert media.headers["Cache-Control"] == "no-store"
    assert bare(media.json) == golden(__file__, "ready")
    for file in media.json["files"]:
        shown = fetched(file["url"])
        assert shown.status == 200
        assert shown.headers["Content-Type"] == file["type"]
        assert len(shown.content) == file["bytes"]
        assert Image.open(BytesIO(shown.content)).size == (file["width"], file["height"])


def test_nothing_is_readable_before_it_is_ready(author: Phone) -> None:
    content = picture()
    grant = announced(author, content)
    quarantined = f"http://localhost/media/quarantine/{grant['media']['id']}"

    def unreadable(state: str) -> None:
        media = author.get(f"media/{grant['media']['id']}").json
        assert (media["state"], media["files"]) == (state, [])
        for key in ("quarantine", "public/../quarantine", "incoming", "public//quarantine"):
            assert fetched(quarantined.replace("quarantine", key, 1)).status == 404

    unreadable("pending")
    sent(grant["upload"], content)
    unreadable("pending")
    author.post(f"media/{grant['media']['id']}/complete")
    unreadable("processing")
    drain()
    assert fetched(quarantined).status == 404
    assert storage.store().size_of(f"quarantine/{grant['media']['id']}") is None


def test_private_addresses_expire_and_can_not_be_made(author: Phone, monkeypatch: Any) -> None:
    url = ready(author)["files"][0]["url"]
    answer = fetched(url)
    assert answer.headers["Cache-Control"] == "private, max-age=600"

    assert fetched(url.split("?")[0]).status == 403
    assert fetched(url.replace("expires=1", "expires=2")).status == 403
    assert fetched(url.replace("large.webp", "small.webp")).status == 403
    now = local.time.time()
    monkeypatch.setattr(local.time, "time", lambda: now + 599)
    assert fetched(url).status == 200
    monkeypatch.setattr(local.time, "time", lambda: now + 601)
    assert fetched(url).status == 403


def test_public_addresses_are_for_ever_and_on_another_origin(author: Phone) -> None:
    media = ready(author, visibility="public")

    assert media["expires_at"] is None
    url = media["files"][0]["url"]
    assert url.startswith("http://localhost/media/public/")
    answer = fetched(url)
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Disposition"] == "inline"
    assert "Set-Cookie" not in answer.headers
    # The API's own host gives out nothing.
    assert fetched(url.replace("localhost", "127.0.0.1")).status == 404
    assert fetched(url, "HEAD").content == b""
    assert fetched(url, "POST").status == 405


def test_others_see_a_picture_with_the_post_that_shows_it(author: Phone, stranger: Phone) -> None:
    media = ready(author)
    post = drafted(author, cover=media["id"])
    assert stranger.get(f"media/{media['id']}").status == 404
    assert Phone().get(f"media/{media['id']}").status == 404

    author.post(f"posts/{post['id']}/publish")
    for reader in (stranger, Phone()):
        seen = reader.get(f"media/{media['id']}")
        assert seen.status == 200
        assert fetched(seen.json["files"][0]["url"]).status == 200
        cover = reader.get(f"posts/{post['id']}").json["cover"]
        assert (cover["state"], cover["small"]) == ("ready", None)

    author.post(f"posts/{post['id']}/archive")
    assert stranger.get(f"media/{media['id']}").status == 404


def test_a_public_cover_is_in_the_feed_with_its_addresses(author: Phone, stranger: Phone) -> None:
    media = ready(author, visibility="public")
    published(author, cover=media["id"])

    cover = stranger.get("feed").json["items"][0]["cover"]

    assert bare(cover) == golden(__file__, "cover")
    assert fetched(cover["medium"]).status == 200


def test_a_post_shows_only_what_its_author_has_uploaded(author: Phone, stranger: Phone) -> None:
    theirs = ready(stranger)
    pending = announced(author, picture())["media"]
    post = drafted(author)
    for media_id in (theirs["id"], pending["id"], str(uuid.uuid4())):
        answer = author.patch(f"posts/{post['id']}", {"cover": media_id}, if_match="*")
        assert (answer.status, answer.code) == (409, "cover_unusable")
    assert author.patch(f"posts/{post['id']}", {"cover": None}, if_match="*").json["rev"] == 1


def test_a_post_is_another_version_once_its_cover_is_ready(author: Phone) -> None:
    media_id = uploaded(author, picture(), visibility="public")
    post = drafted(author, cover=media_id)
    before = author.get(f"posts/{post['id']}")
    assert before.json["cover"]["state"] == "processing"

    drain()

    after = author.get(f"posts/{post['id']}", if_none_match=before.etag)
    assert (after.status, after.json["cover"]["state"]) == (200, "ready")


def test_a_deleted_picture_takes_its_files_along(author: Phone, folder: Path) -> None:
    media = ready(author, visibility="public")
    post = drafted(author, cover=media["id"])

    assert author.delete(f"media/{media['id']}").status == 204

    assert author.get(f"media/{media['id']}").status == 404
    changed = author.get(f"posts/{post['id']}").json
    assert (changed["cover"], changed["rev"]) == (None, 2)
    assert drain_twice() == ["content.delete_media_files"]
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert fetched(media["files"][0]["url"]).status == 404


def test_the_name_of_a_file_is_nobodys_business(author: Phone, folder: Path) -> None:
    content = picture()
    for filename in ("../../../etc/passwd", "a\\..\\b.jpg", "‮gpj.exe", "%00.jpg", "CON"):
        grant = announced(author, content)
        assert sent(grant["upload"], content, filename=filename).status == 204
    assert {path.parent.name for path in folder.rglob("*") if path.is_file()} == {"quarantine"}
    assert Media.objects.count() == 5
