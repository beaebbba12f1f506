"""Taking one's data along: one archive at a time, whole, private, and gone after some days."""

import io
import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.core import mail
from django.test import Client

from apps.accounts import erasure, exporting, keys, periodic
from apps.accounts.models import Export, User
from apps.core import personal
from tests.accounts.conftest import Clock
from tests.golden import golden, steady
from tests.outbox import drain, drain_twice, pending
from tests.phone import Phone


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    store = settings.STORAGES["exports"]
    settings.STORAGES = settings.STORAGES | {
        "exports": {**store, "OPTIONS": {**store["OPTIONS"], "location": tmp_path}}
    }
    return tmp_path


def made(person: Phone) -> dict[str, Any]:
    """Ask for an archive, let it be made, and return what the app is told of it."""
    asked = person.post("me/export")
    assert asked.status == 202, asked.content
    drain()
    return dict(person.get(f"me/export/{asked.json['id']}").json)


def fetched(link: str) -> Any:
    return Client().get(link.removeprefix("http://127.0.0.1:8000"))


def unpacked(link: str) -> dict[str, Any]:
    answer = fetched(link)
    assert answer.status_code == 200
    with ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        return {name: json.loads(archive.read(name)) for name in archive.namelist()}


def test_the_archive_holds_what_every_app_keeps(author: Phone, stranger: Phone) -> None:
    post = author.post("posts", {"title": "Mine", "body": "Words"}).json
    author.post(f"posts/{post['id']}/publish")
    stranger.post(f"posts/{post['id']}/comments", {"body": "Not yours"})

    archive = unpacked(made(author)["link"])

    assert {name.removesuffix(".json") for name in archive} >= {
        *("profile", "sessions", "devices", "notifications", "posts", "comments", "blocks"),
    }
    (profile,) = archive["profile.json"]
    assert (profile["id"], profile["email"]) == (author.user_id, "author@example.test")
    assert [row["body"] for row in archive["posts.json"]] == ["Words"]
    assert archive["comments.json"] == []
    text = json.dumps(archive)
    assert stranger.user_id not in text
    assert User.objects.get(pk=author.user_id).password not in text


def test_answers(author: Phone) -> None:
    asked = author.post("me/export")

    assert steady(asked.json) == golden(__file__, "export-asked")
    drain()
    ready = author.get(f"me/export/{asked.json['id']}")
    assert ready.headers["Cache-Control"] == "no-store"
    assert ready.json["link"].startswith("http://127.0.0.1:8000/exports/")
    changing = {"link": "<link>", "size": "<size>"}
    assert steady(ready.json | changing) == golden(__file__, "export-ready")


def test_its_owner_is_told_once_and_without_the_link(author: Phone) -> None:
    drain()
    mail.outbox.clear()
    author.post("me/export")

    assert drain_twice() == ["accounts.build_export", "accounts.send_export_ready"]

    assert {message.subject for message in mail.outbox} == {"Your data is ready"}
    assert len({message.extra_headers["Message-ID"] for message in mail.outbox}) == 1
    assert "exports/" not in mail.outbox[0].body


def test_one_at_a_time(author: Phone) -> None:
    first, second = author.post("me/export"), author.post("me/export")

    assert first.json["id"] == second.json["id"]
    assert len(pending("accounts.build_export")) == 1


def test_three_a_day(author: Phone) -> None:
    for _ in range(3):
        made(author)

    assert author.post("me/export").code == "rate_limited"


def test_it_needs_a_recent_proof(author: Phone, clock: Clock) -> None:
    clock.forward(minutes=6)

    assert author.post("me/export").code == "reauth_required"


def test_a_link_is_good_for_ten_minutes_and_for_one_archive(
    author: Phone, stranger: Phone, clock: Clock
) -> None:
    export = made(author)
    link = export["link"]

    assert stranger.get(f"me/export/{export['id']}").code == "export_not_found"
    assert fetched(f"{link[:-3]}xxx").status_code == 404
    answer = fetched(link)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="export.zip"'
    assert b"".join(answer.streaming_content).startswith(b"PK")
    clock.forward(minutes=11)
    assert fetched(link).status_code == 404


def test_it_is_gone_after_some_days(author: Phone, folder: Path) -> None:
    export = made(author)
    assert len(list(folder.iterdir())) == 1
    Export.objects.update(expires_at="2020-01-01T00:00:00Z")

    assert author.get(f"me/export/{export['id']}").status == 404
    assert fetched(export["link"]).status_code == 404
    periodic.forget_exports()

    assert list(folder.iterdir()) == []
    assert not Export.objects.exists()


def test_it_goes_with_its_owner(author: Phone, folder: Path) -> None:
    link = made(author)["link"]

    author.delete("me")
    assert fetched(link).status_code == 404
    User.objects.update(deleted_at="2020-01-01T00:00:00Z")
    erasure.erase(User.objects.get().pk)

    assert list(folder.iterdir()) == []


def test_a_worker_that_died_leaves_nothing_twice(
    author: Phone, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = author.post("me/export").json["id"]
    with monkeypatch.context() as patch:
        patch.setattr(exporting, "_mark_ready", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            exporting.build(Export.objects.get().pk, announce=lambda: None)

    drain()

    assert len(list(folder.iterdir())) == 1
    assert author.get(f"me/export/{asked}").json["state"] == "ready"


def test_memory_stays_bounded(author: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are written as they come: never more than one batch is held."""
    seen: list[int] = []

    class Sink(io.BytesIO):
        def write(self, data: Any) -> int:
            seen.append(len(data))
            return super().write(data)

    def rows(user_id: Any) -> Any:
        return ({"number": number, "words": "x" * 1000} for number in range(20_000))

    monkeypatch.setattr(personal, "_sections", {"many": rows})
    sink = Sink()

    exporting.write(sink, Export().pk)

    assert len(ZipFile(sink).read("many.json")) > 20_000_000
    assert max(seen) < 1_000_000


def test_the_place_of_an_archive_can_not_be_guessed(author: Phone, folder: Path) -> None:
    export = made(author)

    (file,) = folder.iterdir()
    assert export["id"].replace("-", "") not in file.name
    assert file.stat().st_mode & 0o777 == 0o600
    assert keys.read_restore_proof(export["link"].rpartition("/")[2]) is None
