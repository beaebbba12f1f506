"""Sessions: how one begins, how it is shown to stand, and how it ends."""

import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts import keys, revocation, selectors, tasks, tokens
from apps.accounts.errors import (
    AccountDeleted,
    AccountDisabled,
    InvalidCredentials,
    SessionNotFound,
    SessionRevoked,
    TokenExpired,
)
from apps.accounts.models import Place, Session, User
from apps.accounts.signals import session_ended, session_started
from apps.core import cache, jobs
from apps.core.actors import Actor
from apps.core.ids import new_id

security = structlog.stdlib.get_logger("security")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a sign-in comes from.

    `device` is what the phone said of itself, word for word, for the apps above. `device_key` names the public key that
    the session will be bound to, "" for none.
    """

    installation_id: str = ""
    platform: str = ""
    app_version: str = ""
    os_version: str = ""
    device_model: str = ""
    ip_prefix: str = ""
    device_key: str = ""
    device: Mapping[str, Any] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The tokens of a session's current leaf, and whose they are. `expires_in` is in seconds."""

    user: User
    session: Session
    access: str
    refresh: str
    expires_in: int


def begin(user: User, origin: Origin) -> SignedIn:
    """Sign a device in, within the caller's transaction.

    Ends the session that this installation had under the same account, and the oldest one beyond the cap. Whoever calls
    has checked who it is. Raises AccountDisabled, AccountDeleted with the proof that restores it, and
    InvalidCredentials where there is nothing left to come back to.
    """
    now = timezone.now()
    # One sign-in of an account at a time.
    _let_in(User.objects.held().get(pk=user.pk), now)
    _make_room(user, origin.installation_id, now)
    session_id = new_id()
    leaf = keys.new_leaf(session_id, 1, 0)
    session = Session(
        id=session_id,
        user=user,
        installation_id=origin.installation_id,
        platform=origin.platform,
        app_version=origin.app_version,
        os_version=origin.os_version,
        device_model=origin.device_model,
        ip_prefix=origin.ip_prefix,
        device_key=origin.device_key,
        leaf_hash=keys.hash_of(leaf),
        rotated_at=now,
        auth_time=now,
        absolute_expires_at=now + settings.SESSION_ABSOLUTE_LIFETIME,
    )
    session.stay_until(now)
    session.save(force_insert=True)
    session_started.send(sender=Session, session=session, device=origin.device)
    security.info("session started", user=str(user.pk), session=str(session.pk))
    return signed_in(session, leaf, now)


def _let_in(user: User, now: datetime) -> None:
    if not user.is_active:
        security.warning("sign-in to a disabled account", user=str(user.pk))
        raise AccountDisabled
    if user.deleted_at is None:
        return
    if user.erased_at or now >= user.deleted_at + settings.DELETION_GRACE:
        raise InvalidCredentials
    raise AccountDeleted(
        extra={
            "restore": keys.restore_proof(user.pk, user.deleted_at),
            "purged_after": user.deleted_at + settings.DELETION_GRACE,
        }
    )


def signed_in(session: Session, leaf: bytes, now: datetime) -> SignedIn:
    """Make the tokens of a session's current leaf."""
    access, lifetime = tokens.access_for(session, now)
    return SignedIn(
        user=session.user,
        session=session,
        access=access,
        refresh=tokens.refresh_for(session, leaf),
        expires_in=lifetime,
    )


def _make_room(user: User, installation_id: str, now: datetime) -> None:
    standing = Session.objects.of(user.pk).filter(revoked_at=None).order_by("-id")
    kept = 0
    for session in standing.only("pk", "user", "installation_id", "idle_expires_at"):
        if installation_id and session.installation_id == installation_id:
            end([session], Session.End.REPLACED)
        elif not session.idle_expires_at > now:
            continue
        elif (kept := kept + 1) >= settings.SESSION_CAP:
            end([session], Session.End.OVER_CAP)


def end(sessions: Iterable[Session], reason: Session.End) -> None:
    """End sessions within the caller's transaction; those that are over stay as they are.

    Access tokens are refused from the commit on: the cache is told then, and `publish_revocation` is enqueued for the
    case that it can't be.
    """
    for session in sessions:
        ended = Session.objects.filter(pk=session.pk, revoked_at=None).update(
            revoked_at=timezone.now(), revoked_reason=reason, updated_at=Now()
        )
        if not ended:
            continue
        jobs.enqueue(tasks.publish_revocation, session_id=session.pk)
        transaction.on_commit(partial(_publish, session.pk), robust=True)
        session_ended.send(
            sender=Session, session_id=session.pk, user_id=session.user_id, reason=reason
        )
        security.info(
            "session ended", user=str(session.user_id), session=str(session.pk), reason=reason
        )


def _publish(session_id: uuid.UUID) -> None:
    with suppress(cache.CacheDown):
        revocation.publish(session_id)


def end_for_reuse(session: Session) -> None:
    """End a family one of whose spent tokens came back, and tell its owner, within the caller's transaction."""
    security.warning("token reuse", user=str(session.user_id), session=str(session.pk))
    end([session], Session.End.REUSE)
    jobs.enqueue(tasks.send_reuse_notice, session_id=session.pk, key=f"reuse:{session.pk}")


def sign_out(*, actor: Actor) -> None:
    """End the session that asks. Commits; announces `session_ended`."""
    with transaction.atomic():
        end(Session.objects.filter(Q(pk=actor.session_id)), Session.End.SIGNED_OUT)


def end_session(*, actor: Actor, session_id: uuid.UUID) -> None:
    """End one of the actor's own sessions; raises SessionNotFound for any other. Commits."""
    with transaction.atomic():
        session = selectors.sessions_of(actor).filter(pk=session_id).first()
        if session is None:
            raise SessionNotFound
        mine = session.pk == actor.session_id
        end([session], Session.End.SIGNED_OUT if mine else Session.End.ENDED_ELSEWHERE)


def end_other_sessions(*, actor: Actor) -> None:
    """Sign the actor out everywhere but here. Commits."""
    with transaction.atomic():
        _end_browsers_of(Q(pk=actor.id))
        others = selectors.sessions_of(actor).exclude(pk=actor.session_id)
        end(others, Session.End.ENDED_ELSEWHERE)


def end_all_of(*, user_id: uuid.UUID, reason: Session.End) -> None:
    """Sign a person out everywhere, the admin included. Commits, or joins the caller's transaction."""
    with transaction.atomic():
        _end_browsers_of(Q(pk=user_id))
        end(Session.objects.of(user_id).filter(revoked_at=None), reason)


def _end_browsers_of(person: Q) -> None:
    # Sessions of browsers are Django's. Before the devices', as whoever begins one locks the person first.
    User.objects.filter(person).update(sign_outs=F("sign_outs") + 1)


def confirm(*, session_id: uuid.UUID, generation: int, digest: bytes) -> None:
    """Check an access token's session in the database, note that its leaf arrived, and let the cache remember it.

    A parent's token, issued before the rotation, is good until it expires. A superseded leaf's token is a copy that
    somebody kept: the family ends, and that is committed. Raises SessionRevoked, TokenExpired.
    """
    now = timezone.now()
    session = Session.objects.confirmed(session_id, generation=generation, digest=digest, now=now)
    if session is None or not (session.stands(now) and session.owner_is_live):
        raise SessionRevoked
    place = session.place_of(generation, digest)
    if place is Place.OLDER:
        raise TokenExpired
    if place is Place.UNKNOWN:
        raise SessionRevoked
    if place is Place.SUPERSEDED:
        with transaction.atomic(durable=True):
            end_for_reuse(session)
        raise SessionRevoked
    is_confirmed = session.has_arrived or session.confirmed_at is not None
    if place is Place.CURRENT and not is_confirmed:
        # The leaf was superseded, confirmed by a twin, or its session ended, while the statement ran.
        return confirm(session_id=session_id, generation=generation, digest=digest)
    return _remember(session, place)


def _remember(session: Session, place: Place) -> None:
    if place is Place.PARENT and session.confirmed_at is not None:
        # The next leaf is in use, and the cache is its own; the parent's last minutes cost a query each time.
        return
    leaf_hash = session.leaf_hash if place is Place.CURRENT else session.parent_hash
    with suppress(cache.CacheDown):
        revocation.remember(session.pk, leaf_hash or b"")
