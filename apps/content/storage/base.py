"""What any store of files must be able to do, and the names by which files lie in it.

quarantine/<media id>                     as it was uploaded; nobody reads it but the worker
public/<media id>/<secret>/<name>         what was made of it, for everybody who has the address
private/<media id>/<secret>/<name>        the same, behind addresses that expire
"""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Protocol

QUARANTINE = "quarantine/"
PUBLIC = "public/"
PRIVATE = "private/"
PREFIXES = (QUARANTINE, PUBLIC, PRIVATE)

# The bytes behind an address never change.
IMMUTABLE = "public, max-age=31536000, immutable"


class Missing(Exception):
    """There is no such file."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The right to upload one file once: POST the fields and then the file, as multipart/form-data."""

    url: str
    fields: dict[str, str]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Stored:
    """A file as a listing names it."""

    key: str
    size: int
    modified_at: datetime


class Store(Protocol):
    """A place for files. Everything that asks over a network raises StorageUnavailable when nobody answers."""

    def grant(self, key: str, *, size: int, media_type: str, sha256: bytes) -> Grant:
        """Sign an upload of exactly these bytes to exactly this key; asks nobody."""

    def size_of(self, key: str) -> int | None:
        """Return the size in bytes, None when there is no such file."""

    def fetch(self, key: str, target: IO[bytes], *, most: int) -> None:
        """Copy the first `most` bytes of a file; raises Missing."""

    def put(self, key: str, content: bytes, *, media_type: str) -> None: ...

    def public_prefix(self) -> str:
        """Return what a public key is appended to to make its address."""

    def private_url(self, key: str) -> str:
        """Return an address that expires within MEDIA_LINK_SECONDS; asks nobody."""

    def delete(self, keys: Iterable[str]) -> None:
        """Delete what is there of these."""

    def listing(self, prefix: str) -> Iterator[Stored]:
        """Return every file below a prefix, in the order of keys."""


def quarantine_key(media_id: uuid.UUID) -> str:
    return f"{QUARANTINE}{media_id}"


def media_id_in(key: str) -> uuid.UUID | None:
    """Return the id of the row that a file belongs to, None for a name that is not ours."""
    _, _, rest = key.partition("/")
    try:
        return uuid.UUID(rest.split("/", 1)[0])
    except ValueError:
        return None
