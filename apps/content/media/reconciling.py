"""Rows and files, held against each other both ways: what nobody owns is deleted, what is missing is reported (I8)."""

import hashlib
import logging
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import batched, groupby
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from apps.content import storage
from apps.content.models import GRANT_KEPT, PROCESSING_MOST, REFUSAL_KEPT, Media
from apps.content.storage import Stored

logger = logging.getLogger(__name__)

# A file is younger than the row's next state while it is being written; nothing takes as long as this.
GRACE = timedelta(hours=1)
_BATCH = 500

State = Media.State


@dataclass(frozen=True, slots=True)
class Findings:
    """What does not belong together: keys of files without a row, ids of ready rows without all of their files."""

    orphans: list[str]
    broken: list[uuid.UUID]


def reconcile(*, mend: bool = True, deep: bool = False) -> Findings:
    """Compare every row with every file; with `mend`, delete files that nobody owns and close rows that are stuck.

    Files younger than the grace are left alone. `deep` reads every file and compares its hash as well. Raises
    StorageUnavailable.
    """
    if mend:
        _close_abandoned()
    young = datetime.now(UTC) - GRACE
    findings = Findings(
        orphans=[file.key for file in _orphans() if file.modified_at < young],
        broken=[
            media.pk for media in (_ready() if deep else _suspects()) if _has_lost(media, deep)
        ],
    )
    if mend:
        storage.store().delete(findings.orphans)
    for media_id in findings.broken:
        logger.error("picture has lost files", extra={"media": str(media_id)})
    return findings


def _close_abandoned() -> None:
    """Forget grants that nobody used and refusals that were told long enough; refuse what no worker finishes."""
    Media.objects.filter(state=State.PENDING, updated_at__lt=Now() - GRANT_KEPT).delete()
    Media.objects.filter(state=State.REFUSED, updated_at__lt=Now() - REFUSAL_KEPT).delete()
    stuck = Media.objects.filter(state=State.PROCESSING, updated_at__lt=Now() - PROCESSING_MOST)
    stuck.update(
        state=State.REFUSED, refusal="processing_failed", charged_bytes=0, updated_at=Now()
    )


def _orphans() -> Iterator[Stored]:
    for prefix in storage.PREFIXES:
        for files in batched(storage.store().listing(prefix), _BATCH):
            ids = [one for file in files if (one := storage.media_id_in(file.key))]
            rows = Media.objects.in_bulk(ids)
            for file in files:
                if not _belongs(file.key, rows):
                    yield file


def _belongs(key: str, rows: dict[uuid.UUID, Media]) -> bool:
    media_id = storage.media_id_in(key)
    media = rows.get(media_id) if media_id else None
    if media is None:
        return False
    if key.startswith(storage.QUARANTINE):
        return media.state in {State.PENDING, State.PROCESSING}
    # While a worker is at it, its files come before its row.
    return media.state == State.PROCESSING or key in _keys(media)


def _ready(**more: Any) -> Iterator[Media]:
    rows = Media.objects.filter(state=State.READY, **more).order_by("pk")
    return rows.iterator(chunk_size=_BATCH)


def _suspects() -> Iterator[Media]:
    """Yield ready rows whose files a listing does not show; both are in the order of ids, so one walk is enough."""
    for visibility in Media.Visibility.values:
        listed = groupby(
            storage.store().listing(f"{visibility}/"), lambda file: storage.media_id_in(file.key)
        )
        held: uuid.UUID | None = None
        files: dict[str, int] = {}
        for media in _ready(visibility=visibility):
            while held is None or held < media.pk:
                following = next(listed, None)
                if following is None:
                    break
                held, files = following[0], {file.key: file.size for file in following[1]}
            if held != media.pk or not _keys(media).items() <= files.items():
                yield media


def _has_lost(media: Media, deep: bool) -> bool:
    """Look again, file by file: people go on while we compare."""
    if not Media.objects.filter(pk=media.pk, state=State.READY, folder=media.folder).exists():
        return False
    store = storage.store()
    if any(store.size_of(key) != size for key, size in _keys(media).items()):
        return True
    return deep and any(_digest(media, file["name"]) != file["sha256"] for file in media.files)


def _digest(media: Media, name: str) -> str:
    content = BytesIO()
    storage.store().fetch(f"{media.folder}/{name}", content, most=settings.MEDIA_MAX_BYTES)
    return hashlib.sha256(content.getvalue()).hexdigest()


def _keys(media: Media) -> dict[str, int]:
    """Return the files that a ready row names, with their sizes."""
    return {f"{media.folder}/{file['name']}": file["bytes"] for file in media.files}
