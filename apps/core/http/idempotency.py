"""Idempotency-Key: the first answer is committed with its effect, and every retry reads it (reliability C2).

One transaction holds the lock, the effect, the outbox rows and the stored answer. There is no "in progress" row to
repair: a process that dies leaves both the effect and the answer, or neither.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta

import orjson
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from apps.core.errors import Conflict, Gone, Invalid, Mismatch
from apps.core.http.client import client_of
from apps.core.http.errors import domain_problem
from apps.core.models import IdempotencyRecord
from apps.core.observability import metrics

_FINGERPRINT_VERSION = b"\x01"
_KEPT_HEADERS = ("Content-Type", "ETag", "Location")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
# Refusals that would be the same on every retry; all others had no effect and may run again.
_FINAL = (Conflict, Gone)


class InvalidKey(Invalid):
    code = "idempotency_key_invalid"
    title = "Idempotency-Key must be 1 to 255 printable characters."


class InProgress(Conflict):
    code = "idempotency_in_progress"
    title = "The first request with this key is still running."
    retryable = True


class KeyReused(Mismatch):
    code = "idempotency_key_reused"
    title = "This key was used for another request."


def key_of(request: Request) -> str | None:
    """Return the key: a bare token, or a structured-field string in quotes; both spellings name the same key.

    Raises InvalidKey.
    """
    header = request.headers.get("Idempotency-Key")
    if header is None:
        return None
    key = header.strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not _KEY.fullmatch(key):
        raise InvalidKey
    return key


def answer_once(
    request: Request, route: str, work: Callable[[], HttpResponse], may_replay: Callable[[], None]
) -> HttpResponse:
    """Run `work` at most once for the request's key and answer every repeat with the first answer.

    `may_replay` checks again, and raises, when what the first request was allowed is allowed no more.
    Raises InvalidKey, InProgress (409) and KeyReused (422). Everything that `work` writes is committed here, together
    with the answer.
    """
    key = key_of(request)
    if key is None:
        return work()
    actor = f"{request.user.id}:{client_of(request).device_id}"
    key_hash = hashlib.sha256(key.encode()).digest()
    fingerprint = _fingerprint(request)
    with transaction.atomic():
        _lock(actor, key_hash)
        record = IdempotencyRecord.objects.filter(actor=actor, key_hash=key_hash).first()
        if record and record.expires_at > timezone.now():
            if bytes(record.fingerprint) != fingerprint:
                raise KeyReused
            may_replay()
            return _replayed(record)
        response = _attempt(work)
        if response.status_code < 300 or hasattr(response, "final_refusal"):
            _store(actor, key_hash, route, fingerprint, response)
        return response


def _attempt(work: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        with transaction.atomic():
            return work()
    except _FINAL as refusal:
        response = domain_problem(refusal)
        response.final_refusal = True  # type: ignore[attr-defined]
        return response


def _lock(actor: str, key_hash: bytes) -> None:
    # Released by the commit, or by Postgres when this process dies. Trying and not waiting: a twin must not hold a
    # connection while the first one works.
    number = int.from_bytes(hashlib.sha256(actor.encode() + key_hash).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        if not cursor.fetchone()[0]:
            raise InProgress(retry_after=1)


def _fingerprint(request: Request) -> bytes:
    body = orjson.dumps(request.data, option=orjson.OPT_SORT_KEYS)
    query = sorted((name, values) for name, values in request.query_params.lists())
    head = orjson.dumps([request.method, request.path, query])
    return _FINGERPRINT_VERSION + hashlib.sha256(head + b"\0" + body).digest()


def _store(
    actor: str, key_hash: bytes, route: str, fingerprint: bytes, response: HttpResponse
) -> None:
    IdempotencyRecord.objects.bulk_create(
        [
            IdempotencyRecord(
                actor=actor,
                key_hash=key_hash,
                route=route,
                fingerprint=fingerprint,
                status=response.status_code,
                headers={name: response[name] for name in _KEPT_HEADERS if name in response},
                body=response.content,
                expires_at=timezone.now() + timedelta(days=settings.IDEMPOTENCY_DAYS),
            )
        ],
        # An expired record that was not pruned yet gives way.
        update_conflicts=True,
        unique_fields=["actor", "key_hash"],
        update_fields=["route", "fingerprint", "status", "headers", "body", "expires_at"],
    )


def _replayed(record: IdempotencyRecord) -> HttpResponse:
    metrics.count_replay()
    response = HttpResponse(bytes(record.body), status=record.status, headers=record.headers)
    response["Idempotency-Replayed"] = "true"
    return response
