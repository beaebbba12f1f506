"""Keys for servers: made and taken back by staff, and looked at by every request that shows one."""

import hmac
import re
import secrets
import uuid
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from functools import partial

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.accounts import keys, revocation, tasks
from apps.accounts.errors import KeyInvalid
from apps.accounts.models import ApiKey
from apps.core import cache, jobs
from apps.core.errors import Invalid

security = structlog.stdlib.get_logger("security")

_SHAPE = re.compile(r"([0-9a-f]{12})\.([A-Za-z0-9_-]{43})", re.ASCII)


def issue(
    *, name: str, user_id: uuid.UUID, scopes: Collection[str], expires_at: datetime, by: uuid.UUID
) -> tuple[ApiKey, str]:
    """Make a key that acts as an account, and return it with its text, which nobody can read again.

    Commits. Raises Invalid for a scope that no operation asks for.
    """
    if unknown := set(scopes) - settings.API_KEY_SCOPES.keys():
        raise Invalid(f"There is no scope {min(unknown)}.")
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    key = ApiKey(
        name=name,
        user_id=user_id,
        prefix=prefix,
        secret_hash=keys.hash_of(secret.encode()),
        scopes=sorted(scopes),
        expires_at=expires_at,
    )
    key.save(force_insert=True)
    security.warning("api key issued", key=prefix, user=str(user_id), by=str(by))
    return key, f"{prefix}.{secret}"


def revoke(*, key_id: uuid.UUID, by: uuid.UUID) -> None:
    """Take a key back; requests that show it are refused from the commit on. Commits."""
    with transaction.atomic():
        _revoke(ApiKey.objects.filter(pk=key_id).values_list("pk", "prefix"), by)


def revoke_all_of(*, user_id: uuid.UUID, by: uuid.UUID | None = None) -> None:
    """Take back all keys that act as an account. Commits, or joins the caller's transaction."""
    with transaction.atomic():
        _revoke(ApiKey.objects.of(user_id).values_list("pk", "prefix"), by)


def _revoke(found: Collection[tuple[uuid.UUID, str]], by: uuid.UUID | None) -> None:
    for key_id, prefix in found:
        standing = ApiKey.objects.filter(pk=key_id, revoked_at=None)
        if not standing.update(revoked_at=timezone.now()):
            continue
        jobs.enqueue(tasks.publish_key_revocation, key_id=key_id)
        transaction.on_commit(partial(_publish, key_id), robust=True)
        security.warning("api key revoked", key=prefix, by=str(by) if by else None)


def _publish(key_id: uuid.UUID) -> None:
    with suppress(cache.CacheDown):
        revocation.publish(key_id)


# A server shows the same key with every request, so each process keeps those that it has seen to be genuine. Whether
# such a key still stands is asked of the cache with every request (`SessionClaim`), and of the database now and then.
_seen: dict[bytes, ApiKey] = {}
_MOST_SEEN = 1_000


def read(text: str) -> ApiKey:
    """Return the key of this text; no query for one that this process knows. Raises KeyInvalid."""
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise KeyInvalid
    shown = keys.hash_of(text.encode())
    key = _seen.get(shown)
    if key is None:
        key = look_up(shape[1], shape[2])
        if len(_seen) >= _MOST_SEEN:
            _seen.clear()
        _seen[shown] = key
    if not key.stands(timezone.now()):
        raise KeyInvalid
    return key


def look_up(prefix: str, secret: str) -> ApiKey:
    """Return the key that stands under a prefix, if this is its secret; one query. Raises KeyInvalid."""
    key = ApiKey.objects.standing().filter(prefix=prefix).first()
    hashed = keys.hash_of(secret.encode())
    if key is None or not hmac.compare_digest(bytes(key.secret_hash), hashed):
        raise KeyInvalid
    return key


def confirm(key: ApiKey) -> None:
    """Check a key in the database, note that it is used, and let the cache remember it for ten minutes.

    Raises KeyInvalid.
    """
    standing = ApiKey.objects.standing().filter(pk=key.pk)
    if not ApiKey.objects.filter(pk__in=standing.values("pk")).update(last_used_at=timezone.now()):
        raise KeyInvalid
    with suppress(cache.CacheDown):
        revocation.remember(key.pk, key.secret_hash, seconds=600)
