"""Files on this machine's disk, granted and linked to by our own signatures, under the contract that S3 has."""

import base64
import hashlib
import hmac
import os
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO
from urllib.parse import urlencode

import orjson
from django.conf import settings

from apps.content.storage.base import Grant, Missing, Stored
from apps.core.crypto import mac, mac_matches

_GRANT, _LINK = "media grant", "media link"
_BLOCK = 256 * 1024


class Forbidden(Exception):
    """What is signed has expired, or was made for something else."""

    code = "AccessDenied"


class Forged(Forbidden):
    """A signature that is not ours."""

    code = "SignatureDoesNotMatch"


@dataclass(frozen=True, slots=True)
class Admission:
    """What a grant admits."""

    key: str
    size: int
    sha256: bytes


class LocalStore:
    """A folder; keys are paths in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    # Grants and links

    def grant(self, key: str, *, size: int, media_type: str, sha256: bytes) -> Grant:
        expires_at = datetime.now(UTC) + timedelta(seconds=settings.MEDIA_GRANT_SECONDS)
        fields = {
            "key": key,
            "Content-Type": media_type,
            "x-amz-checksum-sha256": base64.b64encode(sha256).decode(),
        }
        document = {"expiration": int(expires_at.timestamp()), "size": size, "fields": fields}
        policy = base64.b64encode(orjson.dumps(document))
        signed = {"policy": policy.decode(), "signature": mac(policy, purpose=_GRANT).hex()}
        url = f"{settings.MEDIA_ORIGIN}{settings.MEDIA_PATH}upload"
        return Grant(url, fields | signed, expires_at)

    def admission(self, fields: Mapping[str, str]) -> Admission:
        """Return what the fields of an upload admit; raises Forbidden."""
        policy = fields.get("policy", "").encode()
        if not (policy and fields.get("signature")):
            raise Forbidden("Nothing here says that this may be uploaded.")
        if not mac_matches(policy, _unhex(fields["signature"]), purpose=_GRANT):
            raise Forged("The signature does not match.")
        document = orjson.loads(base64.b64decode(policy))
        if document["expiration"] < time.time():
            raise Forbidden("The policy has expired.")
        others = {
            name: value for name, value in fields.items() if name not in {"policy", "signature"}
        }
        if others != document["fields"]:
            raise Forbidden("The fields are not those of the policy.")
        sha256 = base64.b64decode(others["x-amz-checksum-sha256"])
        return Admission(others["key"], document["size"], sha256)

    def public_prefix(self) -> str:
        return f"{settings.MEDIA_ORIGIN}{settings.MEDIA_PATH}"

    def private_url(self, key: str) -> str:
        expires = int(time.time()) + settings.MEDIA_LINK_SECONDS
        signature = mac(f"{expires} {key}".encode(), purpose=_LINK).hex()
        query = urlencode({"expires": expires, "signature": signature})
        return f"{self.public_prefix()}{key}?{query}"

    def seconds_left(self, key: str, query: Mapping[str, str]) -> int:
        """Return for how long the link is good; raises Forbidden when it is not."""
        expires = query.get("expires", "")
        signature = _unhex(query.get("signature", ""))
        if not mac_matches(f"{expires} {key}".encode(), signature, purpose=_LINK):
            raise Forged("The signature does not match.")
        left = int(expires) - int(time.time())
        if left <= 0:
            raise Forbidden("The link has expired.")
        return left

    # Files

    def path(self, key: str) -> Path:
        """Return where a key lies; raises Missing for one that would lead out of the folder."""
        path = (self.folder / key).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise Missing(key)
        return path

    def size_of(self, key: str) -> int | None:
        try:
            return self.path(key).stat().st_size
        except FileNotFoundError:
            return None

    def fetch(self, key: str, target: IO[bytes], *, most: int) -> None:
        try:
            with self.path(key).open("rb") as source:
                while most and (block := source.read(min(_BLOCK, most))):
                    target.write(block)
                    most -= len(block)
        except FileNotFoundError:
            raise Missing(key) from None

    def put(self, key: str, content: bytes, *, media_type: str) -> None:
        with Incoming(self) as incoming:
            incoming.write(content)
            incoming.move_to(key, replace=True)

    def delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            path = self.path(key)
            path.unlink(missing_ok=True)
            # The folders that are left empty; one that another file lies in stays.
            with suppress(OSError):
                for parent in path.relative_to(self.folder.resolve()).parents[:-2]:
                    (self.folder / parent).rmdir()

    def listing(self, prefix: str) -> Iterator[Stored]:
        # A prefix may end within a name, as in S3.
        start = self.folder / prefix
        roots = [start] if prefix.endswith("/") else sorted(start.parent.glob(f"{start.name}*"))
        for path in (path for root in roots for path in _files(root)):
            with suppress(FileNotFoundError):
                found = path.stat()
                modified_at = datetime.fromtimestamp(found.st_mtime, UTC)
                key = path.relative_to(self.folder).as_posix()
                yield Stored(key, found.st_size, modified_at)


class Incoming:
    """A file that is being written, where no key leads to; it appears under its key whole, or not at all."""

    def __init__(self, store: LocalStore) -> None:
        self._store = store
        folder = store.folder / "incoming"
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / uuid.uuid4().hex
        self._file = self._path.open("xb")
        self._hash = hashlib.sha256()
        self.size = 0

    def __enter__(self) -> "Incoming":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)

    def write(self, block: bytes) -> None:
        self._file.write(block)
        self._hash.update(block)
        self.size += len(block)

    def is_what(self, sha256: bytes) -> bool:
        return hmac.compare_digest(self._hash.digest(), sha256)

    def move_to(self, key: str, *, replace: bool) -> None:
        """Make the file appear under its key; raises FileExistsError when one is there and may not be replaced."""
        self._file.flush()
        os.fsync(self._file.fileno())
        path = self._store.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        if replace:
            self._path.replace(path)
        else:
            path.hardlink_to(self._path)


def _files(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
    for folder, folders, names in os.walk(root):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names))


def _unhex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""
