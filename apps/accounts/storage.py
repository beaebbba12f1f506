"""Where exports lie: a private place of their own, read by links that are good for minutes."""

import uuid
from typing import IO, Any

from django.conf import settings
from django.core import signing
from django.core.files import File
from django.core.files.storage import FileSystemStorage, storages
from django.urls import reverse

from apps.core import crypto

_LINK = "export-link"
_NAME = "export-name"


def keep(export_id: uuid.UUID, archive: IO[bytes]) -> None:
    """Store an archive, in the place of what a worker that died left of it."""
    _store().save(_name_of(export_id), File(archive))


def forget(export_id: uuid.UUID) -> None:
    """Delete an archive, if there is one."""
    _store().delete(_name_of(export_id))


def read(export_id: uuid.UUID) -> IO[bytes] | None:
    """Open an archive; None when it is gone."""
    try:
        return _store().open(_name_of(export_id))
    except FileNotFoundError:
        return None


def link_to(export_id: uuid.UUID) -> str:
    """Return an address that gives the archive to whoever has it, for `settings.EXPORT_LINK_SECONDS`."""
    store = _store()
    if isinstance(store, FileSystemStorage):
        ticket = signing.dumps(str(export_id), salt=_LINK)
        return settings.PUBLIC_URL + reverse("export-file", args=[ticket])
    named = {"ResponseContentDisposition": 'attachment; filename="export.zip"'}
    address: str = store.url(
        _name_of(export_id), parameters=named, expire=settings.EXPORT_LINK_SECONDS
    )
    return address


def read_ticket(ticket: str) -> uuid.UUID | None:
    """Return which archive an address of ours gives; None when it is forged or too old."""
    try:
        return uuid.UUID(signing.loads(ticket, salt=_LINK, max_age=settings.EXPORT_LINK_SECONDS))
    except signing.BadSignature:
        return None


def _store() -> Any:
    return storages["exports"]


def _name_of(export_id: uuid.UUID) -> str:
    # Not to be guessed from an id, and the same for every worker that tries.
    return f"{crypto.mac(export_id.bytes, purpose=_NAME).hex()}.zip"
