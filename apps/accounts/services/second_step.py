"""The second step: an authenticator app, and a list of codes for the day it is lost.

A code is spent by being right. Nothing here is asked of somebody who signs in with a passkey: their device has asked
them already.
"""

import re
import secrets
import uuid
from dataclasses import dataclass

import pyotp
import structlog
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts import keys
from apps.accounts.errors import GuestAccount, MfaAlreadyOn, MfaCodeInvalid, MfaNotEnrolled, MfaOff
from apps.accounts.models import RecoveryCode, Session, Totp, User
from apps.accounts.services import notices
from apps.accounts.services.sessions import end_all_of
from apps.core import crypto
from apps.core.actors import Actor
from apps.core.models import AuditEvent

security = structlog.stdlib.get_logger("security")

# RFC 6238: six digits, SHA-1, 30 seconds. What every authenticator app supports.
STEP_SECONDS = 30
# Clocks of phones go wrong: one step to either side.
_SKEW = 1
RECOVERY_CODES = 10
# Without letters that look alike; ten of them are 49 bits.
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_LENGTH = 10


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app needs, in base32 and as the URI of a QR code."""

    secret: str
    uri: str


def enrol(*, actor: Actor) -> Enrolment:
    """Make a seed for an authenticator app; asked again before it was confirmed, another one takes its place.

    Commits. Raises MfaAlreadyOn, GuestAccount.
    """
    seed = pyotp.random_base32()
    with transaction.atomic():
        user = _holding(actor)
        if user.is_guest:
            raise GuestAccount
        if Totp.objects.of(user.pk).confirmed().exists():
            raise MfaAlreadyOn
        Totp.objects.of(user.pk).delete()
        totp = Totp(user=user)
        totp.sealed_seed = crypto.seal(seed, row=totp.seal)
        totp.save(force_insert=True)
    uri = pyotp.TOTP(seed).provisioning_uri(
        name=user.address or str(user.pk), issuer_name=settings.PROJECT_NAME
    )
    return Enrolment(seed, uri)


def confirm(*, actor: Actor, code: str) -> list[str]:
    """Turn the second step on with a first code from the app, and return the recovery codes, which are shown this once.

    Commits; the owner is told by mail. Raises MfaCodeInvalid, MfaNotEnrolled, and MfaAlreadyOn (after a lost answer:
    make new recovery codes).
    """
    with transaction.atomic():
        user = _holding(actor)
        totp = Totp.objects.of(user.pk).first()
        if totp is None:
            raise MfaNotEnrolled
        if totp.confirmed_at is not None:
            raise MfaAlreadyOn
        if not _spend(totp, code):
            raise MfaCodeInvalid
        Totp.objects.of(user.pk).update(confirmed_at=timezone.now(), updated_at=Now())
        security.info("second step on", user=str(user.pk))
        notices.tell(user, "totp_on")
        return _new_codes(user)


def disable(*, actor: Actor) -> None:
    """Turn the second step off, with all recovery codes; nothing happens where it is off. Commits."""
    with transaction.atomic():
        user = _holding(actor)
        was_on = Totp.objects.of(user.pk).confirmed().exists()
        Totp.objects.of(user.pk).delete()
        RecoveryCode.objects.of(user.pk).delete()
        if was_on:
            security.warning("second step off", user=str(user.pk))
            notices.tell(user, "totp_off")


def disable_for(*, user_id: uuid.UUID, by: uuid.UUID) -> bool:
    """Turn off the second step of somebody who lost it, on a member of staff's word, and sign them out everywhere.

    Whoever has their sessions and not their phone is out as well. The owner is told by mail. Tells whether it was on.
    Commits, with a line in the audit log; announces `session_ended`.
    """
    with transaction.atomic():
        user = User.objects.held().get(pk=user_id)
        was_on = is_on(user_id=user_id)
        Totp.objects.of(user_id).delete()
        RecoveryCode.objects.of(user_id).delete()
        if was_on:
            end_all_of(user_id=user_id, reason=Session.End.ENDED_BY_STAFF)
            AuditEvent.objects.note("turned the second step off", user, by=by)
            security.warning("second step off", user=str(user_id), by=str(by))
            notices.tell(user, "totp_off")
    return was_on


def renew_recovery_codes(*, actor: Actor) -> list[str]:
    """Return new recovery codes; the earlier ones are void. Commits; raises MfaOff."""
    with transaction.atomic():
        user = _holding(actor)
        if not is_on(user_id=user.pk):
            raise MfaOff
        security.info("recovery codes made", user=str(user.pk))
        notices.tell(user, "recovery_codes_made")
        return _new_codes(user)


def is_on(*, user_id: uuid.UUID) -> bool:
    """Tell whether a second step is asked of somebody at sign-in."""
    return Totp.objects.of(user_id).confirmed().exists()


def passes(*, user_id: uuid.UUID, code: str) -> bool:
    """Tell whether a code of the app or of the list is right, and spend it. Commits, or joins the caller's transaction.

    How often may be tried is for the caller to count.
    """
    with transaction.atomic():
        if re.fullmatch(r"[0-9]{6}", code):
            totp = Totp.objects.of(user_id).confirmed().select_for_update().first()
            return totp is not None and _spend(totp, code)
        return _spend_recovery_code(user_id, code)


def _holding(actor: Actor) -> User:
    """Return the actor's account: one change of its second step at a time."""
    assert actor.id  # noqa: S101 - the operations let nobody else in
    return User.objects.held().get(pk=actor.id)


def _spend(totp: Totp, code: str) -> bool:
    try:
        generator = pyotp.TOTP(crypto.open_sealed(bytes(totp.sealed_seed), row=totp.seal))
    except crypto.Undecipherable:
        security.error("seed can't be opened", user=str(totp.user_id))
        return False
    now = int(timezone.now().timestamp()) // STEP_SECONDS
    for step in range(now - _SKEW, now + _SKEW + 1):
        right = secrets.compare_digest(generator.generate_otp(step), code)
        if right and step > totp.last_step:
            Totp.objects.filter(pk=totp.pk).update(last_step=step, updated_at=Now())
            return True
    return False


def _spend_recovery_code(user_id: uuid.UUID, code: str) -> bool:
    wanted = keys.recovery_hash(user_id, re.sub(r"[\s-]", "", code).lower())
    left = RecoveryCode.objects.of(user_id).unused().filter(code_hash=wanted)
    if not left.update(used_at=timezone.now(), updated_at=Now()):
        return False
    security.warning("recovery code used", user=str(user_id))
    notices.tell(User.objects.get(pk=user_id), "recovery_code_used")
    return True


def _new_codes(user: User) -> list[str]:
    RecoveryCode.objects.of(user.pk).delete()
    codes = [
        "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)) for _ in range(RECOVERY_CODES)
    ]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user=user, code_hash=keys.recovery_hash(user.pk, code)) for code in codes
    )
    return [f"{code[:5]}-{code[5:]}" for code in codes]
