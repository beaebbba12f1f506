"""A new password: for whoever forgot the old one, and for whoever wants another."""

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from apps.accounts import selectors, tasks
from apps.accounts.errors import CodeInvalid, PasswordWrong
from apps.accounts.models import (
    Challenge,
    EmailCode,
    Identity,
    Passkey,
    RecoveryCode,
    Session,
    Totp,
    User,
)
from apps.accounts.services import addresses, codes, passwords, sessions
from apps.core import jobs
from apps.core.actors import Actor
from apps.core.errors import ReauthRequired
from apps.core.ids import new_id

security = structlog.stdlib.get_logger("security")

_PURPOSE = EmailCode.Purpose.RESET_PASSWORD


def forgot(*, email: str) -> None:
    """Have a code mailed to the account at an address; the same happens, but for the mail, where there is none.

    Commits.
    """
    with transaction.atomic():
        codes.send_to(email, _PURPOSE)


def reset(*, email: str, code: str, password: str) -> None:
    """Set a new password with the code that `forgot` had mailed, and sign the person out everywhere.

    The code also proves the address. Commits, a wrong try as well. Raises Invalid for a weak password, CodeInvalid,
    CodeExpired, AddressTaken when another account proved the address in the meantime, and Unavailable.
    """
    passwords.judge(password, email=email)
    # Before the code is looked at, so that a right one takes no longer than a wrong one.
    hashed = passwords.hashed(password)
    with transaction.atomic():
        right = codes.spend_at(email, _PURPOSE, code)
        if right:
            spent, user = right
            if user.email is None:
                addresses.prove(spent)
                _close_other_ways(user)
            _set(user, hashed)
            sessions.end_all_of(user_id=user.pk, reason=Session.End.PASSWORD_CHANGED)
            security.warning("password reset", user=str(user.pk))
            return
    raise CodeInvalid


def change(*, actor: Actor, password: str, current_password: str | None = None) -> None:
    """Set a new password and sign the person out everywhere but here.

    The current password is asked for, or a recent proof: somebody who signs in by other means has none. Asking again
    with the same new password changes nothing. Commits. Raises PasswordWrong, ReauthRequired, Invalid for a weak
    password, and Unavailable.
    """
    user = selectors.me(actor)
    if current_password is None:
        if not actor.proven_within(settings.FRESH_PROOF_SECONDS):
            raise ReauthRequired
    elif not passwords.matches(current_password, user):
        if passwords.matches(password, user):
            # The answer to the first request was lost.
            return
        security.warning("proof failed", user=str(user.pk), method="password")
        raise PasswordWrong
    passwords.judge(password, email=user.address or "", display_name=user.display_name)
    hashed = passwords.hashed(password)
    with transaction.atomic():
        _set(user, hashed)
        others = selectors.sessions_of(actor).exclude(pk=actor.session_id)
        sessions.end(others, Session.End.PASSWORD_CHANGED)
    security.warning("password changed", user=str(user.pk))


def _close_other_ways(user: User) -> None:
    """Leave nothing good that was set up before the address was proven: perhaps by somebody who only claimed it."""
    for way in (Passkey, Totp, RecoveryCode, Identity):
        way.objects.of(user.pk).delete()


def _set(user: User, hashed: str) -> None:
    """Replace the password that was looked at; whoever replaced it first has won."""
    unchanged = User.objects.filter(pk=user.pk, password=user.password)
    if not unchanged.update(password=hashed, updated_at=Now()):
        raise PasswordWrong
    codes.forget(user.pk)
    # Whoever passed the first step with the old password gets no further.
    Challenge.objects.of(user.pk).delete()
    jobs.enqueue(tasks.send_password_notice, user_id=user.pk, notice_id=new_id())
