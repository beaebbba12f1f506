"""Secrets at rest: authenticated encryption bound to its row, blind indexes, keyed hashes, keys derived by purpose."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_VERSION = 1
_NONCE_BYTES = 12


class Undecipherable(Exception):
    """The ciphertext was altered, belongs to another row, or its key is gone from the ring."""


@lru_cache(maxsize=16)
def _key(encoded: str) -> tuple[bytes, AESGCM]:
    secret = base64.b64decode(encoded)
    return hashlib.sha256(secret).digest()[:4], AESGCM(secret)


def seal(plaintext: str, *, row: str) -> bytes:
    """Encrypt for one row: version, 4-byte key id, 12-byte nonce, AES-256-GCM ciphertext with `row` as associated data.

    `row` names table, column and primary key, so that a ciphertext copied to another row does not open there.
    """
    key_id, cipher = _key(settings.FIELD_KEYS[0])
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return (
        bytes([_VERSION]) + key_id + nonce + cipher.encrypt(nonce, plaintext.encode(), row.encode())
    )


def open_sealed(sealed: bytes, *, row: str) -> str:
    """Decrypt what `seal` made for the same row, with whichever key of the ring made it.

    Raises Undecipherable.
    """
    sealed = bytes(sealed)
    key_id, nonce, ciphertext = (
        sealed[1:5],
        sealed[5 : 5 + _NONCE_BYTES],
        sealed[5 + _NONCE_BYTES :],
    )
    for encoded in settings.FIELD_KEYS:
        candidate, cipher = _key(encoded)
        if sealed[:1] == bytes([_VERSION]) and candidate == key_id:
            try:
                return cipher.decrypt(nonce, ciphertext, row.encode()).decode()
            except InvalidTag:
                break
    raise Undecipherable(row)


def is_current(sealed: bytes) -> bool:
    """Tell whether the newest key of the ring made this."""
    return bytes(sealed)[: len(current_mark())] == current_mark()


def current_mark() -> bytes:
    """Return how everything begins that is sealed today: version and key id."""
    key_id, _ = _key(settings.FIELD_KEYS[0])
    return bytes([_VERSION]) + key_id


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of sealed values; `bound_by` names the attribute that tells what a row's value is sealed to."""

    model: type[Any]
    column: str
    bound_by: str

    def __str__(self) -> str:
        return f"{self.model._meta.db_table}.{self.column}"


sealed_columns: list[SealedColumn] = []


def sealed[M: type[Any]](**bound_by: str) -> Callable[[M], M]:
    """Register a model's sealed columns, so that they move along when the keys are rotated.

    @sealed(push_address="seal")
    class Device(Record): ...
    """

    def register(model: M) -> M:
        sealed_columns.extend(SealedColumn(model, column, by) for column, by in bound_by.items())
        return model

    return register


def blind_index(value: str, *, purpose: str) -> bytes:
    """Return 32 bytes that are equal for equal values, so that an encrypted column can be looked up."""
    return hmac.digest(settings.BLIND_INDEX_KEY.encode(), f"{purpose}\0{value}".encode(), "sha256")


@lru_cache(maxsize=64)
def _derived(secret: str, purpose: str) -> bytes:
    return hmac.digest(secret.encode(), f"derive\0{purpose}".encode(), "sha256")


def mac(message: bytes, *, purpose: str) -> bytes:
    """Return a 16-byte HMAC-SHA-256 tag under a key derived from SECRET_KEY for this purpose alone."""
    return hmac.digest(_derived(settings.SECRET_KEY, purpose), message, "sha256")[:16]


def mac_matches(message: bytes, tag: bytes, *, purpose: str) -> bool:
    """Tell whether the tag was made by the current SECRET_KEY or one of its fallbacks."""
    ring = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    tags = (hmac.digest(_derived(secret, purpose), message, "sha256")[:16] for secret in ring)
    return any(hmac.compare_digest(tag, expected) for expected in tags)


def keyed_hash(value: str, *, purpose: str) -> bytes:
    """Hash a short secret (a six-digit code) so that a stolen table can't be searched without SECRET_KEY."""
    return hmac.digest(_derived(settings.SECRET_KEY, purpose), value.encode(), "sha256")
