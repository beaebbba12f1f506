"""Making an export: every app's sections and files, streamed into one archive."""

import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterable
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import orjson
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.accounts import storage
from apps.accounts.models import Export
from apps.core import personal

_CHUNK = 256 * 1024


def build(export_id: uuid.UUID, *, announce: Callable[[], None]) -> None:
    """Make and store an archive; one that was made already is left alone.

    `announce` is called in the transaction that makes it ready.
    """
    export = Export.objects.open(timezone.now()).select_related("user").filter(pk=export_id).first()
    if export is None or not export.user.is_live:
        return
    with tempfile.TemporaryFile() as archive:
        write(archive, export.user_id)
        size = archive.tell()
        archive.seek(0)
        storage.keep(export.pk, archive)
    with transaction.atomic():
        if is_ready := _mark_ready(export, size):
            announce()
    if not is_ready:
        # Forgotten meanwhile, with its owner: nothing may stay behind.
        storage.forget(export.pk)


def write(archive: IO[bytes], user_id: uuid.UUID) -> None:
    """Write all that is kept about a person as a zip: one JSON file for each section, one folder for files."""
    with ZipFile(archive, "w", ZIP_DEFLATED) as packed:
        for name, rows in personal.sections().items():
            with packed.open(f"{name}.json", "w", force_zip64=True) as target:
                _write_rows(target, rows, user_id)
        # Files are pictures: deflating them again takes long and gains nothing.
        packed.compression = ZIP_STORED
        for folder, files in personal.folders().items():
            for name, source in files(user_id):
                with source, packed.open(f"{folder}/{name}", "w", force_zip64=True) as target:
                    shutil.copyfileobj(source, target, _CHUNK)


def _write_rows(
    target: IO[bytes], rows: Callable[[uuid.UUID], Iterable[personal.Row]], user_id: uuid.UUID
) -> None:
    target.write(b"[")
    # A cursor lives in a transaction, and only so many rows are in memory at once.
    with transaction.atomic():
        for number, row in enumerate(rows(user_id)):
            target.write(b",\n" if number else b"\n")
            target.write(orjson.dumps(dict(row), default=str, option=orjson.OPT_UTC_Z))
    target.write(b"\n]\n")


def _mark_ready(export: Export, size: int) -> bool:
    pending = Export.objects.filter(pk=export.pk, state=Export.State.PENDING)
    until = timezone.now() + settings.EXPORT_KEPT
    return pending.update(state=Export.State.READY, size=size, expires_at=until) == 1
