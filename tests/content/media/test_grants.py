"""A grant is for one file, once, and for ten minutes: whatever else is tried with it leaves nothing behind."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from apps.content import storage
from tests.content.media.abuses import TRIED, Attempt
from tests.content.media.camera import (
    CONTENT_TYPE,
    Refusal,
    announced,
    form,
    picture,
    posted,
    refusal,
    sent,
)
from tests.phone import Phone

pytestmark = pytest.mark.django_db


def granted(phone: Phone, content: bytes) -> tuple[dict[str, Any], str]:
    """Announce a picture; return its grant and the key it is for."""
    answer = announced(phone, content)
    return answer["upload"], f"quarantine/{answer['media']['id']}"


def kept(folder: Path) -> list[str]:
    """Name every file, wherever it is kept, those that are half written included."""
    listed = [file.key for prefix in storage.PREFIXES for file in storage.store().listing(prefix)]
    return listed or [str(path) for path in folder.rglob("*") if path.is_file()]


@pytest.mark.usefixtures("place")
def test_a_grant_is_good_for_nothing_else(author: Phone, folder: Path) -> None:
    content = picture()
    grant, key = granted(author, content)
    honest = Attempt(grant["fields"], content)

    said = {name: posted(grant["url"], abuse(honest).body()) for name, (abuse, _) in TRIED.items()}

    assert {name: refusal(answer) for name, answer in said.items()} == {
        name: expected for name, (_, expected) in TRIED.items()
    }
    assert kept(folder) == []
    assert sent(grant, content).status == 204
    assert storage.store().size_of(key) == len(content)


@pytest.mark.usefixtures("place")
def test_an_expired_grant_is_none(author: Phone, settings: Any) -> None:
    settings.MEDIA_GRANT_SECONDS = -1
    grant, key = granted(author, picture())

    assert refusal(sent(grant, picture())) == Refusal(403, "AccessDenied")
    assert storage.store().size_of(key) is None


@pytest.mark.usefixtures("place")
def test_only_a_form_is_taken(author: Phone) -> None:
    content = picture()
    grant, key = granted(author, content)
    body = form(grant["fields"], content)

    for method in ("GET", "PUT", "DELETE", "PATCH"):
        assert posted(grant["url"], body, method=method).status in {400, 403, 405}
    for kind in ("application/octet-stream", CONTENT_TYPE.replace("boundary", "border")):
        assert posted(grant["url"], body, kind=kind).status in {400, 412}
    assert posted(grant["url"], body[:80]).status == 400
    assert storage.store().size_of(key) is None


def test_a_grant_is_used_up_with_its_upload(author: Phone, folder: Path) -> None:
    content = picture()
    grant, _ = granted(author, content)
    assert sent(grant, content).status == 204

    assert refusal(sent(grant, content)) == Refusal(409, "OperationAborted")

    media_id = grant["fields"]["key"].removeprefix("quarantine/")
    author.post(f"media/{media_id}/complete")
    for path in folder.rglob("quarantine/*"):
        path.unlink()
    assert refusal(sent(grant, content)) == Refusal(403, "AccessDenied")
    assert author.delete(f"media/{media_id}").status == 204
    assert refusal(sent(grant, content)) == Refusal(403, "AccessDenied")
    assert storage.store().size_of(f"quarantine/{uuid.UUID(media_id)}") is None


def test_of_two_files_none_is_taken(author: Phone, folder: Path) -> None:
    content = picture()
    grant, _ = granted(author, content)
    once, twice = form(grant["fields"], content), form({}, content)

    # The first form without its end, and then another file.
    answer = posted(grant["url"], once[: once.rindex(b"--\r\n")] + b"\r\n" + twice)

    assert refusal(answer) == Refusal(400, "InvalidArgument")
    assert kept(folder) == []
    doubled = form(grant["fields"] | {"Key": "x"}, content).replace(b'"Key"', b'"key"')
    assert refusal(posted(grant["url"], doubled)) == Refusal(403, "AccessDenied")
