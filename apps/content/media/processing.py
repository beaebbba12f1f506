"""From quarantine to ready or refused: the bytes are checked, decoded in a child, and only what it drew is kept.

No transaction is held meanwhile. A worker may die anywhere: files have the same names on every attempt, so the next one
writes the same again, and a row changes its state once.
"""

import hashlib
import logging
import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.db.models.functions import Now
from prometheus_client import Counter

from apps.content import storage
from apps.content.errors import StorageUnavailable
from apps.content.media import sandbox
from apps.content.models import Media
from apps.core import jobs
from apps.core.crypto import mac

logger = logging.getLogger(__name__)

PICTURES = Counter("media_processed", "Pictures that were looked at.", ["outcome"])

FORMATS = {"webp": "image/webp", "jpg": "image/jpeg"}
# Seconds until a store that did not answer is asked again; spread, so that jobs do not come back together.
_PAUSE = (10, 30)


def process(media_id: uuid.UUID) -> None:
    """Make a picture ready, or refuse it; does nothing when that is done, or its owner is out.

    What is left so is refused by the nightly comparison. Raises jobs.Retry while the store is away.
    """
    of_somebody = Media.objects.filter(owner__is_active=True, owner__deleted_at=None)
    media = of_somebody.filter(pk=media_id, state=Media.State.PROCESSING).first()
    if media is None:
        return
    with _patient(), TemporaryDirectory(prefix="media-") as folder:
        _process(media, Path(folder))
        storage.store().delete([storage.quarantine_key(media.pk)])


def delete_files(media_id: uuid.UUID) -> None:
    """Delete every file of a picture that is gone; does nothing while there is a row.

    Raises jobs.Retry while the store is away.
    """
    if Media.objects.filter(pk=media_id).exists():
        return
    store = storage.store()
    with _patient():
        for prefix in storage.PREFIXES:
            store.delete([file.key for file in store.listing(f"{prefix}{media_id}")])


@contextmanager
def _patient() -> Iterator[None]:
    """Come back when the store does."""
    try:
        yield
    except StorageUnavailable:
        pause = timedelta(seconds=random.uniform(*_PAUSE))  # noqa: S311 - no secret
        raise jobs.Retry(after=pause, reason="storage_unavailable") from None


def _process(media: Media, folder: Path) -> None:
    try:
        source = _fetched(media, folder / "source")
        decoded = sandbox.decode(source, media.content_type, folder)
    except sandbox.Refused as refusal:
        PICTURES.labels(str(refusal)).inc()
        _settle(media, state=Media.State.REFUSED, refusal=str(refusal), charged_bytes=0)
        return
    kept = folder_of(media)
    files = _stored(decoded, folder, kept)
    width, height = decoded.sizes["large"]
    PICTURES.labels("ready").inc()
    _settle(
        media,
        state=Media.State.READY,
        folder=kept,
        files=files,
        width=width,
        height=height,
        blurhash=decoded.blurhash,
        charged_bytes=sum(file["bytes"] for file in files),
    )


def folder_of(media: Media) -> str:
    """Return where the files of a picture go: the same on every attempt, and not to be guessed from its id."""
    secret = mac(media.pk.bytes + bytes(media.sha256), purpose="media folder").hex()
    return f"{media.visibility}/{media.pk}/{secret}"


def _fetched(media: Media, source: Path) -> Path:
    """Copy what was uploaded, if it is what was announced. Raises Refused."""
    try:
        with source.open("wb") as target:
            # One byte more than announced tells a file that is longer.
            storage.store().fetch(storage.quarantine_key(media.pk), target, most=media.size + 1)
    except storage.Missing:
        raise sandbox.Refused("upload_missing") from None
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    if source.stat().st_size != media.size or digest != bytes(media.sha256):
        raise sandbox.Refused("checksum_mismatch")
    return source


def _stored(decoded: sandbox.Decoded, folder: Path, kept: str) -> list[dict[str, Any]]:
    files = []
    for size, (width, height) in decoded.sizes.items():
        for extension, media_type in FORMATS.items():
            name = f"{size}.{extension}"
            content = (folder / name).read_bytes()
            storage.store().put(f"{kept}/{name}", content, media_type=media_type)
            files.append(
                {
                    "name": name,
                    "type": media_type,
                    "width": width,
                    "height": height,
                    "bytes": len(content),
                    "sha256": hashlib.sha256(content).hexdigest(),
                }
            )
    return files


def _settle(media: Media, **outcome: Any) -> None:
    """Write the outcome, unless the picture was deleted or settled meanwhile; what then lies about is swept up."""
    open_ = Media.objects.filter(pk=media.pk, state=Media.State.PROCESSING)
    if not open_.update(**outcome, updated_at=Now()):
        logger.warning("picture was settled meanwhile", extra={"media": str(media.pk)})
