"""Where files lie: this machine's disk, or whatever speaks S3; the rest of the product can't tell which."""

from functools import lru_cache

from django.conf import settings

from apps.content.storage.base import (
    PREFIXES,
    PRIVATE,
    PUBLIC,
    QUARANTINE,
    Grant,
    Missing,
    Store,
    Stored,
    media_id_in,
    quarantine_key,
)
from apps.content.storage.local import LocalStore

__all__ = [
    "PREFIXES",
    "PRIVATE",
    "PUBLIC",
    "QUARANTINE",
    "Grant",
    "Missing",
    "Store",
    "Stored",
    "media_id_in",
    "quarantine_key",
    "store",
]


@lru_cache(maxsize=1)
def store() -> Store:
    """Return the store that the settings name; one for the whole process."""
    if settings.MEDIA_STORAGE == "s3":
        # Not at the top: its library takes longer to load than all of ours.
        from apps.content.storage.s3 import S3Store

        return S3Store()
    return LocalStore(settings.MEDIA_FOLDER)
