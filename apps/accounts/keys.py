"""Secrets that are computed and not kept: the digits of a code, the leaf of a session, names for rate limits.

Whatever is derived here can be derived again by whoever has the keys, so that a worker can send a code that no table
and no queue holds, and a refresh can repeat an answer that was lost.
"""

import hashlib
import hmac
import uuid
from collections.abc import Buffer
from datetime import datetime

from django.conf import settings
from django.core import signing

from apps.core import crypto

_CODE = "email-code"
_RESTORE = "restore-account"
_CODE_HASH = "email-code-hash"


def digits_of(code_id: uuid.UUID) -> str:
    """Return the six digits of a code: 128 bits of HMAC under SECRET_KEY, reduced."""
    return f"{int.from_bytes(crypto.mac(code_id.bytes, purpose=_CODE)) % 1_000_000:06}"


def code_hash(code_id: uuid.UUID, digits: str) -> bytes:
    return crypto.mac(code_id.bytes + digits.encode(), purpose=_CODE_HASH)


def code_matches(code_id: uuid.UUID, digits: str, expected: Buffer) -> bool:
    """Tell whether these are the digits, also when SECRET_KEY was rotated since; takes as long either way."""
    message = code_id.bytes + digits.encode()
    return crypto.mac_matches(message, bytes(expected), purpose=_CODE_HASH)


def new_leaf(session_id: uuid.UUID, generation: int, supersedes: int) -> bytes:
    """Return the 32 secret bytes that the refresh token of this place in the family carries."""
    return _leaf(settings.TOKEN_SIGNING_KEYS[0], session_id, generation, supersedes)


def leaf_again(
    session_id: uuid.UUID, generation: int, supersedes: int, leaf_hash: Buffer
) -> bytes | None:
    """Return the leaf that was issued with this hash, None when its signing key is no longer in the ring."""
    leaves = (_leaf(key, session_id, generation, supersedes) for key in settings.TOKEN_SIGNING_KEYS)
    return next((leaf for leaf in leaves if hash_of(leaf) == bytes(leaf_hash)), None)


def _leaf(key: str, session_id: uuid.UUID, generation: int, supersedes: int) -> bytes:
    place = b"refresh-leaf\0" + session_id.bytes + generation.to_bytes(8) + supersedes.to_bytes(8)
    return hmac.digest(key.encode(), place, "sha256")


def hash_of(secret: bytes) -> bytes:
    """Hash a secret of full entropy for storage (SHA-256)."""
    return hashlib.sha256(secret).digest()


def restore_proof(user_id: uuid.UUID, deleted_at: datetime) -> str:
    """Return what lets the bearer restore a deleted account: for ten minutes, and once, for then it is not deleted."""
    return signing.dumps([str(user_id), deleted_at.isoformat()], salt=_RESTORE)


def read_restore_proof(proof: str) -> tuple[uuid.UUID, datetime] | None:
    """Return which deletion a proof may undo; None when it is not ours or too old."""
    try:
        user_id, deleted_at = signing.loads(
            proof, salt=_RESTORE, max_age=settings.RESTORE_PROOF_SECONDS
        )
    except signing.BadSignature:
        return None
    return uuid.UUID(user_id), datetime.fromisoformat(deleted_at)


def subject_of(address: str) -> str:
    """Return the name under which an address is counted, so that limits keep no addresses."""
    return crypto.keyed_hash(address, purpose="limit-subject")[:16].hex()


def recovery_hash(user_id: uuid.UUID, code: str) -> bytes:
    """Hash a recovery code for storage and look-up; under the key that is never rotated, since codes lie in drawers."""
    return crypto.blind_index(f"{user_id}:{code}", purpose="recovery-code")
