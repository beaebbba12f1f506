"""Idempotency-Key: the first answer is committed with its effect, and every retry reads it (reliability C2).

One transaction holds the lock, the effect, the outbox rows and the stored answer. There is no "in progress" row to
repair: a process that dies leaves both the effect and the answer, or neither.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

import orjson
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from psycopg.errors import NotNullViolation
from rest_framework.request import Request

from apps.core import statements
from apps.core.errors import Conflict, DomainError, Gone, Invalid, Mismatch
from apps.core.http.client import client_of
from apps.core.http.errors import domain_problem
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
    claim = _Claim(
        f"{request.user.id}:{client_of(request).device_id}",
        hashlib.sha256(key.encode()).digest(),
        _fingerprint(request),
        route,
    )
    try:
        return _answer(claim, work, may_replay)
    except _Refused as refused:
        # What the work had begun is rolled back; only the refusal is kept.
        refusal = refused.refusal
        return _answer(claim, lambda: domain_problem(refusal), may_replay, is_final=True)


@dataclass(frozen=True, slots=True)
class _Claim:
    """One use of a key: by whom, for what."""

    actor: str
    key_hash: bytes
    fingerprint: bytes
    route: str

    @property
    def lock(self) -> int:
        digest = hashlib.sha256(self.actor.encode() + self.key_hash).digest()
        return int.from_bytes(digest[:8], signed=True)


class _Refused(Exception):
    """A final refusal on its way out of the transaction."""

    def __init__(self, refusal: DomainError) -> None:
        super().__init__(refusal)
        self.refusal = refusal


def _answer(
    claim: _Claim,
    work: Callable[[], HttpResponse],
    may_replay: Callable[[], None],
    *,
    is_final: bool = False,
) -> HttpResponse:
    with transaction.atomic():
        first = _first_answer(claim)
        if first:
            may_replay()
            return first
        try:
            response = work()
        except _FINAL as refusal:
            raise _Refused(refusal) from refusal
        if is_final or response.status_code < 300:
            _store(claim, response)
        return response


# The lock is released by the commit, or by Postgres when this process dies. Trying and not waiting: a twin must not
# hold a connection while the first one works.
_LOOK = """
WITH claim AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(%s::bigint) AS is_ours)
SELECT claim.is_ours, record.fingerprint, record.status, record.headers, record.body
FROM claim LEFT JOIN core_idempotencyrecord AS record
  ON record.actor = %s AND record.key_hash = %s AND record.expires_at > clock_timestamp()
"""


def _first_answer(claim: _Claim) -> HttpResponse | None:
    """Take the lock and return the answer that was given to this key; raises InProgress and KeyReused."""
    found = statements.first(_LOOK, [claim.lock, claim.actor, claim.key_hash])
    assert found  # noqa: S101 - the claim is a row
    is_ours, fingerprint, status, headers, body = found
    if not is_ours:
        raise InProgress(retry_after=1)
    if status is None:
        return None
    if bytes(fingerprint) != claim.fingerprint:
        raise KeyReused
    metrics.count_replay()
    headers = orjson.loads(headers) if isinstance(headers, str | bytes) else headers
    response = HttpResponse(bytes(body), status=status, headers=headers)
    response["Idempotency-Replayed"] = "true"
    return response


def _fingerprint(request: Request) -> bytes:
    body = orjson.dumps(request.data, option=orjson.OPT_SORT_KEYS)
    query = sorted((name, values) for name, values in request.query_params.lists())
    head = orjson.dumps([request.method, request.path, query])
    return _FINGERPRINT_VERSION + hashlib.sha256(head + b"\0" + body).digest()


# An expired record that was not pruned yet gives way. A living one means that a twin committed between our look and our
# lock: the key is the last guard, and keeps everything from being done twice. The record's status is then left empty,
# which no record may be, so that the transaction can't commit.
_STORE = """
INSERT INTO core_idempotencyrecord AS record (actor, key_hash, route, fingerprint, status, headers, body, expires_at)
VALUES (%s, %s, %s, %s, %s::smallint, %s::jsonb, %s, clock_timestamp() + make_interval(days => %s::int))
ON CONFLICT (actor, key_hash) DO UPDATE SET
  route = excluded.route, fingerprint = excluded.fingerprint, headers = excluded.headers,
  body = excluded.body, created_at = excluded.created_at, expires_at = excluded.expires_at,
  status = CASE WHEN record.expires_at <= clock_timestamp() THEN excluded.status END
RETURNING status
"""


def _store(claim: _Claim, response: HttpResponse) -> None:
    """Keep the answer and commit; raises InProgress when there is one already."""
    headers = {name: response[name] for name in _KEPT_HEADERS if name in response}
    record = [
        claim.actor,
        claim.key_hash,
        claim.route,
        claim.fingerprint,
        response.status_code,
        orjson.dumps(headers).decode(),
        response.content,
        settings.IDEMPOTENCY_DAYS,
    ]
    try:
        statements.commit(_STORE, record)
    except IntegrityError as taken:
        if isinstance(taken.__cause__, NotNullViolation):
            raise InProgress(retry_after=1) from taken
        raise
