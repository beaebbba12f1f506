"""Refreshing: a refresh token is good once, and a phone that lost the answer is not a thief (reliability C3)."""

import uuid
from datetime import datetime, timedelta
from enum import Enum, auto
from math import ceil

import structlog
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts import keys, tokens
from apps.accounts.errors import SessionRevoked
from apps.accounts.models import SUPERSEDE_WINDOW, Place, Session
from apps.accounts.services.sessions import Origin, SignedIn, end_for_reuse, signed_in
from apps.core.errors import DeviceProofInvalid, TooMany

security = structlog.stdlib.get_logger("security")

# How long after a rotation its answer may be asked for again: by anybody who holds the parent, and by whoever also
# knows the nonce of the attempt, which a thief of the token does not.
GRACE = timedelta(seconds=10)
ATTEMPT_GRACE = timedelta(seconds=60)
MOST_REISSUES = 5
MOST_SUPERSEDES = 10


class Move(Enum):
    """What a refresh token that is genuinely ours leads to."""

    ROTATE = auto()
    REISSUE = auto()
    SUPERSEDE = auto()
    REVOKE = auto()
    REFUSE = auto()


def refresh(*, token: str, attempt: str = "", origin: Origin, proven_key: str = "") -> SignedIn:
    """Exchange a refresh token for the next pair; `proven_key` names the device's key that the request has proven.

    Commits, also when it ends the session for reuse and then raises SessionRevoked. Raises TokenInvalid for what is no
    refresh token of ours, DeviceProofInvalid where the session is bound to another key, and TooMany when answers were
    asked for again too often. A session that is busy for longer than the database's lock timeout is a 503 and never a
    sign-out.
    """
    claims = tokens.read_refresh(token)
    now = timezone.now()
    nonce = keys.hash_of(attempt.encode()) if attempt else None
    with transaction.atomic(durable=True):
        session = _locked(claims.session_id)
        if session is None or not (session.stands(now) and session.user.is_live):
            raise SessionRevoked
        if session.device_key and session.device_key != proven_key:
            # Whoever took the token but not the phone gets nothing, and does not spend what the phone still needs.
            security.warning("device key not proven", session=str(session.pk))
            raise DeviceProofInvalid
        place = session.place_of(claims.generation, keys.hash_of(tokens.leaf_in(claims)))
        move = next_move(session, place, nonce, now)
        if move is Move.REVOKE:
            end_for_reuse(session)
        leaf = _leaf_after(move, session, nonce, now)
        if leaf is not None:
            _keep(session, origin)
    if leaf is None:
        raise SessionRevoked
    return signed_in(session, leaf, now)


def _locked(session_id: uuid.UUID) -> Session | None:
    locked = Session.objects.select_related("user").select_for_update(of=("self",))
    return locked.filter(pk=session_id).first()


def next_move(session: Session, place: Place, nonce: bytes | None, now: datetime) -> Move:
    """Read the table of reliability C3; raises TooMany."""
    if place is Place.CURRENT:
        return Move.ROTATE
    if place is Place.UNKNOWN:
        return Move.REFUSE
    if place is not Place.PARENT:
        return Move.REVOKE
    if _asks_again(session, nonce, now):
        if session.reissues >= MOST_REISSUES:
            raise TooMany(retry_after=_until(session.rotated_at + GRACE, now))
        return Move.REISSUE
    if session.confirmed_at is not None:
        return Move.REVOKE
    if _superseded_lately(session, now) >= MOST_SUPERSEDES:
        assert session.supersedes_since is not None  # noqa: S101
        raise TooMany(retry_after=_until(session.supersedes_since + SUPERSEDE_WINDOW, now))
    return Move.SUPERSEDE


def _asks_again(session: Session, nonce: bytes | None, now: datetime) -> bool:
    age = now - session.rotated_at
    same_attempt = nonce is not None and session.attempt_hash == nonce
    return age <= GRACE or (same_attempt and age <= ATTEMPT_GRACE)


def _superseded_lately(session: Session, now: datetime) -> int:
    since = session.supersedes_since
    return session.supersedes_lately if since and now - since < SUPERSEDE_WINDOW else 0


def _until(moment: datetime, now: datetime) -> int:
    return max(1, ceil((moment - now).total_seconds()))


def _leaf_after(move: Move, session: Session, nonce: bytes | None, now: datetime) -> bytes | None:
    place = (session.pk, session.generation, session.supersedes)
    match move:
        case Move.ROTATE:
            leaf = keys.new_leaf(session.pk, session.generation + 1, session.supersedes)
            session.grow(now, leaf_hash=keys.hash_of(leaf), attempt_hash=nonce)
            return leaf
        case Move.SUPERSEDE:
            leaf = keys.new_leaf(session.pk, session.generation, session.supersedes + 1)
            session.replace_leaf(now, leaf_hash=keys.hash_of(leaf), attempt_hash=nonce)
            security.info("leaf superseded", user=str(session.user_id), session=str(session.pk))
            return leaf
        case Move.REISSUE:
            session.reissues += 1
            return keys.leaf_again(*place, session.leaf_hash)
        case _:
            return None


def _keep(session: Session, origin: Origin) -> None:
    """Write the row down, with what is newer about the device."""
    session.app_version = origin.app_version or session.app_version
    session.ip_prefix = origin.ip_prefix or session.ip_prefix
    session.updated_at = Now()
    session.save(force_update=True)
