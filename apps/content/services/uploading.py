"""Bringing pictures in: announced, uploaded past us, handed to the worker; and taking them out again."""

import uuid
from collections.abc import Iterator
from contextlib import suppress
from tempfile import SpooledTemporaryFile
from typing import IO

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import Now

from apps.accounts.models import User
from apps.content import storage, tasks
from apps.content.errors import (
    IdTaken,
    MediaDiffers,
    MediaNotFound,
    MediaQuotaSpent,
    UploadMissing,
)
from apps.content.models import Media, Post
from apps.content.storage import Grant
from apps.core import jobs
from apps.core.actors import Actor
from apps.core.errors import Denied


def announce(
    *,
    actor: Actor,
    id: uuid.UUID,
    kind: str,
    visibility: str,
    size: int,
    content_type: str,
    sha256: bytes,
) -> tuple[Media, Grant | None, bool]:
    """Reserve room for a picture and grant its upload; return both, and whether it is new.

    Repeating it grants the same upload anew, until it has arrived. Raises MediaQuotaSpent, IdTaken and MediaDiffers.
    """
    announced = {
        "kind": kind,
        "visibility": visibility,
        "size": size,
        "content_type": content_type,
        "sha256": sha256,
    }
    with transaction.atomic():
        owner = _locked_owner(actor)
        media = Media.objects.filter(pk=id).first()
        is_new = media is None
        if media is None:
            _require_room(owner, size)
            media = _created(Media(id=id, owner=owner, charged_bytes=size, **announced))
        elif media.owner_id != actor.id:
            raise IdTaken
        elif any(_plain(getattr(media, name)) != value for name, value in announced.items()):
            raise MediaDiffers
    return media, _grant(media), is_new


def _locked_owner(actor: Actor) -> User:
    # One announcement of a person's after the other: two can't both take the last place.
    owner = User.objects.live().held().only("pk").filter(pk=actor.id).first()
    if owner is None:
        raise Denied
    return owner


def _require_room(owner: User, size: int) -> None:
    kept = Media.objects.filter(owner=owner).exclude(state=Media.State.REFUSED)
    taken = kept.aggregate(count=Count("*"), bytes=Sum("charged_bytes", default=0))
    if (
        taken["count"] >= settings.MEDIA_QUOTA_COUNT
        or taken["bytes"] + size > settings.MEDIA_QUOTA_BYTES
    ):
        raise MediaQuotaSpent


def _created(media: Media) -> Media:
    try:
        with transaction.atomic():
            media.save(force_insert=True)
    except IntegrityError:
        # Somebody else has just taken this id.
        raise IdTaken from None
    return media


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value


def _grant(media: Media) -> Grant | None:
    if media.state != Media.State.PENDING:
        return None
    return storage.store().grant(
        storage.quarantine_key(media.pk),
        size=media.size,
        media_type=media.content_type,
        sha256=bytes(media.sha256),
    )


def complete(*, actor: Actor, media_id: uuid.UUID) -> Media:
    """Have the worker look at what was uploaded; completing it again changes nothing.

    Raises MediaNotFound, UploadMissing and StorageUnavailable.
    """
    media = Media.objects.owned_by(actor).filter(pk=media_id).first()
    if media is None:
        raise MediaNotFound
    if media.state != Media.State.PENDING:
        return media
    # Asked before anything is locked: a store may take seconds to answer.
    if storage.store().size_of(storage.quarantine_key(media_id)) is None:
        raise UploadMissing
    return _handed_over(actor, media_id)


def _handed_over(actor: Actor, media_id: uuid.UUID) -> Media:
    with transaction.atomic():
        media: Media | None = (
            Media.objects.owned_by(actor).select_for_update(no_key=True).filter(pk=media_id).first()
        )
        if media is None:
            raise MediaNotFound
        if media.state == Media.State.PENDING:
            media.state, media.updated_at = Media.State.PROCESSING, Now()
            media.save(update_fields=["state", "updated_at"])
            jobs.enqueue(tasks.process_media, media_id=media.pk)
    return media


def delete(*, actor: Actor, media_id: uuid.UUID) -> None:
    """Delete an own picture; posts that show it show none from then on. Raises MediaNotFound."""
    _delete(Media.objects.owned_by(actor).filter(pk=media_id))


def take_down(*, media_id: uuid.UUID) -> None:
    """Delete anybody's picture for staff. Raises MediaNotFound."""
    _delete(Media.objects.filter(pk=media_id))


def forget_some_of(*, owner_id: uuid.UUID, most: int) -> int:
    """Delete some pictures of a person who leaves; return how many."""
    ids = list(Media.objects.filter(owner=owner_id).values_list("pk", flat=True)[:most])
    for media_id in ids:
        _delete(Media.objects.filter(pk=media_id))
    return len(ids)


def _delete(found: QuerySet[Media]) -> None:
    with transaction.atomic():
        # Posts first, as everywhere.
        showing = Post.objects.filter(cover__in=found.values("pk")).select_for_update(no_key=True)
        posts = list(showing.values_list("pk", flat=True))
        media = found.select_for_update().first()
        if media is None:
            raise MediaNotFound
        Post.objects.filter(pk__in=posts).update(cover=None, rev=F("rev") + 1, updated_at=Now())
        media_id = media.pk
        media.delete()
        jobs.enqueue(tasks.delete_media_files, media_id=media_id)


def files_of(*, owner_id: uuid.UUID) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield a person's pictures, each as large as it is kept, with a name. Raises StorageUnavailable."""
    ready = Media.objects.filter(owner=owner_id, state=Media.State.READY).order_by("pk")
    for media in ready.iterator(chunk_size=100):
        with SpooledTemporaryFile(max_size=1024 * 1024) as file, suppress(storage.Missing):
            key = f"{media.folder}/large.jpg"
            storage.store().fetch(key, file, most=settings.MEDIA_MAX_BYTES)
            file.seek(0)
            yield f"{media.pk}.jpg", file
