"""Proving again who one is, for what a stolen phone must not do."""

from dataclasses import dataclass

import structlog
from django.db import transaction
from django.utils import timezone

from apps.accounts import selectors, tokens
from apps.accounts.errors import (
    CodeInvalid,
    MfaCodeInvalid,
    NoAddress,
    PasswordWrong,
    ProofMissing,
    SessionRevoked,
)
from apps.accounts.models import EmailCode, Session, User
from apps.accounts.services import codes, passwords, second_step
from apps.core.actors import Actor

security = structlog.stdlib.get_logger("security")

_PURPOSE = EmailCode.Purpose.REAUTHENTICATE


@dataclass(frozen=True, slots=True)
class Leaf:
    """Which leaf of the session the caller's access token stands for: its generation and its public name."""

    generation: int
    digest: str


@dataclass(frozen=True, slots=True)
class Proven:
    """An access token that says when the person was last here in person. `expires_in` is in seconds."""

    access: str
    expires_in: int


def send_code(*, actor: Actor) -> None:
    """Mail a code that proves who is holding this session's device, for people who have no password.

    Commits. Raises NoAddress.
    """
    user = selectors.me(actor)
    if user.address is None:
        raise NoAddress
    with transaction.atomic():
        codes.send(user, _PURPOSE, user.address, session_id=actor.session_id)


def prove(
    *, actor: Actor, leaf: Leaf, password: str = "", code: str = "", totp: str = ""
) -> Proven:
    """Prove it with the password, the code that `send_code` had mailed, or one of the authenticator app.

    Guests, who have none of these, by asking. Commits, a wrong try as well. Raises PasswordWrong, CodeInvalid,
    CodeExpired, MfaCodeInvalid, ProofMissing, SessionRevoked, and Unavailable when too many passwords are being hashed.
    """
    user = selectors.me(actor)
    if totp:
        return _by_totp(actor, user, totp, leaf)
    if code:
        return _by_code(actor, user, code, leaf)
    if password:
        return _by_password(actor, user, password, leaf)
    if not user.is_guest:
        raise ProofMissing
    return _proven(actor, user, "guest", leaf)


def _by_password(actor: Actor, user: User, password: str, leaf: Leaf) -> Proven:
    if not passwords.matches(password, user):
        security.warning("proof failed", user=str(actor.id), method="password")
        raise PasswordWrong
    return _proven(actor, user, "password", leaf)


def _by_code(actor: Actor, user: User, code: str, leaf: Leaf) -> Proven:
    with transaction.atomic():
        if codes.spend(actor.id, _PURPOSE, code, session_id=actor.session_id):
            return _proven(actor, user, "code", leaf)
    raise CodeInvalid


def _by_totp(actor: Actor, user: User, totp: str, leaf: Leaf) -> Proven:
    if not second_step.passes(user_id=user.pk, code=totp):
        security.warning("proof failed", user=str(actor.id), method="totp")
        raise MfaCodeInvalid
    return _proven(actor, user, "totp", leaf)


def _proven(actor: Actor, user: User, method: str, leaf: Leaf) -> Proven:
    """Note the proof at the session, and say so in a token of the same leaf.

    Of the same leaf, because a newer one may be on its way to a phone that never received it: a token of that would
    confirm what nobody holds.
    """
    now = timezone.now()
    standing = Session.objects.of(actor.id).live().filter(pk=actor.session_id)
    if not standing.update(auth_time=now):
        raise SessionRevoked
    access, expires_in = tokens.access_of(standing.get(), leaf.generation, leaf.digest, now)
    security.info("proven again", user=str(user.pk), session=str(actor.session_id), method=method)
    return Proven(access, expires_in)
